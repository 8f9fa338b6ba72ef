//! A visit to GitHub: where somebody says who they are, and comes back from in the same browser, once, before long.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::sign_in::local_path;
use super::throttle;
use crate::controllers::extractors::browser_id::keep;
use crate::controllers::extractors::cookies;
use crate::controllers::middleware::same_origin::own_origin;
use crate::controllers::{App, GitHubDoor};
use crate::error::{Error, Result};
use crate::models::auth::session::KeyHash;
use crate::services::github::GithubClient;

/// Where people set out.
const ENTRANCE: &str = "/api/oauth/github";
/// Where they come back to.
const CALLBACK: &str = "/api/oauth/github/callback";
/// What the signature is for.
const PURPOSE: &str = "github visit";
/// What the name of a session is for.
const SESSION: &str = "github session";
/// A visit takes so long at most.
const MINUTES: i64 = 10;
/// A longer way back is forgotten: browsers keep cookies of 4 KiB.
const NEXT_MAX_BYTES: usize = 1024;
/// The same for invites.
const INVITE_MAX_BYTES: usize = 256;

/// What somebody goes to GitHub for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// To be signed in, in this browser.
    SignIn,
    /// For a program that wants a token.
    Token,
    /// So that it opens the door from now on.
    Join,
    /// To be recognised once more.
    Confirm,
}

/// What is known of a visit, in the browser's cookie. What GitHub is told of it (`state`) is when it ends, and a signature
/// over that and this: so nothing of it can be changed, and no other browser can come back from it.
#[derive(Serialize, Deserialize)]
pub struct Visit {
    /// What for.
    pub intent: Intent,
    /// Where to go afterwards, a path of this site.
    pub next: String,
    /// The invite that they come with.
    pub invite: String,
    session: Option<String>,
    verifier: String,
}

/// A visit that begins.
pub struct Begun {
    /// Where at GitHub.
    pub address: String,
    /// To be sent with the answer.
    pub cookie: Cookie<'static>,
}

impl Visit {
    /// Of somebody at the door.
    pub fn of_visitor(intent: Intent, next: &str, invite: &str) -> Self {
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

    /// Of somebody who is signed in, who must still be when they come back.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn of_session(app: &App, intent: Intent, session: &KeyHash) -> Result<Self> {
        let session = app.hmac_key.sign(SESSION, session.as_str())?;
        Ok(Self {
            session: Some(session),
            ..Self::of_visitor(intent, "/", "")
        })
    }

    /// Whether it began in this session.
    pub fn is_of(&self, app: &App, session: &KeyHash) -> bool {
        let began = self.session.as_deref();
        began.is_some_and(|began| app.hmac_key.verify(SESSION, session.as_str(), began))
    }

    /// Its secret, by which a code can be used.
    pub fn verifier(&self) -> String {
        self.verifier.clone()
    }
}

/// How people come in by GitHub here.
///
/// # Errors
/// `NotFound` where they do not.
pub fn door(app: &App) -> Result<&GitHubDoor> {
    app.github.as_ref().ok_or(Error::NotFound)
}

/// Where the way to GitHub begins, for whoever wants to go on there or comes with an invite; nothing where there is none.
pub fn entrance(app: &App, field: &'static str, value: &str) -> Option<String> {
    app.github.as_ref()?;
    let query = serde_html_form::to_string([(field, value)]).ok();
    let query = query.filter(|_| !value.is_empty());
    Some(query.map_or_else(
        || ENTRANCE.to_owned(),
        |query| format!("{ENTRANCE}?{query}"),
    ))
}

/// Where GitHub sends people back to.
///
/// # Errors
/// `BadRequest` when a request does not say where it went.
pub fn callback(request: &HttpRequest) -> Result<String> {
    let origin = own_origin(request);
    let origin = origin.ok_or_else(|| Error::BadRequest("error-bad-request".into()))?;
    Ok(format!("{origin}{CALLBACK}"))
}

/// Sends somebody to GitHub.
///
/// # Errors
/// `NotFound` where nobody comes in by GitHub.
pub fn begin(app: &App, request: &HttpRequest, visit: &Visit) -> Result<Begun> {
    let github = &door(app)?.github;
    let kept = serde_json::to_vec(visit).map_err(Error::internal)?;
    let kept = URL_SAFE_NO_PAD.encode(kept);
    let until = (Utc::now() + TimeDelta::minutes(MINUTES)).timestamp();
    let signature = app.hmac_key.sign(PURPOSE, &signed(until, &kept))?;
    let state = format!("{until}.{signature}");
    let name = app.site.github_cookie_name();
    Ok(Begun {
        address: github.authorize_url(&callback(request)?, &visit.verifier, &state)?,
        cookie: keep(app, name, kept, Duration::minutes(MINUTES)),
    })
}

/// Somebody is back from GitHub with this `state`, which is worth nothing afterwards.
///
/// # Errors
/// `BadRequest` when they were not sent from here and from this browser, too long ago, or came back before.
pub async fn end(app: &App, request: &HttpRequest, state: &str) -> Result<Visit> {
    let stale = || Error::BadRequest("error-github-state".into());
    let (until, signature) = state.split_once('.').ok_or_else(stale)?;
    let until: i64 = until.parse().map_err(|_| stale())?;
    let cookies = cookies::all(request, app.site.github_cookie_name());
    let mut values = cookies.iter().map(Cookie::value);
    let is_ours = |kept: &&str| app.hmac_key.verify(PURPOSE, &signed(until, kept), signature);
    let kept = values.find(is_ours).ok_or_else(stale)?;
    if until <= Utc::now().timestamp() {
        return Err(stale());
    }
    let visit = URL_SAFE_NO_PAD.decode(kept).map_err(|_| stale())?;
    let visit = serde_json::from_slice(&visit).map_err(|_| stale())?;
    let window = TimeDelta::minutes(MINUTES);
    let once = app.throttles.once(&format!("github {state}"), window)?;
    match throttle::take(app, &[once]).await {
        Err(Error::RateLimited { .. }) => Err(stale()),
        taken => taken.map(|()| visit),
    }
}

/// The browser need not remember the visit any more.
pub fn forget(app: &App) -> Cookie<'static> {
    let name = app.site.github_cookie_name();
    keep(app, name, String::new(), Duration::ZERO)
}

fn signed(until: i64, kept: &str) -> String {
    format!("{until} {kept}")
}
