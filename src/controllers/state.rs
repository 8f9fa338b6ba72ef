//! Application state shared by all requests.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use teahouse_transport::{AnonymousLimiter, TrustedProxies};
use tokio::sync::Notify;

use super::concerns::metrics::Metrics;
use super::concerns::rate_limits::RateLimits;
use super::settings::export::Exports;
use crate::models::auth::invite::InvitePolicy;
use crate::models::auth::session::KeyHash;
use crate::models::database::Database;
use crate::models::user::registration::RegistrationPolicy;
use crate::models::values::signing::HmacKey;
use crate::realtime::rate_limit::Rate;
use crate::realtime::service::Realtime;
use crate::services::github::GithubClient;
use crate::services::image::AvatarProcessor;
use crate::services::password_hasher::PasswordHasher;
use crate::services::sms::SmsQueue;
use crate::views::cache::fragments::FragmentCache;
use crate::views::cache::message_lists::MessageListCache;
use crate::views::pages::sessions::Region;
use crate::views::templates::Templates;

/// Application state: services, caches and settings that actions use.
pub struct App {
    /// Connection pool.
    pub database: Database,
    /// Hub, writer, presence and other realtime services.
    pub realtime: Arc<Realtime>,
    /// HTML templates.
    pub templates: Templates,
    /// Cache of rendered message lists, shared by all users.
    pub message_lists: MessageListCache,
    /// Cache of rendered page fragments, per user.
    pub fragments: FragmentCache,
    /// Password hasher.
    pub hasher: PasswordHasher,
    /// Signs tokens, and hashes low-entropy values.
    pub hmac_key: HmacKey,
    /// Rate limits of sign-in, registration and other actions.
    pub rate_limits: RateLimits,
    /// Phone verification, if enabled.
    pub verification: Option<PhoneVerification>,
    /// Sign-in with GitHub, if enabled.
    pub github: Option<GithubLogin>,
    /// Avatar processing.
    pub avatar_processor: AvatarProcessor,
    /// Data exports in progress.
    pub exports: Exports,
    /// Notified when a user deletes their account.
    pub account_deleted: Arc<Notify>,
    /// Public address and environment.
    pub site: Site,
    /// Registration and session settings.
    pub accounts: Accounts,
    /// Limits and timeouts of WebSockets.
    pub sockets: SocketLimits,
    /// Limits of HTTP requests.
    pub requests: RequestLimits,
    /// Prometheus metrics.
    pub metrics: Metrics,
}

/// Services and settings of phone verification.
pub struct PhoneVerification {
    /// Queue of outgoing text messages.
    pub sms: SmsQueue,
    /// Regions (ISO 3166-1 alpha-2) to which codes are sent; empty means all.
    pub countries: Vec<String>,
}

/// Client and settings of sign-in with GitHub.
pub struct GithubLogin {
    /// Client of GitHub's API.
    pub github: GithubClient,
    /// Where API clients are redirected with their token: a path or a URL.
    pub client_callback: String,
}

/// Limits of HTTP requests.
pub struct RequestLimits {
    /// Time for a request body to arrive.
    pub body_timeout: Duration,
    /// Counts concurrent requests without a session, per IP address.
    pub anonymous_limiter: Arc<AnonymousLimiter>,
}

/// Public address and environment.
pub struct Site {
    /// Scheme, host and port; `None` uses the request's own.
    pub public_origin: Option<String>,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// Enables sign-in by username alone from the same machine.
    pub is_development: bool,
    /// Token for reading the metrics from other machines.
    pub metrics_token: Option<KeyHash>,
}

impl Site {
    /// Name of the session cookie. With HTTPS it has the `__Host-` prefix, which other hosts of the domain cannot set.
    pub fn cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-teahouse",
            false => "teahouse",
        }
    }

    /// Name of the cookie that identifies a browser across sessions.
    pub fn browser_cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-teahouse-browser",
            false => "teahouse-browser",
        }
    }

    /// Name of the cookie that binds a verification code to a browser.
    pub fn verification_cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-teahouse-verification",
            false => "teahouse-verification",
        }
    }

    /// Name of the cookie that binds an OAuth authorization at GitHub to a browser.
    pub fn github_cookie_name(&self) -> &'static str {
        match self.is_secure() {
            true => "__Host-teahouse-github",
            false => "teahouse-github",
        }
    }

    /// Whether a request may sign in by username alone.
    pub(super) fn allows_development_sign_in(&self, is_loopback: bool) -> bool {
        self.is_development && is_loopback
    }

    /// Whether the public origin uses HTTPS.
    pub fn is_secure(&self) -> bool {
        self.public_origin
            .as_ref()
            .is_some_and(|origin| origin.starts_with("https://"))
    }
}

/// Registration and session settings.
pub struct Accounts {
    /// Who may register.
    pub registration_policy: RegistrationPolicy,
    /// Who may create invites.
    pub invite_policy: InvitePolicy,
    /// Region of phone numbers without `+` when the browser suggests none.
    pub default_region: String,
    /// All regions, for the form's selection.
    pub regions: LazyLock<Vec<Region>>,
    /// Code required to register the first user, if any.
    pub setup_code: Option<String>,
    /// Whether deleting an account deletes its messages.
    pub erases_messages: bool,
    /// Lifetime of a session after its last use.
    pub session_lifetime: chrono::TimeDelta,
    /// Maximum sessions per user; one more ends the least recently used.
    pub max_sessions_per_user: i64,
}

/// Limits and timeouts of WebSockets.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// Largest frame from a client, in bytes.
    pub frame_max_bytes: usize,
    /// Interval between pings.
    pub ping_interval: Duration,
    /// Time after a ping within which the peer must send something.
    pub pong_timeout: Duration,
    /// Seconds from the close frame until the connection is closed forcibly.
    pub close_grace_seconds: u32,
    /// Rate limit of data frames from a client, if any.
    pub frame_rate: Option<Rate>,
    /// Rate limit of pings and other control frames, if any.
    pub control_rate: Option<Rate>,
}
