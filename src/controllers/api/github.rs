//! Sign-in with GitHub: redirect to GitHub and callback.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::sessions::{TokenGrant, issue_token};
use crate::controllers::accounts::login_form;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::github_oauth;
use crate::controllers::concerns::github_oauth::{
    Intent, OAuthState, callback_url, finish, removal_cookie, start,
};
use crate::controllers::concerns::sign_in::{SignInMethod, sign_in};
use crate::controllers::errors::{error_code, log_cause};
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, see_other, settings};
use crate::error::{Error, Result};
use crate::models::auth::invite;
use crate::models::auth::rate_limit;
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::user::User;
use crate::models::values::github_account::GithubAccount;
use crate::models::values::user_status::Status;

/// Query of `GET /api/oauth/github`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AuthorizeQuery {
    client: String,
    next: String,
    invite: String,
}

/// Query of the callback, sent by GitHub.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CallbackQuery {
    state: String,
    code: String,
    error: String,
}

/// `GET /api/oauth/github`: redirects to GitHub. `?client=api` requests a token; `?next=` is the page after
/// sign-in and `?invite=` the invite for a registration.
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    query: Query<AuthorizeQuery>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let intent = match query.client.as_str() {
        "api" => Intent::Token,
        _ => Intent::SignIn,
    };
    let state = OAuthState::anonymous(intent, &query.next, &query.invite);
    let redirect = start(&app, &context, &state)?;
    let mut response = see_other(&redirect.url);
    response
        .add_cookie(&redirect.cookie)
        .map_err(Error::internal)?;
    Ok(response)
}

/// `GET /api/oauth/github/callback`: signs in, links or confirms, depending on the intent of the request.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    session: Session,
    current: Result<CurrentSession, Error>,
    query: Query<CallbackQuery>,
) -> Result<HttpResponse> {
    github_oauth::require_enabled(&app)?;
    let state = finish(&app, &context, &query.state).await?;
    // Linking and confirming are valid only in the session that started them.
    let current = current
        .ok()
        .filter(|current| state.belongs_to(&app, &current.key_hash));
    let done = match (state.intent, &current) {
        (Intent::SignIn | Intent::Token, _) => {
            sign_in_or_register(&app, &context, &session, &state, &query).await
        }
        (Intent::Link, Some(current)) => {
            let account = fetch_account(&app, &context, &state, &query).await;
            settings::github::link(&app, &context, current, account).await
        }
        (Intent::Confirm, Some(current)) => {
            let account = fetch_account(&app, &context, &state, &query).await;
            settings::github::confirm(&app, &context, current, account).await
        }
        (Intent::Link | Intent::Confirm, None) => {
            Err(Error::ForbiddenBecause("error-github-session".into()))
        }
    };
    let mut response = match done {
        Ok(response) => response,
        Err(error) => show_failure(&app, &context, &state, current.as_ref(), error).await?,
    };
    response
        .add_cookie(&removal_cookie(&app))
        .map_err(Error::internal)?;
    Ok(response)
}

/// Fetches the GitHub account of the authorization code.
async fn fetch_account(
    app: &App,
    context: &RequestContext,
    state: &OAuthState,
    query: &CallbackQuery,
) -> Result<GithubAccount> {
    match query.error.as_str() {
        "" if !query.code.is_empty() => {}
        "access_denied" => return Err(Error::ForbiddenBecause("error-github-denied".into())),
        _ => return Err(Error::BadRequest("error-github-code".into())),
    }
    let tries = app.rate_limits.github_sign_in(context.address);
    let attempt = Attempt::begin(app, tries).await?;
    let github = &github_oauth::require_enabled(app)?.github;
    let (code, callback) = (query.code.clone(), callback_url(context)?);
    let request = github.fetch_user(code, &callback, state.verifier());
    let account = match request.await {
        // An outage of GitHub does not count as an attempt.
        Err(error @ Error::GitHubDown(_)) => {
            attempt.uncount().await?;
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

/// Signs in the user of a GitHub account, registering them if the account is unknown.
async fn sign_in_or_register(
    app: &App,
    context: &RequestContext,
    session: &Session,
    state: &OAuthState,
    query: &CallbackQuery,
) -> Result<HttpResponse> {
    let account = fetch_account(app, context, state, query).await?;
    let device = context.browser(app);
    let (by_address, by_browser) = app.rate_limits.registration(context.address, &device.hash);
    let registering = [by_address, by_browser].concat();
    let policy = app.accounts.registration_policy;
    let invite = invite::verify_token(&app.hmac_key, &state.invite);
    let may_be_first = app.accounts.setup_code.is_none();
    let client = context.client.clone();
    let write = app.database.write(move |conn| {
        if !User::is_github_linked(conn, &account)? {
            rate_limit::count_attempt(conn, &registering)?;
        }
        if let Some(user) = User::find_by_github(conn, &account)? {
            return match user.status {
                Status::Active => Ok(user),
                _ => Err(Error::ForbiddenBecause("error-github-banned".into())),
            };
        }
        let user = User::register_with_github(conn, &account, policy, invite, may_be_first)?;
        security_event::record(conn, SecurityEventKind::Registered, user.id, &client)?;
        Ok(user)
    });
    let user = write.await?;
    if state.intent == Intent::SignIn {
        let method = SignInMethod::Github;
        return sign_in(app, context, session, &user, method, &state.next).await;
    }
    let token = issue_token(app, context, &user, TokenGrant::GitHub).await?;
    let fields = [("token", &*token.token), ("expires_at", &*token.expires_at)];
    redirect_client(app, &fields)
}

/// Redirects to the callback URL of API clients.
fn redirect_client(app: &App, fields: &[(&str, &str)]) -> Result<HttpResponse> {
    let callback = &github_oauth::require_enabled(app)?.client_callback;
    let query = serde_html_form::to_string(fields).map_err(Error::internal)?;
    let separator = if callback.contains('?') { '&' } else { '?' };
    Ok(HttpResponse::TemporaryRedirect()
        .insert_header((header::LOCATION, format!("{callback}{separator}{query}")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// Shows an error on the page where the user started, or redirects API clients with `error`.
async fn show_failure(
    app: &App,
    context: &RequestContext,
    state: &OAuthState,
    current: Option<&CurrentSession>,
    error: Error,
) -> Result<HttpResponse> {
    let is_shown = matches!(
        error,
        Error::BadRequest(_)
            | Error::ForbiddenBecause(_)
            | Error::Unauthorized
            | Error::GitHubDown(_)
            | Error::RateLimited { .. }
    );
    if !is_shown || (context.wants_json && state.intent != Intent::Token) {
        return Err(error);
    }
    log_cause(&error, context);
    match (state.intent, current) {
        (Intent::Token, _) => redirect_client(app, &[("error", error_code(&error))]),
        (Intent::SignIn, _) => login_form::show_github_error(app, context, &state.next, &error),
        (_, Some(current)) => settings::github::show_error(app, context, current, &error).await,
        (_, None) => Err(error),
    }
}
