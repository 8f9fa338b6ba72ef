//! What the settings allow, as the parts of the program take it.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Settings;
use crate::controllers::middleware::error_pages;
use crate::controllers::{App, SocketLimits};
use crate::models::database::Limits;
use crate::realtime::rate_limit::Rate;
use crate::transport::Patience;
use crate::transport::server::Options;
use crate::transport::strangers::Strangers;

/// How long connections may take, and who is counted.
pub(super) fn server(settings: &Settings, app: &App) -> Options {
    let server = &settings.server;
    Options {
        workers: server.workers,
        shutdown: server.shutdown_seconds.saturating_sub(2),
        patience: Patience {
            head: server.head_seconds,
            idle: server.idle_seconds,
            blocked: settings.socket.blocked_seconds,
            stalled: server.stalled_seconds,
            least: server.least_bytes_per_second,
            window: 10,
            farewell: settings.socket.farewell_seconds,
        },
        strangers: strangers(settings),
        proxies: app.site.trusted_proxies.clone(),
        headers: error_pages::header_lines(app),
    }
}

/// What may be asked of the database at once.
pub(super) fn database(settings: &Settings) -> Limits {
    Limits {
        pool_size: settings.database.pool_size,
        queue_size: settings.database.queue_size,
        deadline: Duration::from_millis(settings.database.deadline_ms),
    }
}

/// Those who are not signed in, by address.
pub(super) fn strangers(settings: &Settings) -> Arc<Strangers> {
    Strangers::new(throttled(settings, settings.server.strangers_per_address))
}

/// A limit that only holds while throttling is on.
pub(super) fn throttled<T>(settings: &Settings, limit: T) -> Option<T> {
    settings.throttle.enabled.then_some(limit)
}

/// How sockets are watched.
pub(super) fn sockets(settings: &Settings) -> SocketLimits {
    let socket = &settings.socket;
    let rate = |per_second, burst| throttled(settings, Rate { per_second, burst });
    SocketLimits {
        frame_max_bytes: socket.frame_max_bytes,
        ping: Duration::from_secs(socket.ping_seconds),
        pong: Duration::from_secs(socket.pong_seconds),
        farewell_seconds: socket.farewell_seconds,
        frames: rate(socket.frames_per_second, socket.frame_burst),
        controls: rate(socket.controls_per_second, socket.control_burst),
    }
}

/// Each connection is an open file, and shells allow few (soft) where the machine allows many (hard).
pub(super) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, allowed = limit.current, "the limit of open files stays");
    }
}
