//! Coming in by GitHub: going there, and coming back.

use actix_session::Session;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::sessions::{Proof, issue};
use crate::controllers::accounts::login_form;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::github_oauth;
use crate::controllers::concerns::github_oauth::{
    Intent, OAuthState, callback_url, finish, removal_cookie, start,
};
use crate::controllers::concerns::sign_in::{SignInMethod, client_info, sign_in};
use crate::controllers::errors::{error_code, log_cause};
use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::client_address::client_address;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, see_other, settings};
use crate::error::{Error, Result};
use crate::models::auth::github_account::GithubRegistration;
use crate::models::values::github_account::GithubAccount;
use crate::models::auth::invite;
use crate::models::auth::rate_limit as tries;
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::user::User;
use crate::models::values::user_status::Status;

/// What somebody goes there for, and how they come on.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    client: String,
    next: String,
    invite: String,
}

/// What somebody comes back with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Brought {
    state: String,
    code: String,
    error: String,
}

/// `GET /api/oauth/github`: `?client=api` for a token; `?next=`, and `?invite=` where one is needed.
pub async fn show(
    app: Data<App>,
    request: HttpRequest,
    query: Query<Wanted>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let intent = match query.client.as_str() {
        "api" => Intent::Token,
        _ => Intent::SignIn,
    };
    let state = OAuthState::anonymous(intent, &query.next, &query.invite);
    let redirect = start(&app, &request, &state)?;
    let mut response = see_other(&redirect.url);
    response
        .add_cookie(&redirect.cookie)
        .map_err(Error::internal)?;
    Ok(response)
}

/// `GET /api/oauth/github/callback`: does what the visit was for.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    session: Session,
    current: Result<CurrentSession, Error>,
    query: Query<Brought>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let state = finish(&app, &request, &query.state).await?;
    // Only in the session in which they went.
    let current = current
        .ok()
        .filter(|current| state.belongs_to(&app, &current.key_hash));
    let done = match (state.intent, &current) {
        (Intent::SignIn | Intent::Token, _) => {
            arrive(&app, &request, &session, &state, &query).await
        }
        (Intent::Link, Some(current)) => {
            let account = recognise(&app, &request, &state, &query).await;
            settings::github::join(&app, &request, current, account).await
        }
        (Intent::Confirm, Some(current)) => {
            let account = recognise(&app, &request, &state, &query).await;
            settings::github::confirm(&app, &request, current, account).await
        }
        (Intent::Link | Intent::Confirm, None) => {
            Err(Error::ForbiddenBecause("error-github-session".into()))
        }
    };
    let mut response = match done {
        Ok(response) => response,
        Err(error) => failed(&app, &context, &state, current.as_ref(), error).await?,
    };
    response
        .add_cookie(&removal_cookie(&app))
        .map_err(Error::internal)?;
    Ok(response)
}

/// Who has come back, by GitHub's word.
async fn recognise(
    app: &App,
    request: &HttpRequest,
    state: &OAuthState,
    brought: &Brought,
) -> Result<GithubAccount> {
    match brought.error.as_str() {
        "" if !brought.code.is_empty() => {}
        "access_denied" => return Err(Error::ForbiddenBecause("error-github-denied".into())),
        _ => return Err(Error::BadRequest("error-github-code".into())),
    }
    let attempt = Attempt::begin(app, app.rate_limits.github_sign_in(client_address(request))?).await?;
    let github = &github_oauth::require_enabled(app)?.github;
    let (code, callback) = (brought.code.clone(), callback_url(request)?);
    let whose = github.fetch_user(code, &callback, state.verifier());
    let account = match whose.await {
        // Not their fault.
        Err(error @ Error::GitHubDown(_)) => {
            attempt.undo().await?;
            return Err(error);
        }
        Err(error) => {
            attempt.count();
            return Err(error);
        }
        Ok(account) => account,
    };
    attempt.succeed().await?;
    Ok(GithubAccount {
        id: account.id,
        login: account.login,
    })
}

/// Lets somebody in, who is made a person if they are none yet.
async fn arrive(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    state: &OAuthState,
    brought: &Brought,
) -> Result<HttpResponse> {
    let account = recognise(app, request, state, brought).await?;
    let device = browser_id::get_or_create(app, request)?;
    let (by_address, by_browser) = app.rate_limits.registration(client_address(request), &device.hash)?;
    let registering = [by_address, by_browser].concat();
    let arrival = GithubRegistration {
        account,
        policy: app.accounts.registration_policy,
        invite: invite::verify_token(&app.hmac_key, &state.invite),
        may_be_first: app.accounts.setup_code.is_none(),
    };
    let client = client_info(request);
    let write = app.database.write(move |conn| {
        if !User::is_github_linked(conn, &arrival.account)? {
            tries::take(conn, &registering)?;
        }
        if let Some(user) = User::find_by_github(conn, &arrival.account)? {
            return match user.status {
                Status::Active => Ok(user),
                _ => Err(Error::ForbiddenBecause("error-github-banned".into())),
            };
        }
        let user = User::register_with_github(conn, &arrival)?;
        security_event::record(conn, SecurityEventKind::Registered, user.id, &client)?;
        Ok(user)
    });
    let user = write.await?;
    if state.intent == Intent::SignIn {
        return sign_in(app, request, session, &user, SignInMethod::Github, &state.next).await;
    }
    let token = issue(app, request, &user, Proof::GitHub).await?;
    let fields = [("token", &*token.token), ("expires_at", &*token.expires_at)];
    lead_program(app, &fields)
}

/// Programs go on at an address of their own.
fn lead_program(app: &App, fields: &[(&str, &str)]) -> Result<HttpResponse> {
    let back = &github_oauth::require_enabled(app)?.client_callback;
    let query = serde_html_form::to_string(fields).map_err(Error::internal)?;
    let joint = if back.contains('?') { '&' } else { '?' };
    Ok(HttpResponse::TemporaryRedirect()
        .insert_header((header::LOCATION, format!("{back}{joint}{query}")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// What somebody sees when it did not work out: the page that they came from, with a sentence; a program an `error`.
async fn failed(
    app: &App,
    context: &RequestContext,
    state: &OAuthState,
    current: Option<&CurrentSession>,
    error: Error,
) -> Result<HttpResponse> {
    let is_told = matches!(
        error,
        Error::BadRequest(_)
            | Error::ForbiddenBecause(_)
            | Error::Unauthorized
            | Error::GitHubDown(_)
            | Error::RateLimited { .. }
    );
    if !is_told || (context.wants_json && state.intent != Intent::Token) {
        return Err(error);
    }
    log_cause(&error, context);
    match (state.intent, current) {
        (Intent::Token, _) => lead_program(app, &[("error", error_code(&error))]),
        (Intent::SignIn, _) => login_form::show_github_error(app, context, &state.next, &error),
        (_, Some(current)) => settings::github::refused(app, context, current, &error).await,
        (_, None) => Err(error),
    }
}
