//! The account page, shared by the forms for phone number, password, GitHub and deletion; deletes the account.

use actix_session::Session;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{FieldErrors, SavedQuery, require_reauthentication, settings_layout, unprocessable};
use crate::controllers::accounts::users;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, done, page};
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
    asked: Asked,
    current: CurrentSession,
    query: Query<SavedQuery>,
) -> Result<HttpResponse> {
    let typed = AccountFormValues::default();
    render(&app, &asked, &current, &typed, query.into_inner(), &[]).await
}

async fn render(
    app: &App,
    asked: &Asked,
    current: &CurrentSession,
    typed: &AccountFormValues,
    saved: SavedQuery,
    errors: FieldErrors<'_>,
) -> Result<HttpResponse> {
    let (user, key_hash) = (&current.user, current.key_hash.clone());
    let user_id = user.id;
    let read = app.database.run(move |conn| {
        let ways_in = User::ways_in(conn, user_id)?;
        Ok((ways_in, session::is_confirmed(conn, &key_hash)?))
    });
    let (ways_in, is_confirmed) = read.await?;
    let region = users::region(app, asked, &typed.region);
    let view = AccountPage {
        layout: settings_layout(app, asked, user, "account", saved, errors).await?,
        username: user.username.clone(),
        proof: match ways_in.has_password {
            true => Reauthentication::Password,
            false if is_confirmed => Reauthentication::Confirmed,
            false => Reauthentication::GitHub,
        },
        has_github: app.github.is_some(),
        github: ways_in.github,
        phone: ways_in.phone,
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
    asked: &Asked,
    current: &CurrentSession,
    typed: &AccountFormValues,
    is_json: bool,
    result: Result<HttpResponse>,
) -> Result<HttpResponse> {
    match result {
        Err(Error::Invalid(fields)) if !is_json && !asked.wants_json => {
            let page = render(app, asked, current, typed, SavedQuery::default(), &fields).await;
            page.map(unprocessable)
        }
        other => other,
    }
}

/// `POST /settings/account` with `_method=delete`
pub async fn destroy_via_post(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    session: Session,
    input: FormOrJson<AccountDeletionInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => destroy(app, asked, request, current, session, input).await,
        _ => Err(Error::MethodNotAllowed),
    }
}

/// `DELETE /settings/account`: with `delete_password`, and the username as `confirm`.
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    session: Session,
    input: FormOrJson<AccountDeletionInput>,
) -> Result<HttpResponse> {
    let deleted = delete_account(&app, &request, &current, &input.fields)
        .await
        .map(|()| {
            session.purge();
            done(&asked, input.is_json, "/farewell")
        });
    let typed = AccountFormValues {
        confirm: input.fields.confirm,
        ..AccountFormValues::default()
    };
    respond(&app, &asked, &current, &typed, input.is_json, deleted).await
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
    app.database.erase_traces();
    app.live.look_now();
    app.account_deleted.notify_one();
    Ok(())
}

/// `GET /farewell`
pub async fn account_deleted(app: Data<App>, asked: Asked) -> Result<HttpResponse> {
    let layout = Page::signed_out(asked.look());
    page(&app, &AccountDeletedPage { page: layout })
}
