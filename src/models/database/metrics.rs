//! What the database's door counts, for whoever watches the program.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Seconds, up to the longest that anybody waits.
const SECONDS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// See the module's description. Cheap to clone: clones count together.
#[derive(Debug, Clone)]
pub struct Figures {
    waits: Histogram,
    works: Histogram,
    refused: Family<Reason, Counter>,
}

impl Default for Figures {
    fn default() -> Self {
        let figures = Self {
            waits: Histogram::new(SECONDS),
            works: Histogram::new(SECONDS),
            refused: Family::default(),
        };
        for reason in ["queue", "deadline"] {
            let _ = figures.refused.get_or_create(&Reason { reason });
        }
        figures
    }
}

impl Figures {
    /// Names everything, for whoever shows it.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "database_wait_seconds",
            "Waits of requests for a connection of the pool",
            self.waits.clone(),
        );
        registry.register(
            "database_work_seconds",
            "What requests then did with it",
            self.works.clone(),
        );
        registry.register(
            "database_refused",
            "Requests that were given up: because too many waited, or because it took too long",
            self.refused.clone(),
        );
    }

    pub(in crate::models) fn waited(&self, time: Duration) {
        self.waits.observe(time.as_secs_f64());
    }

    pub(in crate::models) fn worked(&self, time: Duration) {
        self.works.observe(time.as_secs_f64());
    }

    /// `queue` or `deadline`.
    pub(in crate::models) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }
}
