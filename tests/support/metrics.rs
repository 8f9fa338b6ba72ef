//! The metrics endpoint.

use super::{Person, Teahouse, eventually};
use std::collections::{BTreeMap, BTreeSet};

/// Samples by `name{labels}`.
pub struct Metrics {
    pub text: String,
    pub samples: BTreeMap<String, f64>,
}

impl Metrics {
    pub async fn of(visitor: &Person) -> Self {
        let response = visitor.get("/metrics").await;
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"]
            .to_str()
            .expect("text")
            .to_owned();
        let is_shown = kind.starts_with("application/openmetrics-text; version=1.0.0");
        assert!(is_shown, "{kind}");
        Self::read(response.text().await.expect("text"))
    }

    fn read(text: String) -> Self {
        assert!(text.ends_with("# EOF\n"), "{text}");
        let mut samples = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (sample, value) = line.rsplit_once(' ').expect("a sample and its value");
            let value = value.parse().expect("a number");
            let is_expected = samples.insert(sample.to_owned(), value).is_none();
            assert!(is_expected, "twice: {line}");
        }
        Self { text, samples }
    }

    /// Returns a sample's value; 0 when it is absent.
    pub fn get(&self, sample: &str) -> f64 {
        self.samples.get(sample).copied().unwrap_or_default()
    }

    /// Returns the names of all samples.
    pub fn names(&self) -> BTreeSet<&str> {
        let name = |sample: &'_ str| sample.find('{').unwrap_or(sample.len());
        self.samples
            .keys()
            .map(|sample| &sample[..name(sample)])
            .collect()
    }

    /// Returns all values of a label.
    pub fn labels(&self, label: &str) -> BTreeSet<String> {
        let start = format!("{label}=\"");
        let value = |line: &str| Some(line.split_once(&start)?.1.split_once('"')?.0.to_owned());
        self.text.lines().filter_map(value).collect()
    }
}

/// Returns the number of queries of a page, from its log line.
pub async fn count_queries(server: &Teahouse, person: &Person, path: &str, route: &str) -> u64 {
    let wanted = format!("method=GET route=\"{route}\"");
    let before = server.log().len();
    person.get(path).await;
    eventually("the page's line in the log", || async {
        let log = server.log();
        let line = log[before..].iter().find(|line| line.contains(&wanted))?;
        let count = line.split("queries=").nth(1)?;
        count.split_whitespace().next()?.parse().ok()
    })
    .await
}
