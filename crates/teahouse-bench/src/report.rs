//! Results of a scenario: metrics of each run and their medians, as a table and as JSON.

use serde_json::{Map, Value, json};

use crate::metrics::{Metrics, medians};

/// Identify a configuration: `target`, `sockets` …
pub(crate) type Labels = [(&'static str, String)];

/// One configuration that was measured, with all its runs.
pub(crate) struct Case {
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) runs: Vec<Metrics>,
    pub(crate) medians: Metrics,
}

/// All cases of a scenario.
pub(crate) struct Report {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
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

    /// What is measured next, for the person who waits.
    pub(crate) fn status(&self, labels: &Labels, run: u32) -> String {
        format!("{}: {}, run {run}", self.name, describe(labels))
    }

    /// Adds a run to the case with these labels.
    pub(crate) fn add(&mut self, labels: Vec<(&'static str, String)>, metrics: Metrics) {
        let found = self.cases.iter_mut().find(|case| case.labels == labels);
        match found {
            Some(case) => {
                case.runs.push(metrics);
                case.medians = medians(&case.runs);
            }
            None => self.cases.push(Case {
                labels,
                medians: metrics.clone(),
                runs: vec![metrics],
            }),
        }
    }

    /// Sets `ratio` in each case to the metric divided by that of the baseline target with otherwise equal labels.
    pub(crate) fn set_ratios(&mut self, name: &str, baseline: &str, ratio: &str) {
        let ratio_of = |case: &Case| {
            let baseline = self.counterpart(case, "target", baseline)?;
            let divisor = baseline.medians.get(name).filter(|value| *value > 0.0)?;
            Some(case.medians.get(name)? / divisor)
        };
        let ratios: Vec<Option<f64>> = self.cases.iter().map(ratio_of).collect();
        for (case, value) in self.cases.iter_mut().zip(ratios) {
            if let Some(value) = value {
                case.medians.set(ratio, value);
            }
        }
    }

    /// Returns the case that differs from this one in one label only, which has this value.
    pub(crate) fn counterpart(&self, case: &Case, label: &str, value: &str) -> Option<&Case> {
        let mut labels = case.labels.clone();
        let (_, changed) = labels.iter_mut().find(|(name, _)| *name == label)?;
        if changed == value {
            return None;
        }
        value.clone_into(changed);
        self.cases.iter().find(|other| other.labels == labels)
    }

    /// Sets `ratio` in each case to one of its metrics divided by another.
    pub(crate) fn set_ratios_in_case(&mut self, ratio: &str, name: &str, divisor: &str) {
        for case in &mut self.cases {
            if let (Some(value), Some(divisor)) =
                (case.medians.get(name), case.medians.get(divisor))
            {
                case.medians.set(ratio, value / divisor);
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
        format!("\n{}\n{}{}", self.name, align(&lines), self.warnings())
    }

    fn warnings(&self) -> String {
        let mut text = String::new();
        for case in &self.cases {
            let sum = |names: &[&str]| -> f64 {
                names.iter().filter_map(|name| case.medians.get(name)).sum()
            };
            let labels = describe(&case.labels);
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
                    "  ! {labels}: {failures} failures (messages lost, doubled, refused or not stored; sockets closed)\n"
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

/// Formats labels as `sockets 100, posters 4`.
pub(crate) fn describe(labels: &Labels) -> String {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, value)| format!("{label} {value}"))
        .collect();
    labels.join(", ")
}

/// Formats lines of cells with aligned columns.
pub(crate) fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:>width$}"))
            .collect();
        text += &format!("  {}\n", cells.join("  "));
    }
    text
}

pub(crate) fn format_value(value: Option<f64>) -> String {
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
            report.add(vec![("target", "sqlite".into())], run(value, lost));
            report.add(vec![("target", "raw".into())], run(value / 2.0, 0.0));
        }
        report.set_ratios("us", "raw", "ratio");
        let medians = &report.cases[0].medians;
        assert_eq!(medians.get("us"), Some(4.0));
        assert_eq!(medians.get("lost"), Some(1.0));
        assert_eq!(medians.get("ratio"), Some(2.0));
        assert!(report.table().contains("! target sqlite: 1 failures"));
        assert_eq!(report.json()["cases"][1]["runs"][1]["us"], 50.0);
    }
}
