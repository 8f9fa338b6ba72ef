//! Whether GitHub opens the door to me.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::account::{Typed, answer};
use super::{require_proof, saved};
use crate::controllers::concerns::github_oauth;
use crate::controllers::concerns::github_oauth::{Intent, OAuthState, start};
use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::errors::status_and_message;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, see_other};
use crate::error::{Error, Result};
use crate::models::values::github_account::GithubAccount;
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::auth::session;
use crate::models::user::User;
use crate::views::layout::Page;
use crate::views::pages::settings::LeavingPage;

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    github_password: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// Where somebody goes who asked in JSON.
#[derive(Serialize)]
struct Location {
    location: String,
}

/// `POST /settings/github`: begins to join; with `_method=delete` it leaves.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, context, request, current, input).await;
    }
    github_oauth::require_enabled(&app)?;
    let typed = &input.fields.github_password;
    let redirect = match require_proof(&app, &request, &current, typed, "github_password").await {
        Ok(()) => leave_for(
            &app,
            &context,
            &request,
            &current,
            Intent::Link,
            input.is_json,
        ),
        Err(error) => Err(error),
    };
    let typed = Typed::default();
    answer(&app, &context, &current, &typed, input.is_json, redirect).await
}

/// `POST /settings/github/confirmation`: GitHub says once more who I am, for those who have no password to type.
pub async fn again(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let is_json = input.is_json;
    leave_for(&app, &context, &request, &current, Intent::Confirm, is_json)
}

/// `DELETE /settings/github`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let left = leave(&app, &request, &current, &input.fields).await;
    let left = left.map(|()| saved(&context, input.is_json, "account", "github-left"));
    let typed = Typed::default();
    answer(&app, &context, &current, &typed, input.is_json, left).await
}

async fn leave(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    typed: &Fields,
) -> Result<()> {
    let (user_id, client) = (current.user.id, client_info(request));
    let read = app.database.read(move |conn| User::login_methods(conn, user_id));
    if !read.await?.allows_password_login() {
        return Err(Error::field("github", "error-github-last"));
    }
    require_proof(
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

/// A form may lead to no other site (`form-action`), so a page of ours does.
fn leave_for(
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
        HttpResponse::Ok().json(Location { location })
    } else {
        let refresh = format!("0;url={}", redirect.url);
        let view = LeavingPage {
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

/// Back from GitHub, which from now on opens the door.
pub(crate) async fn join(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    account: Result<GithubAccount>,
) -> Result<HttpResponse> {
    let (account, user_id) = (account?, current.user.id);
    let (key_hash, client) = (current.key_hash.clone(), client_info(request));
    let write = app.database.write(move |conn| {
        User::link_github(conn, user_id, &account)?;
        // Not if they were signed out meanwhile.
        session::find_active(conn, &key_hash)?.ok_or(Error::Unauthorized)?;
        session::confirm_by_github(conn, &key_hash)?;
        security_event::record(conn, SecurityEventKind::GitHubLinked, user_id, &client)
    });
    write.await?;
    Ok(see_other("/settings/account?saved=github#github"))
}

/// Back from GitHub, which said again who it is.
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

/// The page again, with what did not work out.
pub(crate) async fn refused(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    error: &Error,
) -> Result<HttpResponse> {
    let (status, sentence) = status_and_message(error);
    let mistake = Err(Error::field("github", sentence));
    let typed = Typed::default();
    let mut response = answer(app, context, current, &typed, false, mistake).await?;
    *response.status_mut() = status;
    Ok(response)
}
