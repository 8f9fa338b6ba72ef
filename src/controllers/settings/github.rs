//! Linking and unlinking the GitHub account of the current user.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::account::{AccountFormValues, respond};
use super::{redirect_saved, require_reauthentication};
use crate::controllers::concerns::github_oauth::{Intent, Visit, begin, door};
use crate::controllers::concerns::sign_in::origin;
use crate::controllers::errors::told;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page, see_other};
use crate::error::{Error, Result};
use crate::models::auth::github_account::Account;
use crate::models::auth::security_event;
use crate::models::auth::security_event::Kind;
use crate::models::auth::session;
use crate::models::user::User;
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
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<GithubInput>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, asked, request, current, input).await;
    }
    door(&app)?;
    let typed = &input.fields.github_password;
    let redirect =
        match require_reauthentication(&app, &request, &current, typed, "github_password").await {
            Ok(()) => redirect_to_github(
                &app,
                &asked,
                &request,
                &current,
                Intent::Join,
                input.is_json,
            ),
            Err(error) => Err(error),
        };
    let typed = AccountFormValues::default();
    respond(&app, &asked, &current, &typed, input.is_json, redirect).await
}

/// `POST /settings/github/confirmation`: reauthenticates users without a password at GitHub.
pub async fn reauthenticate(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<GithubInput>,
) -> Result<HttpResponse> {
    door(&app)?;
    let is_json = input.is_json;
    redirect_to_github(&app, &asked, &request, &current, Intent::Confirm, is_json)
}

/// `DELETE /settings/github`
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<GithubInput>,
) -> Result<HttpResponse> {
    door(&app)?;
    let unlinked = unlink(&app, &request, &current, &input.fields).await;
    let unlinked =
        unlinked.map(|()| redirect_saved(&asked, input.is_json, "account", "github-left"));
    let typed = AccountFormValues::default();
    respond(&app, &asked, &current, &typed, input.is_json, unlinked).await
}

async fn unlink(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    typed: &GithubInput,
) -> Result<()> {
    let (user_id, origin) = (current.user.id, origin(request));
    let read = app.database.run(move |conn| User::ways_in(conn, user_id));
    if !read.await?.has_another() {
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
        User::leave_github(conn, user_id)?;
        security_event::record(conn, Kind::GitHubLeft, user_id, &origin)
    });
    write.await
}

/// Redirects to GitHub with a page, because the CSP (`form-action`) forbids forms to redirect to other sites.
fn redirect_to_github(
    app: &App,
    asked: &Asked,
    request: &HttpRequest,
    current: &CurrentSession,
    intent: Intent,
    is_json: bool,
) -> Result<HttpResponse> {
    let visit = Visit::of_session(app, intent, &current.key_hash)?;
    let redirect = begin(app, request, &visit)?;
    let mut response = if is_json || asked.wants_json {
        let location = redirect.address;
        HttpResponse::Ok().json(RedirectLocation { location })
    } else {
        let refresh = format!("0;url={}", redirect.address);
        let view = RedirectPage {
            page: Page::signed_out(asked.look()),
            address: redirect.address,
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
    account: Result<Account>,
) -> Result<HttpResponse> {
    let (account, user_id) = (account?, current.user.id);
    let (key_hash, origin) = (current.key_hash.clone(), origin(request));
    let write = app.database.write(move |conn| {
        User::join_github(conn, user_id, &account)?;
        // The session may have ended meanwhile.
        session::find_live(conn, &key_hash)?.ok_or(Error::Unauthorized)?;
        session::confirm(conn, &key_hash)?;
        security_event::record(conn, Kind::GitHubJoined, user_id, &origin)
    });
    write.await?;
    Ok(see_other("/settings/account?saved=github#github"))
}

/// Handles the return from GitHub: confirms the identity for this session.
pub(crate) async fn confirm(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    account: Result<Account>,
) -> Result<HttpResponse> {
    let (account, user_id) = (account?, current.user.id);
    let (key_hash, origin) = (current.key_hash.clone(), origin(request));
    let write = app.database.write(move |conn| {
        let owner = User::with_github(conn, &account)?;
        if owner.is_none_or(|owner| owner.id != user_id) {
            return Err(Error::ForbiddenBecause("error-github-not-yours".into()));
        }
        session::confirm(conn, &key_hash)?;
        security_event::record(conn, Kind::GitHubConfirmed, user_id, &origin)
    });
    write.await?;
    Ok(see_other("/settings/account?saved=confirmed#github"))
}

/// Renders the account page with the error.
pub(crate) async fn show_error(
    app: &App,
    asked: &Asked,
    current: &CurrentSession,
    error: &Error,
) -> Result<HttpResponse> {
    let (status, sentence) = told(error);
    let failure = Err(Error::field("github", sentence));
    let typed = AccountFormValues::default();
    let mut response = respond(app, asked, current, &typed, false, failure).await?;
    *response.status_mut() = status;
    Ok(response)
}
