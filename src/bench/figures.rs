//! What one run gave, and what many runs gave together.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// These are no medians, but the sums of all runs: one loss is a loss.
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

/// Times in microseconds, from one to a minute, to three digits.
///
/// # Errors
/// Never: its bounds are right.
pub(super) fn histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, 60_000_000, 3).map_err(Error::internal)
}

/// As histograms take it.
pub(super) fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What one run gave, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Notes a figure.
    pub(super) fn set(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    /// Notes how long something took, in milliseconds.
    pub(super) fn latency(&mut self, name: &str, histogram: &Histogram<u64>) {
        for (part, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
            let microseconds = histogram.value_at_quantile(quantile);
            self.set(&format!("{name}_{part}_ms"), microseconds as f64 / 1e3);
        }
    }

    /// Notes these figures of another part of the run; what is there already grows by them.
    pub(super) fn add(&mut self, other: &Self, names: &[&str]) {
        for name in names {
            let sum = self.get(name).unwrap_or(0.0) + other.get(name).unwrap_or(0.0);
            self.set(name, sum);
        }
    }

    /// All of them, by name.
    pub(super) fn json(&self) -> Value {
        json!(self.0)
    }

    /// A figure, if it was noted.
    pub(super) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

/// The middle of each figure, or the sum of what went wrong.
pub(super) fn medians(runs: &[Figures]) -> Figures {
    let names = runs.iter().flat_map(|run| run.0.keys());
    let mut figures = Figures::default();
    for name in names {
        if figures.get(name).is_none() {
            let mut values: Vec<f64> = runs.iter().filter_map(|run| run.get(name)).collect();
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            let median = match values.len() % 2 {
                1 => values[middle],
                _ => f64::midpoint(values[middle - 1], values[middle]),
            };
            let is_summed = SUMMED.contains(&name.as_str());
            figures.set(
                name,
                if is_summed {
                    values.iter().sum()
                } else {
                    median
                },
            );
        }
    }
    figures
}
