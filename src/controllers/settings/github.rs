//! Linking and unlinking the GitHub account of the current user.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::account::{AccountFormValues, respond};
use super::{redirect_saved, require_reauthentication};
use crate::controllers::concerns::github_oauth;
use crate::controllers::concerns::github_oauth::{Intent, OAuthState, start};
use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::errors::status_and_message;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, see_other};
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::auth::session;
use crate::models::user::User;
use crate::models::values::github_account::GithubAccount;
use crate::views::layout::Page;
use crate::views::pages::settings::RedirectPage;

/// Fields of `/settings/github`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct GithubInput {
    github_password: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// JSON response instead of a redirect.
#[derive(Serialize)]
struct RedirectLocation {
    location: String,
}

/// `POST /settings/github`: starts linking an account; with `_method=delete` unlinks it.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<GithubInput>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, context, request, current, input).await;
    }
    github_oauth::require_enabled(&app)?;
    let typed = &input.fields.github_password;
    let redirect =
        match require_reauthentication(&app, &request, &current, typed, "github_password").await {
            Ok(()) => redirect_to_github(
                &app,
                &context,
                &request,
                &current,
                Intent::Link,
                input.is_json,
            ),
            Err(error) => Err(error),
        };
    let typed = AccountFormValues::default();
    respond(&app, &context, &current, &typed, input.is_json, redirect).await
}

/// `POST /settings/github/confirmation`: reauthenticates users without a password at GitHub.
pub async fn reauthenticate(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<GithubInput>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let is_json = input.is_json;
    redirect_to_github(&app, &context, &request, &current, Intent::Confirm, is_json)
}

/// `DELETE /settings/github`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<GithubInput>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let unlinked = unlink(&app, &request, &current, &input.fields).await;
    let unlinked =
        unlinked.map(|()| redirect_saved(&context, input.is_json, "account", "github-left"));
    let typed = AccountFormValues::default();
    respond(&app, &context, &current, &typed, input.is_json, unlinked).await
}

async fn unlink(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    typed: &GithubInput,
) -> Result<()> {
    let (user_id, client) = (current.user.id, client_info(request));
    let read = app
        .database
        .read(move |conn| User::login_methods(conn, user_id));
    if !read.await?.allows_password_login() {
        return Err(Error::field("github", "error-github-last"));
    }
    require_reauthentication(
        app,
        request,
        current,
        &typed.github_password,
        "github_password",
    )
    .await?;
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
    request: &HttpRequest,
    current: &CurrentSession,
    intent: Intent,
    is_json: bool,
) -> Result<HttpResponse> {
    let state = OAuthState::for_session(app, intent, &current.key_hash)?;
    let redirect = start(app, request, &state)?;
    let mut response = if is_json || context.wants_json {
        let location = redirect.url;
        HttpResponse::Ok().json(RedirectLocation { location })
    } else {
        let refresh = format!("0;url={}", redirect.url);
        let view = RedirectPage {
            page: Page::signed_out(context.display_preferences()),
            address: redirect.url,
        };
        let mut response = page(app, &view)?;
        let refresh = header::HeaderValue::from_str(&refresh).map_err(Error::internal)?;
        response.headers_mut().insert(header::REFRESH, refresh);
        response
    };
    response
        .add_cookie(&redirect.cookie)
        .map_err(Error::internal)?;
    Ok(response)
}

/// Handles the return from GitHub: links the account.
pub(crate) async fn link(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    account: Result<GithubAccount>,
) -> Result<HttpResponse> {
    let (account, user_id) = (account?, current.user.id);
    let (key_hash, client) = (current.key_hash.clone(), client_info(request));
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
    request: &HttpRequest,
    current: &CurrentSession,
    account: Result<GithubAccount>,
) -> Result<HttpResponse> {
    let (account, user_id) = (account?, current.user.id);
    let (key_hash, client) = (current.key_hash.clone(), client_info(request));
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
    let typed = AccountFormValues::default();
    let mut response = respond(app, context, current, &typed, false, failure).await?;
    *response.status_mut() = status;
    Ok(response)
}
