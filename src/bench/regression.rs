//! Whether what was measured is worse than what was measured before, as far as that can be said of another machine: by
//! figures that are ratios to something measured in the same run.

use serde_json::Value;

use super::report::Report;
use crate::error::{Error, Result};

/// How many times a yardstick something takes.
const RATIOS: [&str; 2] = ["x_raw", "x_bare"];
/// So much more than before is worse.
const WORSE: f64 = 1.2;

/// Refuses reports of which a ratio grew since `before`, which is what `--json` wrote.
///
/// # Errors
/// `Unavailable` with what got worse, or when there is nothing to compare.
pub(super) fn require_no_worse(before: &Value, reports: &[Report]) -> Result<()> {
    let mut compared = 0;
    let mut worse = Vec::new();
    for report in reports.iter().map(Report::json) {
        let earlier = list(&before["scenarios"]).find(|one| one["name"] == report["name"]);
        let earlier = earlier.unwrap_or(&Value::Null);
        for case in list(&report["cases"]) {
            let same = list(&earlier["cases"]).find(|one| labels(one).eq(labels(case)));
            for ratio in RATIOS {
                let figure = |case: &Value| case["figures"][ratio].as_f64();
                if let (Some(was), Some(is)) = (same.and_then(figure), figure(case)) {
                    compared += 1;
                    if is > was * WORSE {
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
    match (compared, worse.is_empty()) {
        (0, _) => Err(Error::Unavailable("there is nothing to compare".into())),
        (_, true) => Ok(()),
        (_, false) => Err(Error::Unavailable(format!(
            "slower than before: {}",
            worse.join("; ")
        ))),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What tells a case from others.
fn labels(case: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let fields = case.as_object().into_iter().flatten();
    fields.filter(|(name, _)| !matches!(name.as_str(), "figures" | "runs"))
}

#[cfg(test)]
mod tests {
    use super::super::figures::Figures;
    use super::*;

    fn report(ratio: f64) -> Report {
        let mut figures = Figures::default();
        figures.set("x_raw", ratio);
        let mut report = Report::new("fanout", &["x_raw"]);
        report.add(&[("sockets", "100".into())], figures);
        report
    }

    #[test]
    fn a_ratio_may_grow_a_little() {
        let before = serde_json::json!({"scenarios": [report(2.0).json()]});
        assert!(require_no_worse(&before, &[report(2.3)]).is_ok());
        let slower = require_no_worse(&before, &[report(2.5)]).expect_err("slower");
        assert!(
            slower
                .to_string()
                .contains("sockets 100: x_raw 2.50, was 2.00")
        );
        assert!(require_no_worse(&serde_json::json!({}), &[report(1.0)]).is_err());
    }
}
