//! Named values of one run, and their medians over many.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Metrics of failures, which are summed over runs instead of taking the median.
const SUMMED: [&str; 12] = [
    "unanswered",
    "failed",
    "incomplete",
    "lost",
    "doubled",
    "refused",
    "retried",
    "closed",
    "rows_missing",
    "rows_beyond",
    "holes",
    "generator_held_up",
];

/// A histogram of microseconds, from 1 to 60,000,000, with three significant digits.
pub(crate) fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

/// Converts to the unit of [`histogram`].
pub(crate) fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Metrics of one run by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Sets a metric.
    pub(crate) fn set(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    /// Sets quantiles of a latency, in milliseconds.
    pub(crate) fn set_latency(&mut self, name: &str, histogram: &Histogram<u64>) {
        for (suffix, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
            let microseconds = histogram.value_at_quantile(quantile);
            self.set(&format!("{name}_{suffix}_ms"), microseconds as f64 / 1e3);
        }
    }

    /// Adds these metrics of another part of the run.
    pub(crate) fn add(&mut self, other: &Self, names: &[&str]) {
        for name in names {
            let sum = self.get(name).unwrap_or(0.0) + other.get(name).unwrap_or(0.0);
            self.set(name, sum);
        }
    }

    /// All metrics as a JSON object.
    pub(crate) fn json(&self) -> Value {
        json!(self.0)
    }

    /// Returns a metric.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

/// Returns the median of each metric, or the sum where it counts failures.
pub(crate) fn medians(runs: &[Metrics]) -> Metrics {
    let mut all: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (name, value) in runs.iter().flat_map(|run| &run.0) {
        all.entry(name).or_default().push(*value);
    }
    let mut metrics = Metrics::default();
    for (name, values) in all {
        let value = match SUMMED.contains(&name) {
            true => values.iter().sum(),
            false => median(values),
        };
        metrics.set(name, value);
    }
    metrics
}

/// Returns the median of at least one value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
