//! OAuth 2.0 authorization at GitHub. The callback is accepted once, from the same browser, within ten minutes.

use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::rate_limits;
use super::sign_in::local_path;
use crate::controllers::extractors::browser_id::build_cookie;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, GithubLogin};
use crate::error::{Error, Result};
use crate::models::auth::session::KeyHash;
use crate::services::github::GithubClient;

/// Path that starts an authorization.
const START_PATH: &str = "/api/oauth/github";
/// Path to which GitHub redirects.
const CALLBACK_PATH: &str = "/api/oauth/github/callback";
/// Domain separator of the state's signature.
const PURPOSE: &str = "github visit";
/// Domain separator of the session's hash.
const SESSION_PURPOSE: &str = "github session";
/// Lifetime of an authorization in progress.
const MINUTES: i64 = 10;
/// A longer `next` is dropped: browsers limit cookies to 4 KiB.
const NEXT_MAX_BYTES: usize = 1024;
/// A longer invite is dropped.
const INVITE_MAX_BYTES: usize = 256;

/// Purpose of an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Sign in this browser.
    SignIn,
    /// Issue a token to an API client.
    Token,
    /// Link the GitHub account to the signed-in user.
    Link,
    /// Confirm the signed-in user's identity instead of a password.
    Confirm,
}

/// An authorization in progress, stored in a cookie of the browser. The `state` parameter sent to GitHub contains the expiry
/// time and a signature over it and the cookie, which prevents changes and callbacks from another browser.
#[derive(Serialize, Deserialize)]
pub struct OAuthState {
    /// Purpose.
    pub intent: Intent,
    /// Path of this site to redirect to afterwards.
    pub next: String,
    /// Invite for registration, or empty.
    pub invite: String,
    session: Option<String>,
    verifier: String,
}

/// A redirect to GitHub.
pub struct Redirect {
    /// The authorization page at GitHub.
    pub url: String,
    /// The cookie to set.
    pub cookie: Cookie<'static>,
}

impl OAuthState {
    /// Creates the state of a client that is not signed in.
    pub fn anonymous(intent: Intent, next: &str, invite: &str) -> Self {
        let next = local_path(next);
        Self {
            intent,
            next: if next.len() > NEXT_MAX_BYTES {
                "/"
            } else {
                next
            }
            .to_owned(),
            invite: Some(invite)
                .filter(|invite| invite.len() <= INVITE_MAX_BYTES)
                .unwrap_or_default()
                .to_owned(),
            session: None,
            verifier: GithubClient::new_verifier(),
        }
    }

    /// Creates the state of a signed-in user. The callback must come from the same session.
    pub fn for_session(app: &App, intent: Intent, session: &KeyHash) -> Self {
        let session = app.hmac_key.sign(SESSION_PURPOSE, session.as_str());
        Self {
            session: Some(session),
            ..Self::anonymous(intent, "/", "")
        }
    }

    /// Whether the authorization was started in this session.
    pub fn belongs_to(&self, app: &App, session: &KeyHash) -> bool {
        let own = self.session.as_deref();
        own.is_some_and(|own| app.hmac_key.verify(SESSION_PURPOSE, session.as_str(), own))
    }

    /// Returns the PKCE code verifier.
    pub fn verifier(&self) -> String {
        self.verifier.clone()
    }
}

/// Returns client and settings of sign-in with GitHub.
///
/// # Errors
/// `NotFound` when it is disabled.
pub fn require_enabled(app: &App) -> Result<&GithubLogin> {
    app.github.as_ref().ok_or(Error::NotFound)
}

/// Returns the URL that starts an authorization, with a query parameter unless `value` is empty; `None` when sign-in with
/// GitHub is disabled.
pub fn start_url(app: &App, field: &'static str, value: &str) -> Option<String> {
    app.github.as_ref()?;
    if value.is_empty() {
        return Some(START_PATH.to_owned());
    }
    let query = serde_html_form::to_string([(field, value)]).ok()?;
    Some(format!("{START_PATH}?{query}"))
}

/// Returns the URL to which GitHub redirects.
///
/// # Errors
/// `BadRequest` when the origin is neither configured nor known from the request.
pub fn callback_url(context: &RequestContext) -> Result<String> {
    let origin = context.origin.as_ref();
    let origin = origin.ok_or_else(|| Error::BadRequest("error-bad-request".into()))?;
    Ok(format!("{origin}{CALLBACK_PATH}"))
}

/// Starts an authorization.
///
/// # Errors
/// `NotFound` when sign-in with GitHub is disabled.
pub fn start(app: &App, context: &RequestContext, oauth_state: &OAuthState) -> Result<Redirect> {
    let github = &require_enabled(app)?.github;
    let cookie = serde_json::to_vec(oauth_state).map_err(Error::internal)?;
    let cookie = URL_SAFE_NO_PAD.encode(cookie);
    let until = (Utc::now() + TimeDelta::minutes(MINUTES)).timestamp();
    let signature = app.hmac_key.sign(PURPOSE, &signed_text(until, &cookie));
    let state = format!("{until}.{signature}");
    let name = app.site.github_cookie_name();
    Ok(Redirect {
        url: github.authorize_url(&callback_url(context)?, &oauth_state.verifier, &state)?,
        cookie: build_cookie(app, name, cookie, Duration::minutes(MINUTES)),
    })
}

/// Finishes an authorization with the callback's `state` parameter, which is then used up.
///
/// # Errors
/// `BadRequest` when the state is invalid, expired or used, or belongs to another browser.
pub async fn finish(app: &App, context: &RequestContext, state: &str) -> Result<OAuthState> {
    let stale = || Error::BadRequest("error-github-state".into());
    let (until, signature) = state.split_once('.').ok_or_else(stale)?;
    let until: i64 = until.parse().map_err(|_| stale())?;
    let mut values = context.cookies(app.site.github_cookie_name());
    let is_signed = |value: &&str| {
        app.hmac_key
            .verify(PURPOSE, &signed_text(until, value), signature)
    };
    let value = values.find(is_signed).ok_or_else(stale)?;
    if until <= Utc::now().timestamp() {
        return Err(stale());
    }
    let oauth_state = URL_SAFE_NO_PAD.decode(value).map_err(|_| stale())?;
    let oauth_state = serde_json::from_slice(&oauth_state).map_err(|_| stale())?;
    let window = TimeDelta::minutes(MINUTES);
    let once = app
        .rate_limits
        .single_use(&format!("github {state}"), window);
    match rate_limits::acquire(&app.database, &[once]).await {
        Err(Error::RateLimited { .. }) => Err(stale()),
        taken => taken.map(|()| oauth_state),
    }
}

/// Returns a cookie that removes the state from the browser.
pub fn removal_cookie(app: &App) -> Cookie<'static> {
    let name = app.site.github_cookie_name();
    build_cookie(app, name, String::new(), Duration::ZERO)
}

/// Returns the text that the signature covers.
fn signed_text(until: i64, cookie: &str) -> String {
    format!("{until} {cookie}")
}
