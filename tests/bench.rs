//! `teahouse bench` measures: not whether it is fast, but whether what it says is whole.

use crate::support::Teahouse;
use crate::support::database::server;
use serde_json::Value;
use tempfile::TempDir;

/// Measures something small, and reads what is said about it to programs; each case by its target.
fn measured(words: &[&str]) -> Vec<(String, Value)> {
    let folder = TempDir::new().expect("a folder");
    let mut all = vec![
        "bench",
        "--quick",
        "--seconds",
        "0.3",
        "--json",
        "figures.json",
        "--dir",
        ".",
    ];
    let server = server();
    if let Some(url) = &server {
        all.extend(["--database-url", url]);
    }
    all.extend(words);
    let outcome = Teahouse::run(&all, &[], folder.path());
    assert!(outcome.status.success(), "{outcome:?}");
    let json = std::fs::read(folder.path().join("figures.json")).expect("figures");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let cases = json["scenarios"][0]["cases"].as_array().expect("cases");
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder")
        .collect();
    assert_eq!(left.len(), 1, "temporary folders are removed");
    let target = |case: &Value| case["target"].as_str().expect("a target").to_owned();
    cases
        .iter()
        .map(|case| (target(case), case.clone()))
        .collect()
}

#[test]
fn everybody_hears_everything_and_all_of_it_is_stored() {
    let cases = measured(&["fanout", "--sockets", "8", "--posters", "3"]);
    let targets: Vec<&str> = cases.iter().map(|(target, _)| target.as_str()).collect();
    let expected: &[&str] = match server() {
        Some(_) => &["raw", "sqlite", "mysql"],
        None => &["raw", "sqlite"],
    };
    assert_eq!(targets, expected);
    for (target, case) in &cases {
        assert_eq!((&case["sockets"], &case["posters"]), (&8.into(), &3.into()));
        let figure = |name: &str| {
            case["figures"][name]
                .as_f64()
                .unwrap_or_else(|| panic!("{name} of {case}"))
        };
        assert!(figure("posts") >= 3.0, "{case}");
        assert_eq!(figure("deliveries"), figure("posts") * 8.0, "{case}");
        assert_eq!(
            (figure("lost"), figure("doubled"), figure("closed")),
            (0.0, 0.0, 0.0),
            "{case}"
        );
        assert!(figure("ack_p99_ms") >= figure("ack_p50_ms"), "{case}");
        assert!(figure("server_us") > 0.0, "{case}");
        if target != "raw" {
            assert_eq!(figure("rows"), figure("posts"), "{case}");
            assert_eq!(
                (figure("rows_missing"), figure("holes")),
                (0.0, 0.0),
                "{case}"
            );
            assert!(figure("x_raw") > 0.0, "{case}");
        }
    }
}

#[test]
fn whoever_is_cut_off_is_back_and_has_everything() {
    for (_, case) in measured(&["reconnect", "--sockets", "20"]) {
        let figure = |name: &str| {
            case["figures"][name]
                .as_f64()
                .unwrap_or_else(|| panic!("{name} of {case}"))
        };
        assert_eq!(figure("complete"), 20.0, "{case}");
        assert_eq!(
            (figure("lost"), figure("doubled"), figure("closed")),
            (0.0, 0.0, 0.0),
            "{case}"
        );
    }
}
