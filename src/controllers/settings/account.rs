//! The account page, shared by the forms for phone number, password, GitHub and deletion; deletes the account.

use actix_session::Session;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{FieldErrors, SavedQuery, require_reauthentication, settings_layout, unprocessable};
use crate::controllers::accounts::registration_form::phone_region;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, redirect_or_no_content};
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::user::User;
use crate::views::layout::Page;
use crate::views::pages::settings::{
    AccountDeletedPage, AccountForm, AccountPage, Reauthentication,
};

/// Submitted values of the page's forms, without passwords.
#[derive(Default)]
pub(super) struct AccountFormValues {
    pub phone: String,
    pub region: String,
    pub confirm: String,
}

/// Fields of `DELETE /settings/account`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AccountDeletionInput {
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
    query: Query<SavedQuery>,
) -> Result<HttpResponse> {
    let typed = AccountFormValues::default();
    render(&app, &context, &current, &typed, query.into_inner(), &[]).await
}

async fn render(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: &AccountFormValues,
    saved: SavedQuery,
    errors: FieldErrors<'_>,
) -> Result<HttpResponse> {
    let (user, key_hash) = (&current.user, current.key_hash.clone());
    let user_id = user.id;
    let read = app.database.read(move |conn| {
        let login_methods = User::login_methods(conn, user_id)?;
        Ok((
            login_methods,
            session::is_confirmed_by_github(conn, &key_hash)?,
        ))
    });
    let (login_methods, is_confirmed) = read.await?;
    let region = phone_region(app, context, &typed.region);
    let view = AccountPage {
        layout: settings_layout(app, context, user, "account", saved, errors).await?,
        username: user.username.clone(),
        proof: match login_methods.has_password {
            true => Reauthentication::Password,
            false if is_confirmed => Reauthentication::Confirmed,
            false => Reauthentication::GitHub,
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
        erases_messages: app.accounts.erases_messages,
    };
    page(app, &view)
}

/// Returns the result of a form, or renders the page with 422 when fields are invalid.
pub(super) async fn respond(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: &AccountFormValues,
    is_json: bool,
    result: Result<HttpResponse>,
) -> Result<HttpResponse> {
    match result {
        Err(Error::Invalid(fields)) if !is_json && !context.wants_json => {
            let page = render(app, context, current, typed, SavedQuery::default(), &fields).await;
            page.map(unprocessable)
        }
        other => other,
    }
}

/// `POST /settings/account` with `_method=delete`
pub async fn destroy_via_post(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    session: Session,
    input: FormOrJson<AccountDeletionInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => destroy(app, context, request, current, session, input).await,
        _ => Err(Error::MethodNotAllowed),
    }
}

/// `DELETE /settings/account`: with `delete_password`, and the username as `confirm`.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    session: Session,
    input: FormOrJson<AccountDeletionInput>,
) -> Result<HttpResponse> {
    let deleted = match delete_account(&app, &request, &current, &input.fields).await {
        // Another request has deleted the account meanwhile.
        Err(Error::NotFound) => Err(Error::Unauthorized),
        gone => gone.map(|()| {
            session.purge();
            redirect_or_no_content(&context, input.is_json, "/farewell")
        }),
    };
    let typed = AccountFormValues {
        confirm: input.fields.confirm,
        ..AccountFormValues::default()
    };
    respond(&app, &context, &current, &typed, input.is_json, deleted).await
}

async fn delete_account(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    typed: &AccountDeletionInput,
) -> Result<()> {
    let user = &current.user;
    if typed.confirm.trim() != user.username {
        return Err(Error::field("confirm", "error-confirm-username"));
    }
    require_reauthentication(
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
pub async fn account_deleted(app: Data<App>, context: RequestContext) -> Result<HttpResponse> {
    let layout = Page::signed_out(context.display_preferences());
    page(&app, &AccountDeletedPage { page: layout })
}
