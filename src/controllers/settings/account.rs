//! Number, password, and going. The page is shared by their forms.

use actix_session::Session;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{Mistakes, Saved, frame, require_proof, unprocessable};
use crate::controllers::accounts::registration_form::phone_region;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, redirect_or_no_content, page};
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::user::User;
use crate::views::layout::Page;
use crate::views::pages::settings::{AccountForm, AccountPage, FarewellPage, Proof};

/// What was typed into any of the page's forms; never a password.
#[derive(Default)]
pub(super) struct Typed {
    pub phone: String,
    pub region: String,
    pub confirm: String,
}

/// What the form of whoever goes sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    confirm: String,
    delete_password: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// `GET /settings/account`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    query: Query<Saved>,
) -> Result<HttpResponse> {
    let typed = Typed::default();
    shown(&app, &context, &current, &typed, query.into_inner(), &[]).await
}

async fn shown(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: &Typed,
    saved: Saved,
    mistakes: Mistakes<'_>,
) -> Result<HttpResponse> {
    let (user, key_hash) = (&current.user, current.key_hash.clone());
    let user_id = user.id;
    let read = app.database.read(move |conn| {
        let login_methods = User::login_methods(conn, user_id)?;
        Ok((login_methods, session::is_confirmed_by_github(conn, &key_hash)?))
    });
    let (login_methods, is_confirmed) = read.await?;
    let region = phone_region(app, context, &typed.region);
    let view = AccountPage {
        frame: frame(app, context, user, "account", saved, mistakes).await?,
        username: user.username.clone(),
        proof: match login_methods.has_password {
            true => Proof::Password,
            false if is_confirmed => Proof::Confirmed,
            false => Proof::GitHub,
        },
        has_github: app.github.is_some(),
        github: login_methods.github,
        phone: login_methods.phone,
        form: AccountForm {
            phone: &typed.phone,
            region: &region,
            confirm: &typed.confirm,
        },
        regions: &app.accounts.regions,
        erases: app.accounts.erases_messages,
    };
    page(app, &view)
}

/// What a form of the page is answered: `Ok` leads on; mistakes stand beside their fields.
pub(super) async fn answer(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: &Typed,
    is_json: bool,
    result: Result<HttpResponse>,
) -> Result<HttpResponse> {
    match result {
        Err(Error::Invalid(fields)) if !is_json && !context.wants_json => {
            let page = shown(app, context, current, typed, Saved::default(), &fields).await;
            page.map(unprocessable)
        }
        other => other,
    }
}

/// `POST /settings/account` with `_method=delete`
pub async fn destroy_by_form(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    session: Session,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => destroy(app, context, request, current, session, input).await,
        _ => Err(Error::MethodNotAllowed),
    }
}

/// `DELETE /settings/account`: with `delete_password`, and my name as `confirm`.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    session: Session,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    let gone = match go(&app, &request, &current, &input.fields).await {
        // Another request has deleted the account meanwhile.
        Err(Error::NotFound) => Err(Error::Unauthorized),
        gone => gone.map(|()| {
            session.purge();
        redirect_or_no_content(&context, input.is_json, "/farewell")
        }),
    };
    let typed = Typed {
        confirm: input.fields.confirm,
        ..Typed::default()
    };
    answer(&app, &context, &current, &typed, input.is_json, gone).await
}

async fn go(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    typed: &Fields,
) -> Result<()> {
    let user = &current.user;
    if typed.confirm.trim() != user.username {
        return Err(Error::field("confirm", "error-confirm-username"));
    }
    require_proof(
        app,
        request,
        current,
        &typed.delete_password,
        "delete_password",
    )
    .await?;
    let (user_id, erases) = (user.id, app.accounts.erases_messages);
    let write = app
        .database
        .write(move |conn| User::delete(conn, user_id, erases));
    write.await?;
    app.database.request_wal_truncation();
    app.realtime.poll_now();
    app.account_deleted.notify_one();
    Ok(())
}

/// `GET /farewell`
pub async fn farewell(app: Data<App>, context: RequestContext) -> Result<HttpResponse> {
    let page_of = Page::signed_out(context.display_preferences());
    page(&app, &FarewellPage { page: page_of })
}
