//! Prometheus metrics of the connection pool.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the histograms' buckets, in seconds.
const BUCKETS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Times and rejections of the pool. Clones share the values.
#[derive(Debug, Clone)]
pub struct DatabaseMetrics {
    pub(super) wait_seconds: Histogram,
    pub(super) work_seconds: Histogram,
    rejected: Family<Reason, Counter>,
}

impl Default for DatabaseMetrics {
    fn default() -> Self {
        let metrics = Self {
            wait_seconds: Histogram::new(BUCKETS),
            work_seconds: Histogram::new(BUCKETS),
            rejected: Family::default(),
        };
        // Exports both series before the first rejection.
        for reason in ["queue", "deadline"] {
            let _ = metrics.rejected.get_or_create(&Reason { reason });
        }
        metrics
    }
}

impl DatabaseMetrics {
    /// Registers the metrics for export.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "database_wait_seconds",
            "Time that a request waits for a database connection of the pool",
            self.wait_seconds.clone(),
        );
        registry.register(
            "database_work_seconds",
            "Time that a request holds a database connection",
            self.work_seconds.clone(),
        );
        registry.register(
            "database_refused",
            "Database jobs rejected because the queue was full (queue) or because they exceeded the deadline (deadline)",
            self.rejected.clone(),
        );
    }

    /// Counts a rejection; `reason` is `queue` or `deadline`.
    pub(super) fn rejected(&self, reason: &'static str) {
        self.rejected.get_or_create(&Reason { reason }).inc();
    }
}
