//! Prometheus metrics of the realtime layer. They contain no user, room or client input; labels are constants of this
//! program.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::protocol::ErrorCode;
use crate::protocol::websocket::CloseCode;

/// Histogram buckets in seconds: from a fast commit to the writer's response timeout.
const SECONDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];
/// Histogram buckets in messages.
const MESSAGES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
const CODES: [ErrorCode; 10] = [
    ErrorCode::BadFrame,
    ErrorCode::NotFound,
    ErrorCode::Empty,
    ErrorCode::TooLong,
    ErrorCode::Invalid,
    ErrorCode::RateLimited,
    ErrorCode::Conflict,
    ErrorCode::Forbidden,
    ErrorCode::Blocked,
    ErrorCode::Unavailable,
];

/// `socket` or `stream`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseLabels {
    kind: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabel {
    code: &'static str,
}

/// The metrics of the realtime layer. Clones share their counters.
#[derive(Debug, Clone)]
pub struct RealtimeMetrics {
    connections: Family<KindLabel, Gauge>,
    opened: Family<KindLabel, Counter>,
    closed: Family<CloseLabels, Counter>,
    errors: Family<ErrorLabel, Counter>,
    deliveries: Counter,
    ack_seconds: Histogram,
    pub(super) syncs: Counter,
    pub(super) resyncs: Counter,
    pub(super) gaps_recovered: Counter,
    pub(super) worker_queue_overflows: Counter,
    pub(super) commit_retries: Counter,
    pub(super) writer_threads_replaced: Counter,
    commit_messages: Histogram,
    commit_seconds: Histogram,
}

impl Default for RealtimeMetrics {
    /// Creates the rare label combinations at zero, so that a first increment shows in rates.
    fn default() -> Self {
        let metrics = Self {
            connections: Family::default(),
            opened: Family::default(),
            closed: Family::default(),
            errors: Family::default(),
            deliveries: Counter::default(),
            ack_seconds: Histogram::new(SECONDS),
            syncs: Counter::default(),
            resyncs: Counter::default(),
            gaps_recovered: Counter::default(),
            worker_queue_overflows: Counter::default(),
            commit_retries: Counter::default(),
            writer_threads_replaced: Counter::default(),
            commit_messages: Histogram::new(MESSAGES),
            commit_seconds: Histogram::new(SECONDS),
        };
        for kind in ["socket", "stream"] {
            let _ = metrics.connections.get_or_create(&KindLabel { kind });
            let _ = metrics.opened.get_or_create(&KindLabel { kind });
            for code in ["1001", "4001", "4008", "4029"] {
                let _ = metrics.closed.get_or_create(&CloseLabels { kind, code });
            }
        }
        for code in CODES.map(error_label) {
            let _ = metrics.errors.get_or_create(&ErrorLabel { code });
        }
        metrics
    }
}

impl RealtimeMetrics {
    /// Registers all metrics.
    pub fn register(&self, registry: &mut Registry) {
        let mut counter =
            |name, help, counter: &Counter| registry.register(name, help, counter.clone());
        counter(
            "deliveries",
            "Messages delivered live, counted per connection",
            &self.deliveries,
        );
        counter(
            "syncs",
            "Pages of changes sent in response to sync",
            &self.syncs,
        );
        counter(
            "resyncs",
            "Clients that were ahead of the database and had to reload a room",
            &self.resyncs,
        );
        counter(
            "gaps_recovered",
            "Gaps in a room's changes that were recovered from the database",
            &self.gaps_recovered,
        );
        counter(
            "worker_queue_overflows",
            "Overflows of a worker's command queue, which close its connections",
            &self.worker_queue_overflows,
        );
        counter(
            "commit_retries",
            "Writer transactions that were retried",
            &self.commit_retries,
        );
        counter(
            "writer_threads_replaced",
            "Writer threads that hung and were replaced",
            &self.writer_threads_replaced,
        );
        registry.register(
            "connections",
            "Open WebSockets and event streams",
            self.connections.clone(),
        );
        registry.register(
            "connections_opened",
            "WebSockets and event streams opened",
            self.opened.clone(),
        );
        registry.register(
            "connections_closed",
            "WebSockets and event streams closed, by close code; gone: connection lost",
            self.closed.clone(),
        );
        registry.register("errors", "Error frames sent", self.errors.clone());
        registry.register(
            "ack_seconds",
            "Time from the receipt of a message on a WebSocket to its acknowledgement",
            self.ack_seconds.clone(),
        );
        registry.register(
            "commit_messages",
            "Messages and changes per writer transaction",
            self.commit_messages.clone(),
        );
        registry.register(
            "commit_seconds",
            "Duration of a writer transaction",
            self.commit_seconds.clone(),
        );
    }

    pub(super) fn opened(&self, kind: &'static str) {
        self.connections.get_or_create(&KindLabel { kind }).inc();
        self.opened.get_or_create(&KindLabel { kind }).inc();
    }

    pub(super) fn closed(&self, kind: &'static str, code: Option<CloseCode>) {
        let code = close_label(code);
        self.connections.get_or_create(&KindLabel { kind }).dec();
        self.closed.get_or_create(&CloseLabels { kind, code }).inc();
    }

    pub(super) fn error_sent(&self, code: ErrorCode) {
        let code = error_label(code);
        self.errors.get_or_create(&ErrorLabel { code }).inc();
    }

    pub(super) fn delivered(&self, messages: u64) {
        self.deliveries.inc_by(messages);
    }

    pub(super) fn acknowledged(&self, after: Duration) {
        self.ack_seconds.observe(after.as_secs_f64());
    }

    pub(super) fn committed(&self, messages: usize, within: Duration) {
        self.commit_messages.observe(messages as f64);
        self.commit_seconds.observe(within.as_secs_f64());
    }
}

fn error_label(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadFrame => "bad_frame",
        ErrorCode::NotFound => "not_found",
        ErrorCode::Empty => "empty",
        ErrorCode::TooLong => "too_long",
        ErrorCode::Invalid => "invalid",
        ErrorCode::RateLimited => "rate_limited",
        ErrorCode::Conflict => "conflict",
        ErrorCode::Forbidden | ErrorCode::Unreachable | ErrorCode::Oneself => "forbidden",
        ErrorCode::Blocked => "blocked",
        ErrorCode::Unavailable => "unavailable",
    }
}

fn close_label(code: Option<CloseCode>) -> &'static str {
    match code {
        None => "gone",
        Some(CloseCode::Normal) => "1000",
        Some(CloseCode::GoingAway) => "1001",
        Some(CloseCode::Protocol) => "1002",
        Some(CloseCode::BadText) => "1007",
        Some(CloseCode::TooBig) => "1009",
        Some(CloseCode::SignedOut) => "4001",
        Some(CloseCode::TooSlow) => "4008",
        Some(CloseCode::Replaced) => "4009",
        Some(CloseCode::Flooding) => "4029",
    }
}
