//! Linking and unlinking the GitHub account of the current user.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use serde_json::json;

use super::account::respond;
use super::reauthentication::require_reauthentication;
use super::redirect_saved;
use crate::controllers::concerns::github_oauth::{self, Intent, OAuthState, start};
use crate::controllers::errors::status_and_message;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, see_other, signed_out_page, with_cookie, with_status};
use crate::error::{Error, Result};
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::auth::session;
use crate::models::user::User;
use crate::models::values::github_account::GithubAccount;
use crate::views::pages::settings::{AccountForm, RedirectPage};

/// `POST /settings/github`: starts linking an account.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    FormOrJson(typed): FormOrJson<AccountForm>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let password = &typed.github_password;
    let redirect = require_reauthentication(&app, &context, &current, password, "github_password")
        .await
        .and_then(|()| redirect_to_github(&app, &context, &current, Intent::Link));
    respond(&app, &context, &current, typed, redirect).await
}

/// `POST /settings/github/confirmation`: reauthenticates users without a password at GitHub.
pub async fn reauthenticate(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    _: FormOrJson<AccountForm>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    redirect_to_github(&app, &context, &current, Intent::Confirm)
}

/// `DELETE /settings/github`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    FormOrJson(typed): FormOrJson<AccountForm>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let unlinked = unlink(&app, &context, &current, &typed.github_password).await;
    let unlinked = unlinked.map(|()| redirect_saved(&context, "account", "github-left"));
    respond(&app, &context, &current, typed, unlinked).await
}

async fn unlink(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    password: &str,
) -> Result<()> {
    let (user_id, client) = (current.user.id, context.client.clone());
    let read = app
        .database
        .read(move |conn| User::login_methods(conn, user_id));
    if !read.await?.allows_password_login() {
        return Err(Error::field("github", "error-github-last"));
    }
    require_reauthentication(app, context, current, password, "github_password").await?;
    let write = app.database.write(move |conn| {
        User::unlink_github(conn, user_id)?;
        security_event::record(conn, SecurityEventKind::GitHubUnlinked, user_id, &client)
    });
    write.await
}

/// Redirects to GitHub with a page, because the CSP (`form-action`) forbids forms to redirect to other sites.
fn redirect_to_github(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    intent: Intent,
) -> Result<HttpResponse> {
    let state = OAuthState::for_session(app, intent, &current.key_hash);
    let redirect = start(app, context, &state)?;
    if context.expects_json() {
        let response = HttpResponse::Ok().json(json!({"location": redirect.url}));
        return with_cookie(response, &redirect.cookie);
    }
    let refresh = format!("0;url={}", redirect.url);
    let refresh = header::HeaderValue::from_str(&refresh).map_err(Error::internal)?;
    let view = RedirectPage {
        page: signed_out_page(context),
        address: redirect.url,
    };
    let mut response = page(app, &view)?;
    response.headers_mut().insert(header::REFRESH, refresh);
    with_cookie(response, &redirect.cookie)
}

/// Handles the return from GitHub: links the account.
pub(crate) async fn link(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    account: Result<GithubAccount>,
) -> Result<HttpResponse> {
    let (account, user_id) = (account?, current.user.id);
    let (key_hash, client) = (current.key_hash.clone(), context.client.clone());
    let write = app.database.write(move |conn| {
        User::link_github(conn, user_id, &account)?;
        // The session may have ended meanwhile.
        session::find_active(conn, &key_hash)?.ok_or(Error::Unauthorized)?;
        session::confirm_by_github(conn, &key_hash)?;
        security_event::record(conn, SecurityEventKind::GitHubLinked, user_id, &client)
    });
    write.await?;
    Ok(see_other("/settings/account?saved=github#github"))
}

/// Handles the return from GitHub: confirms the identity for this session.
pub(crate) async fn confirm(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    account: Result<GithubAccount>,
) -> Result<HttpResponse> {
    let (account, user_id) = (account?, current.user.id);
    let (key_hash, client) = (current.key_hash.clone(), context.client.clone());
    let write = app.database.write(move |conn| {
        let owner = User::find_by_github(conn, &account)?;
        if owner.is_none_or(|owner| owner.id != user_id) {
            return Err(Error::ForbiddenBecause("error-github-not-yours".into()));
        }
        session::confirm_by_github(conn, &key_hash)?;
        security_event::record(conn, SecurityEventKind::GitHubConfirmed, user_id, &client)
    });
    write.await?;
    Ok(see_other("/settings/account?saved=confirmed#github"))
}

/// Renders the account page with the error.
pub(crate) async fn show_error(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    error: &Error,
) -> Result<HttpResponse> {
    let (status, sentence) = status_and_message(error);
    let failure = Err(Error::field("github", sentence));
    let response = respond(app, context, current, AccountForm::default(), failure).await?;
    Ok(with_status(response, status))
}
