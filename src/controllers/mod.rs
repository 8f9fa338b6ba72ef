//! What can be asked over HTTP: one file per resource. An action finds, tells, answers.

pub mod api;
pub mod avatars;
pub mod blocks;
pub mod concerns;
pub mod development_sessions;
pub mod directs;
pub mod errors;
pub mod health;
mod history;
pub mod home;
pub mod invitations;
pub mod invites;
pub mod involvements;
pub mod members;
pub mod memberships;
pub mod messages;
pub mod metrics;
pub mod pairings;
pub mod password_links;
pub mod password_resets;
pub mod passwords;
pub mod people;
pub mod read_marks;
mod room_page;
pub mod rooms;
pub mod security_events;
pub mod sessions;
pub mod settings;
pub mod sockets;
pub mod static_files;
pub mod users;
pub mod verifications;

use std::sync::{Arc, LazyLock};

use actix_web::HttpResponse;
use actix_web::http::header;
use tokio::sync::Notify;

use self::concerns::asked::Asked;
use self::concerns::throttle::Throttles;
use self::metrics::Metrics;
use self::settings::export::Exports;
use crate::error::{Error, Result};
use crate::models::database::Database;
use crate::models::hasher::Hasher;
use crate::models::invite::Makers;
use crate::models::keyed::Keyed;
use crate::models::picture::Darkroom;
use crate::models::user::Policy;
use crate::realtime::live::Live;
use crate::realtime::throttle::Rate;
use crate::services::github::GithubClient;
use crate::services::sms::SmsQueue;
use crate::transport::proxies::Proxies;
use crate::transport::strangers::Strangers;
use crate::views::assets::Encoding;
use crate::views::gzip;
use crate::views::lists::Lists;
use crate::views::parts::Parts;
use crate::views::sessions::Region;
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
    pub lists: Lists,
    /// What is the same for one person for a while.
    pub parts: Parts,
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
    /// Those of people who are not signed in, by address.
    pub strangers: Arc<Strangers>,
}

/// Where people reach the program.
pub struct Site {
    /// Scheme, host and port; `None`: the request's own.
    pub public_origin: Option<String>,
    /// The proxies whose word about where a request comes from is believed.
    pub trusted_proxies: Proxies,
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
        false => response.body(gzip::unpack(&file).map_err(Error::internal)?),
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
