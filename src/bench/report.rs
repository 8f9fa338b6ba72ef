//! What was measured: figures of runs, their medians, a table for people and JSON for programs.

use serde_json::{Map, Value, json};

use super::figures::{Figures, medians};

/// What was measured in one way, and all its runs.
pub(super) struct Case {
    /// What tells it from others: `target`, `sockets` …
    labels: Vec<(&'static str, String)>,
    runs: Vec<Figures>,
    /// Medians.
    pub(super) figures: Figures,
}

/// A scenario's cases.
pub(super) struct Report {
    name: &'static str,
    columns: &'static [&'static str],
    pub(super) cases: Vec<Case>,
}

impl Report {
    /// Nothing yet; the table shows these figures.
    pub(super) fn new(name: &'static str, columns: &'static [&'static str]) -> Self {
        Self {
            name,
            columns,
            cases: Vec::new(),
        }
    }

    /// Adds a run to the case with these labels.
    pub(super) fn add(&mut self, labels: &[(&'static str, String)], figures: Figures) {
        let place = self.cases.iter_mut().find(|case| case.labels == labels);
        match place {
            Some(case) => {
                case.runs.push(figures);
                case.figures = medians(&case.runs);
            }
            None => self.cases.push(Case {
                labels: labels.to_vec(),
                figures: figures.clone(),
                runs: vec![figures],
            }),
        }
    }

    /// Notes in each case how many times as large a figure is as with another target, all else being the same.
    pub(super) fn compare(&mut self, name: &str, with: &str, ratio: &str) {
        let rest = |case: &Case| -> Vec<(&'static str, String)> {
            let labels = case.labels.iter().filter(|(label, _)| *label != "target");
            labels.cloned().collect()
        };
        let is = |case: &Case, target: &str| case.label("target") == Some(target);
        let yardsticks: Vec<_> = self
            .cases
            .iter()
            .filter(|case| is(case, with))
            .filter_map(|case| Some((rest(case), case.figures.get(name)?)))
            .collect();
        for case in self.cases.iter_mut().filter(|case| !is(case, with)) {
            let labels = rest(case);
            let yardstick = yardsticks.iter().find(|(others, _)| *others == labels);
            if let (Some((_, yardstick)), Some(own)) = (yardstick, case.figures.get(name))
                && *yardstick > 0.0
            {
                case.figures.set(ratio, own / yardstick);
            }
        }
    }

    /// Lines of aligned columns.
    pub(super) fn table(&self) -> String {
        let Some(first) = self.cases.first() else {
            return String::new();
        };
        let heads = first.labels.iter().map(|(label, _)| *label);
        let heads = heads.chain(self.columns.iter().copied());
        let mut lines: Vec<Vec<String>> = vec![heads.map(str::to_owned).collect()];
        for case in &self.cases {
            let labels = case.labels.iter().map(|(_, value)| value.clone());
            let figures = self
                .columns
                .iter()
                .map(|name| shown(case.figures.get(name)));
            lines.push(labels.chain(figures).collect());
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
                names.iter().filter_map(|name| case.figures.get(name)).sum()
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
            let wrong = sum(&[
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
            if wrong > 0.0 {
                text += &format!(
                    "  ! {labels}: {wrong} things went wrong (lost, doubled, refused, closed, not stored)\n"
                );
            }
        }
        text
    }

    /// Everything, also what the table leaves out.
    pub(super) fn json(&self) -> Value {
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
            object.insert("figures".into(), case.figures.json());
            let runs: Vec<_> = case.runs.iter().map(Figures::json).collect();
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

fn shown(value: Option<f64>) -> String {
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

    fn run(value: f64, lost: f64) -> Figures {
        let mut figures = Figures::default();
        figures.set("us", value);
        figures.set("lost", lost);
        figures
    }

    #[test]
    fn the_middle_run_counts_and_every_loss() {
        let mut report = Report::new("example", &["us", "ratio"]);
        for (value, lost) in [(3.0, 0.0), (100.0, 1.0), (4.0, 0.0)] {
            report.add(&[("target", "sqlite".into())], run(value, lost));
            report.add(&[("target", "raw".into())], run(value / 2.0, 0.0));
        }
        report.compare("us", "raw", "ratio");
        let figures = &report.cases[0].figures;
        assert_eq!(figures.get("us"), Some(4.0));
        assert_eq!(figures.get("lost"), Some(1.0));
        assert_eq!(figures.get("ratio"), Some(2.0));
        assert!(report.table().contains("! target sqlite: 1 things"));
        assert_eq!(report.json()["cases"][1]["runs"][1]["us"], 50.0);
    }
}
