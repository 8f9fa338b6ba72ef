//! Prometheus metrics of the realtime layer. They contain no user, room or client input; labels are constants of this
//! program.

use std::borrow::Cow;
use std::time::Duration;

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

/// Names and values of labels.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// Defines [`RealtimeMetrics`]: the name, type, initial value and help of each metric.
macro_rules! metrics {
    ($($name:ident: $type:ty = $new:expr, $help:literal;)+) => {
        /// The metrics of the realtime layer. Clones share their counters.
        #[derive(Debug, Clone)]
        pub struct RealtimeMetrics {
            $(pub(super) $name: $type,)+
        }

        impl RealtimeMetrics {
            fn new() -> Self {
                Self {
                    $($name: $new,)+
                }
            }

            /// Registers all metrics.
            pub fn register(&self, registry: &mut Registry) {
                $(registry.register(stringify!($name), $help, self.$name.clone());)+
            }
        }
    };
}

metrics! {
    deliveries: Counter = Counter::default(),
        "Messages delivered live, counted per connection";
    syncs: Counter = Counter::default(),
        "Pages of changes sent in response to sync";
    resyncs: Counter = Counter::default(),
        "Clients that were ahead of the database and had to reload a room";
    gaps_recovered: Counter = Counter::default(),
        "Gaps in a room's changes that were recovered from the database";
    worker_queue_overflows: Counter = Counter::default(),
        "Overflows of a worker's command queue, which close its connections";
    commit_retries: Counter = Counter::default(),
        "Writer transactions that were retried";
    writer_threads_replaced: Counter = Counter::default(),
        "Writer threads that hung and were replaced";
    connections: Family<Labels<1>, Gauge> = Family::default(),
        "Open WebSockets and event streams";
    connections_opened: Family<Labels<1>, Counter> = Family::default(),
        "WebSockets and event streams opened";
    connections_closed: Family<Labels<2>, Counter> = Family::default(),
        "WebSockets and event streams closed, by close code; gone: connection lost";
    errors: Family<Labels<1>, Counter> = Family::default(),
        "Error frames sent";
    ack_seconds: Histogram = Histogram::new(SECONDS),
        "Time from the receipt of a message on a WebSocket to its acknowledgement";
    commit_messages: Histogram = Histogram::new(MESSAGES),
        "Messages and changes per writer transaction";
    commit_seconds: Histogram = Histogram::new(SECONDS),
        "Duration of a writer transaction";
}

impl Default for RealtimeMetrics {
    /// Creates the rare label combinations at zero, so that a first increment shows in rates.
    fn default() -> Self {
        let metrics = Self::new();
        for kind in ["socket", "stream"] {
            let _ = metrics.connections.get_or_create(&kind_label(kind));
            let _ = metrics.connections_opened.get_or_create(&kind_label(kind));
            for code in [
                CloseCode::GoingAway,
                CloseCode::SignedOut,
                CloseCode::TooSlow,
                CloseCode::Flooding,
            ] {
                let labels = close_labels(kind, Some(code));
                let _ = metrics.connections_closed.get_or_create(&labels);
            }
        }
        for code in ErrorCode::ALL {
            let _ = metrics.errors.get_or_create(&error_label(code));
        }
        metrics
    }
}

impl RealtimeMetrics {
    pub(super) fn opened(&self, kind: &'static str) {
        self.connections.get_or_create(&kind_label(kind)).inc();
        self.connections_opened
            .get_or_create(&kind_label(kind))
            .inc();
    }

    pub(super) fn closed(&self, kind: &'static str, code: Option<CloseCode>) {
        self.connections.get_or_create(&kind_label(kind)).dec();
        self.connections_closed
            .get_or_create(&close_labels(kind, code))
            .inc();
    }

    pub(super) fn error_sent(&self, code: ErrorCode) {
        self.errors.get_or_create(&error_label(code)).inc();
    }

    pub(super) fn committed(&self, messages: usize, within: Duration) {
        self.commit_messages.observe(messages as f64);
        self.commit_seconds.observe(within.as_secs_f64());
    }
}

/// `socket` or `stream`.
fn kind_label(kind: &'static str) -> Labels<1> {
    [("kind", kind.into())]
}

fn error_label(code: ErrorCode) -> Labels<1> {
    [("code", code.as_str().into())]
}

fn close_labels(kind: &'static str, code: Option<CloseCode>) -> Labels<2> {
    let code = code.map_or("gone".into(), |code| (code as u16).to_string().into());
    [("kind", kind.into()), ("code", code)]
}
