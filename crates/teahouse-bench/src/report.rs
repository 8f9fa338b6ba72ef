//! Results of a scenario: metrics of each run and their medians, as a table and as JSON.

use serde_json::{Map, Value, json};

use crate::metrics::{Metrics, medians};

/// One configuration that was measured, with all its runs.
pub(crate) struct Case {
    /// Identify the configuration: `target`, `sockets` …
    labels: Vec<(&'static str, String)>,
    runs: Vec<Metrics>,
    pub(crate) medians: Metrics,
}

/// All cases of a scenario.
pub(crate) struct Report {
    name: &'static str,
    columns: &'static [&'static str],
    pub(crate) cases: Vec<Case>,
}

impl Report {
    /// An empty report whose table shows these metrics.
    pub(crate) fn new(name: &'static str, columns: &'static [&'static str]) -> Self {
        Self {
            name,
            columns,
            cases: Vec::new(),
        }
    }

    /// Adds a run to the case with these labels.
    pub(crate) fn add(&mut self, labels: &[(&'static str, String)], metrics: Metrics) {
        let found = self.cases.iter_mut().find(|case| case.labels == labels);
        match found {
            Some(case) => {
                case.runs.push(metrics);
                case.medians = medians(&case.runs);
            }
            None => self.cases.push(Case {
                labels: labels.to_vec(),
                medians: metrics.clone(),
                runs: vec![metrics],
            }),
        }
    }

    /// Sets `ratio` in each case to the metric divided by that of the baseline target with otherwise equal labels.
    pub(crate) fn compare(&mut self, name: &str, baseline: &str, ratio: &str) {
        let other_labels = |case: &Case| -> Vec<(&'static str, String)> {
            let labels = case.labels.iter().filter(|(label, _)| *label != "target");
            labels.cloned().collect()
        };
        let is_baseline = |case: &Case| case.label("target") == Some(baseline);
        let baselines: Vec<_> = self
            .cases
            .iter()
            .filter(|case| is_baseline(case))
            .filter_map(|case| Some((other_labels(case), case.medians.get(name)?)))
            .collect();
        for case in self.cases.iter_mut().filter(|case| !is_baseline(case)) {
            let labels = other_labels(case);
            let baseline = baselines.iter().find(|(others, _)| *others == labels);
            if let (Some((_, baseline)), Some(own)) = (baseline, case.medians.get(name))
                && *baseline > 0.0
            {
                case.medians.set(ratio, own / baseline);
            }
        }
    }

    /// Formats a table with aligned columns, and warnings about failures.
    pub(crate) fn table(&self) -> String {
        let Some(first) = self.cases.first() else {
            return String::new();
        };
        let names = first.labels.iter().map(|(label, _)| *label);
        let names = names.chain(self.columns.iter().copied());
        let mut lines: Vec<Vec<String>> = vec![names.map(str::to_owned).collect()];
        for case in &self.cases {
            let labels = case.labels.iter().map(|(_, value)| value.clone());
            let values = self
                .columns
                .iter()
                .map(|name| format_value(case.medians.get(name)));
            lines.push(labels.chain(values).collect());
        }
        let width = |column: usize| {
            lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(String::len)
                .max()
        };
        let widths: Vec<usize> = (0..lines[0].len())
            .map(|column| width(column).unwrap_or(0))
            .collect();
        let mut text = format!("\n{}\n", self.name);
        for line in &lines {
            let cells = line
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:>width$}"));
            text += &format!("  {}\n", cells.collect::<Vec<_>>().join("  "));
        }
        text + &self.warnings()
    }

    fn warnings(&self) -> String {
        let mut text = String::new();
        for case in &self.cases {
            let sum = |names: &[&str]| -> f64 {
                names.iter().filter_map(|name| case.medians.get(name)).sum()
            };
            let labels: Vec<String> = case
                .labels
                .iter()
                .map(|(label, value)| format!("{label} {value}"))
                .collect();
            let labels = labels.join(", ");
            if sum(&["generator_held_up"]) > 0.0 {
                text += &format!("  ! {labels}: the generator itself was the bottleneck\n");
            }
            let failures = sum(&[
                "failed",
                "incomplete",
                "unanswered",
                "lost",
                "doubled",
                "refused",
                "closed",
                "rows_missing",
                "rows_beyond",
                "holes",
            ]);
            if failures > 0.0 {
                text += &format!(
                    "  ! {labels}: {failures} things went wrong (lost, doubled, refused, closed, not stored)\n"
                );
            }
        }
        text
    }

    /// All metrics of all runs, including those that the table leaves out.
    pub(crate) fn json(&self) -> Value {
        let case = |case: &Case| {
            let labels = case.labels.iter();
            let mut object: Map<String, Value> = labels
                .map(|(label, value)| {
                    let number = value.parse::<u64>().map(Value::from);
                    (
                        (*label).to_owned(),
                        number.unwrap_or_else(|_| Value::from(value.as_str())),
                    )
                })
                .collect();
            object.insert("figures".into(), case.medians.json());
            let runs: Vec<_> = case.runs.iter().map(Metrics::json).collect();
            object.insert("runs".into(), json!(runs));
            Value::Object(object)
        };
        json!({"name": self.name, "cases": self.cases.iter().map(case).collect::<Vec<_>>()})
    }
}

impl Case {
    fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| *label == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn format_value(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.fract() == 0.0 || value.abs() >= 1000.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 100.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: f64, lost: f64) -> Metrics {
        let mut metrics = Metrics::default();
        metrics.set("us", value);
        metrics.set("lost", lost);
        metrics
    }

    #[test]
    fn report_shows_medians_and_sums_losses() {
        let mut report = Report::new("example", &["us", "ratio"]);
        for (value, lost) in [(3.0, 0.0), (100.0, 1.0), (4.0, 0.0)] {
            report.add(&[("target", "sqlite".into())], run(value, lost));
            report.add(&[("target", "raw".into())], run(value / 2.0, 0.0));
        }
        report.compare("us", "raw", "ratio");
        let medians = &report.cases[0].medians;
        assert_eq!(medians.get("us"), Some(4.0));
        assert_eq!(medians.get("lost"), Some(1.0));
        assert_eq!(medians.get("ratio"), Some(2.0));
        assert!(report.table().contains("! target sqlite: 1 things"));
        assert_eq!(report.json()["cases"][1]["runs"][1]["us"], 50.0);
    }
}
