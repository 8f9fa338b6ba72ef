//! Comparison of two builds that were measured in turn.

use crate::metrics::median;
use crate::report::{Case, Report, align, describe, format_value};
use crate::target::Build;

/// Metrics to compare: costs per unit of work, which vary less than throughput does.
const COSTS: [&str; 8] = [
    "server_us",
    "server_us_per_post",
    "database_us_per_post",
    "cpu_us",
    "connect_us",
    "kib_idle",
    "server_us_per_person",
    "idle_mib",
];

/// Formats a line per case and metric: both medians, the median of the ratios of the runs, and their range.
pub(crate) fn table(report: &Report) -> String {
    let head = ["", "metric", "before", "after", "ratio", "from", "to"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for case in &report.cases {
        if let Some(before) = report.counterpart(case, "build", Build::Before.name()) {
            let costs = COSTS.iter().filter(|cost| report.columns.contains(cost));
            lines.extend(costs.filter_map(|cost| line(cost, before, case)));
        }
    }
    format!("\n{}, after ÷ before\n{}", report.name, align(&lines))
}

fn line(cost: &str, before: &Case, after: &Case) -> Option<Vec<String>> {
    let medians = [before, after].map(|case| format_value(case.medians.get(cost)));
    let ratios = before
        .runs
        .iter()
        .zip(&after.runs)
        .filter_map(|(before, after)| {
            let before = before.get(cost).filter(|value| *value > 0.0)?;
            Some(after.get(cost)? / before)
        });
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    let range = [*ratios.first()?, *ratios.last()?];
    let labels = after.labels.iter().filter(|(name, _)| *name != "build");
    let labels: Vec<_> = labels.cloned().collect();
    let mut line = vec![describe(&labels), cost.to_owned()];
    line.extend(medians);
    line.extend([median(ratios), range[0], range[1]].map(|ratio| format!("{ratio:.3}")));
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn ratio_is_the_median_over_pairs_of_runs() {
        let mut report = Report::new("pages", &["cpu_us", "failed"]);
        for (before, after) in [(100.0, 110.0), (200.0, 202.0), (50.0, 50.0)] {
            for (build, value) in [("before", before), ("after", after)] {
                let mut metrics = Metrics::default();
                metrics.set("cpu_us", value);
                let labels = [("target", "sqlite"), ("build", build), ("request", "304")];
                let labels = labels.map(|(name, value)| (name, value.to_owned()));
                report.add(labels.to_vec(), metrics);
            }
        }
        let table = table(&report);
        let words: Vec<&str> = table
            .lines()
            .last()
            .unwrap_or("")
            .split_whitespace()
            .collect();
        let expected = "target sqlite, request 304 cpu_us 100 110 1.010 1.000 1.100";
        assert_eq!(words.join(" "), expected, "{table}");
    }
}
