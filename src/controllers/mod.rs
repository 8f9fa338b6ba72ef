//! What can be asked over HTTP: one file per resource. An action finds, tells, answers.

pub mod accounts;
pub mod api;
pub mod concerns;
pub mod errors;
pub mod extractors;
pub mod middleware;
pub mod realtime;
pub mod rooms;
pub mod settings;
pub mod site;

use std::sync::{Arc, LazyLock};

use actix_web::HttpResponse;
use actix_web::http::header;
use teahouse_transport::{AnonymousLimiter, TrustedProxies};
use tokio::sync::Notify;

use self::concerns::throttle::Throttles;
use self::extractors::request_context::Asked;
use self::settings::export::Exports;
use self::site::metrics::Metrics;
use crate::error::{Error, Result};
use crate::models::auth::invite::Makers;
use crate::models::database::Database;
use crate::models::user::Policy;
use crate::models::values::signing::Keyed;
use crate::realtime::rate_limit::Rate;
use crate::realtime::service::Live;
use crate::services::github::GithubClient;
use crate::services::image::Darkroom;
use crate::services::password_hasher::Hasher;
use crate::services::sms::SmsQueue;
use crate::views::assets::Encoding;
use crate::views::cache::fragments::FragmentCache;
use crate::views::cache::message_lists::MessageListCache;
use crate::views::gzip;
use crate::views::pages::sessions::Region;
use crate::views::templates::{Templates, View};

/// What the actions work with.
pub struct App {
    /// Everything that is kept.
    pub database: Database,
    /// Everything that is live.
    pub live: Arc<Live>,
    /// The pages.
    pub templates: Templates,
    /// What is the same for many in them.
    pub message_lists: MessageListCache,
    /// What is the same for one person for a while.
    pub fragments: FragmentCache,
    /// Passwords.
    pub hasher: Hasher,
    /// Signatures, and hashes of what could be guessed.
    pub keyed: Keyed,
    /// How often things may be tried.
    pub throttles: Throttles,
    /// How numbers are verified, where they are.
    pub verification: Option<Verifying>,
    /// GitHub, where people may sign in with it.
    pub github: Option<GitHubDoor>,
    /// Pictures.
    pub darkroom: Darkroom,
    /// Exports that are being written.
    pub exports: Exports,
    /// Told when somebody deleted their account.
    pub account_deleted: Arc<Notify>,
    /// Where people reach the program.
    pub site: Site,
    /// Who may come in, and how long they stay.
    pub accounts: Accounts,
    /// How sockets are watched.
    pub sockets: SocketLimits,
    /// What requests may take.
    pub requests: RequestLimits,
    /// What is counted.
    pub metrics: Metrics,
}

/// How numbers are verified.
pub struct Verifying {
    /// What carries codes to phones.
    pub sms: SmsQueue,
    /// The regions (ISO 3166-1 alpha-2) that codes are sent to; empty: all.
    pub countries: Vec<String>,
}

/// How people come in by GitHub.
pub struct GitHubDoor {
    /// What knows who they are.
    pub github: GithubClient,
    /// Where programs are led with their token: a path, or a web address.
    pub client_callback: String,
}

/// What requests may take.
pub struct RequestLimits {
    /// For the body to arrive.
    pub body: std::time::Duration,
    /// Counts requests without a session, by address.
    pub anonymous_limiter: Arc<AnonymousLimiter>,
}

/// Where people reach the program.
pub struct Site {
    /// Scheme, host and port; `None`: the request's own.
    pub public_origin: Option<String>,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// Whether people who develop may sign in as anybody.
    pub is_development: bool,
}

impl Site {
    /// The session cookie's name: with the prefix a browser takes it from this host by https only.
    pub fn cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-teahouse",
            false => "teahouse",
        }
    }

    /// The name of the cookie by which a browser is known again.
    pub fn browser_cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-teahouse-browser",
            false => "teahouse-browser",
        }
    }

    /// The name of the cookie by which a code is bound to a browser.
    pub fn verification_cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-teahouse-verification",
            false => "teahouse-verification",
        }
    }

    /// The name of the cookie by which a visit to GitHub is bound to a browser.
    pub fn github_cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-teahouse-github",
            false => "teahouse-github",
        }
    }

    /// Whether people reach it by https.
    pub fn is_secure(&self) -> bool {
        self.public_origin
            .as_ref()
            .is_some_and(|origin| origin.starts_with("https://"))
    }
}

/// Who may come in, and how long they stay.
pub struct Accounts {
    /// Who may register.
    pub policy: Policy,
    /// Who may invite others.
    pub makers: Makers,
    /// Country of numbers without `+`, when the browser suggests none.
    pub region: String,
    /// All countries.
    pub regions: LazyLock<Vec<Region>>,
    /// What the first person must know, if anything.
    pub setup_code: Option<String>,
    /// Whether the messages of somebody who deletes their account go with them.
    pub erases_messages: bool,
    /// How long a session lives without a visit.
    pub session_lifetime: chrono::TimeDelta,
    /// With one more, the least recently used one of the person ends.
    pub sessions_per_person: i64,
}

/// How sockets are watched.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// The largest frame from a client, in bytes.
    pub frame_max_bytes: usize,
    /// How often a ping is sent.
    pub ping: std::time::Duration,
    /// How long a peer may be silent after it.
    pub pong: std::time::Duration,
    /// How long a connection may take to end once that is decided, in seconds.
    pub farewell_seconds: u32,
    /// How many frames a client may send; `None`: any number.
    pub frames: Option<Rate>,
    /// The same for pings and other control frames.
    pub controls: Option<Rate>,
}

/// A view as a response. Pages about a person are not kept by the browser.
pub(crate) fn page<V: View>(app: &App, view: &V) -> Result<HttpResponse> {
    html(app.templates.render(view)?, "no-store")
}

/// HTML as a response.
pub(crate) fn html(body: String, cache_control: &'static str) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok()
        .insert_header(header::ContentType::html())
        .insert_header((header::CACHE_CONTROL, cache_control))
        .body(body))
}

/// HTML that is compressed already, unpacked for who does not take it so.
pub(crate) fn packed_html(
    asked: &Asked,
    file: Vec<u8>,
    cache_control: &'static str,
) -> Result<HttpResponse> {
    let takes_gzip = asked.takes(Encoding::Gzip);
    let mut response = HttpResponse::Ok();
    response
        .insert_header(header::ContentType::html())
        .insert_header((header::CACHE_CONTROL, cache_control));
    Ok(match takes_gzip {
        true => response
            .insert_header((header::CONTENT_ENCODING, "gzip"))
            .body(file),
        false => response.body(gzip::decompress(&file).map_err(Error::internal)?),
    })
}

/// It is done: JSON clients need no more, browsers go on there.
pub(crate) fn done(asked: &Asked, is_json: bool, location: &str) -> HttpResponse {
    match is_json || asked.wants_json {
        true => HttpResponse::NoContent().finish(),
        false => see_other(location),
    }
}

/// Go there with GET.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
