//! Comparison with an earlier measurement, possibly on another machine: only ratios to a baseline of the same run are
//! compared.

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use crate::report::Report;

/// Metrics that are ratios to a baseline.
const RATIOS: [&str; 2] = ["x_raw", "x_bare"];
/// Factor beyond which a ratio counts as worse.
const TOLERANCE: f64 = 1.2;

/// Compares with `before`, which `--json` wrote.
///
/// # Errors
/// With each ratio that got worse, or when no case is in both.
pub(crate) fn require_no_regression(before: &Value, reports: &[Report]) -> Result<()> {
    let mut compared = 0;
    let mut worse = Vec::new();
    for report in reports.iter().map(Report::json) {
        let earlier = list(&before["scenarios"]).find(|one| one["name"] == report["name"]);
        let earlier = earlier.unwrap_or(&Value::Null);
        for case in list(&report["cases"]) {
            let same = list(&earlier["cases"]).find(|one| labels(one).eq(labels(case)));
            for ratio in RATIOS {
                let value = |case: &Value| case["figures"][ratio].as_f64();
                if let (Some(was), Some(is)) = (same.and_then(value), value(case)) {
                    compared += 1;
                    if is > was * TOLERANCE {
                        let labels: Vec<String> = labels(case)
                            .map(|(label, value)| format!("{label} {value}"))
                            .collect();
                        let name = report["name"].as_str().unwrap_or_default();
                        let labels = labels.join(", ");
                        worse.push(format!("{name}, {labels}: {ratio} {is:.2}, was {was:.2}"));
                    }
                }
            }
        }
    }
    ensure!(compared > 0, "there is nothing to compare");
    if !worse.is_empty() {
        bail!("slower than before: {}", worse.join("; "));
    }
    Ok(())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The fields of a case that identify it.
fn labels(case: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let fields = case.as_object().into_iter().flatten();
    fields.filter(|(name, _)| !matches!(name.as_str(), "figures" | "runs"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    fn report(ratio: f64) -> Report {
        let mut metrics = Metrics::default();
        metrics.set("x_raw", ratio);
        let mut report = Report::new("fanout", &["x_raw"]);
        report.add(vec![("sockets", "100".into())], metrics);
        report
    }

    #[test]
    fn ratio_may_grow_by_a_fifth() {
        let before = serde_json::json!({"scenarios": [report(2.0).json()]});
        assert!(require_no_regression(&before, &[report(2.3)]).is_ok());
        let slower = require_no_regression(&before, &[report(2.5)]).expect_err("slower");
        assert!(
            slower
                .to_string()
                .contains("sockets 100: x_raw 2.50, was 2.00")
        );
        assert!(require_no_regression(&serde_json::json!({}), &[report(1.0)]).is_err());
    }
}
