//! Converts limits and timeouts of the settings to the components' option types.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use teahouse_transport::{AnonymousLimiter, ServerOptions, Timeouts};

use crate::config::Settings;
use crate::controllers::middleware::security_headers;
use crate::controllers::{App, SocketLimits};
use crate::models::database::PoolLimits;
use crate::realtime::rate_limit::Rate;

pub(super) fn server(settings: &Settings, app: &App) -> ServerOptions {
    let server = &settings.server;
    ServerOptions {
        workers: server.workers,
        shutdown_seconds: server.shutdown_seconds.saturating_sub(2),
        timeouts: Timeouts {
            request_head: server.head_seconds,
            keep_alive: server.idle_seconds,
            stream_stall: settings.socket.write_stall_seconds,
            response_stall: server.stalled_seconds,
            min_bytes_per_second: server.min_bytes_per_second,
            rate_window: 10,
            close_grace: settings.socket.close_grace_seconds,
        },
        anonymous_limiter: anonymous_limiter(settings),
        trusted_proxies: app.site.trusted_proxies.clone(),
        error_headers: security_headers::header_lines(&app.site),
    }
}

pub(super) fn database(settings: &Settings) -> PoolLimits {
    PoolLimits {
        pool_size: settings.database.pool_size,
        queue_size: settings.database.queue_size,
        deadline: Duration::from_millis(settings.database.deadline_ms),
    }
}

/// Returns the limiter of connections without a session, per address.
pub(super) fn anonymous_limiter(settings: &Settings) -> Arc<AnonymousLimiter> {
    AnonymousLimiter::new(throttled(settings, settings.server.anonymous_per_address))
}

pub(super) fn throttled<T>(settings: &Settings, limit: T) -> Option<T> {
    settings.throttle.enabled.then_some(limit)
}

pub(super) fn sockets(settings: &Settings) -> SocketLimits {
    let socket = &settings.socket;
    let rate = |per_second, burst| throttled(settings, Rate { per_second, burst });
    SocketLimits {
        frame_max_bytes: socket.frame_max_bytes,
        ping_interval: Duration::from_secs(socket.ping_seconds),
        pong_timeout: Duration::from_secs(socket.pong_seconds),
        close_grace_seconds: socket.close_grace_seconds,
        frame_rate: rate(socket.frames_per_second, socket.frame_burst),
        control_rate: rate(socket.controls_per_second, socket.control_burst),
    }
}

/// Raises the soft limit of open files to the hard limit: each connection takes a file descriptor, and shells set low
/// soft limits.
pub(super) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, soft_limit = limit.current, "cannot raise the limit of open files");
    }
}
