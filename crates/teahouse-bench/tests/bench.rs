//! Runs `teahouse-bench` on the `teahouse` of the same profile, which must be built before (`cargo build`). Checks that
//! its audits are complete, whatever the speed. With `TEAHOUSE_TEST_DATABASE_URL` it also measures that database server.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn database_server() -> Option<String> {
    std::env::var("TEAHOUSE_TEST_DATABASE_URL").ok()
}

fn bench(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_teahouse-bench"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("TEAHOUSE_BENCH_DATABASE_URL")
        .output()
        .expect("teahouse-bench")
}

/// Runs a short measurement. Returns each case of its JSON with its target.
fn measure(arguments: &[&str]) -> Vec<(String, Value)> {
    let server = database_server();
    let database = server.iter().flat_map(|url| ["--database-url", url]);
    let arguments: Vec<&str> = arguments.iter().copied().chain(database).collect();
    measure_and_print(&arguments).0
}

/// Like [`measure`], and returns what was printed.
fn measure_and_print(arguments: &[&str]) -> (Vec<(String, Value)>, String) {
    let folder = TempDir::new().expect("a folder");
    let mut all = arguments.to_vec();
    all.extend(["--quick", "--seconds", "0.3", "--json", "figures.json"]);
    all.extend(["--dir", "."]);
    let outcome = bench(folder.path(), &all);
    assert!(outcome.status.success(), "{outcome:?}");
    let json = std::fs::read(folder.path().join("figures.json")).expect("figures");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let cases = json["scenarios"][0]["cases"].as_array().expect("cases");
    let left = std::fs::read_dir(folder.path()).expect("the folder");
    assert_eq!(left.count(), 1, "temporary folders are removed");
    let target = |case: &Value| case["target"].as_str().expect("a target").to_owned();
    let cases = cases.iter().map(|case| (target(case), case.clone()));
    let printed = String::from_utf8_lossy(&outcome.stdout).into_owned();
    (cases.collect(), printed)
}

fn figure(case: &Value, name: &str) -> f64 {
    let value = case["figures"][name].as_f64();
    value.unwrap_or_else(|| panic!("{name} of {case}"))
}

fn assert_zero(case: &Value, names: &[&str]) {
    for name in names {
        assert_eq!(figure(case, name), 0.0, "{name} of {case}");
    }
}

#[test]
fn every_message_is_delivered_and_stored_once() {
    let cases = measure(&["fanout", "--sockets", "8", "--posters", "3"]);
    let targets: Vec<&str> = cases.iter().map(|(target, _)| target.as_str()).collect();
    let expected: &[&str] = match database_server() {
        Some(_) => &["raw", "sqlite", "mysql"],
        None => &["raw", "sqlite"],
    };
    assert_eq!(targets, expected);
    for (target, case) in &cases {
        assert_eq!((&case["sockets"], &case["posters"]), (&8.into(), &3.into()));
        let posts = figure(case, "posts");
        assert!(posts >= 3.0, "{case}");
        assert_eq!(figure(case, "deliveries"), posts * 8.0, "{case}");
        assert_zero(case, &["lost", "doubled", "closed"]);
        assert!(
            figure(case, "ack_p99_ms") >= figure(case, "ack_p50_ms"),
            "{case}"
        );
        assert!(figure(case, "server_us") > 0.0, "{case}");
        if target != "raw" {
            assert_eq!(figure(case, "rows"), posts, "{case}");
            assert_zero(case, &["rows_missing", "holes"]);
            assert!(figure(case, "x_raw") > 0.0, "{case}");
        }
    }
}

#[test]
fn reconnecting_clients_miss_nothing() {
    for (_, case) in measure(&["reconnect", "--sockets", "20"]) {
        assert_eq!(figure(&case, "complete"), 20.0, "{case}");
        assert_zero(&case, &["lost", "doubled", "closed"]);
    }
}

#[test]
fn baselines_of_pages_and_writes_run_on_each_database() {
    for (_, case) in measure(&["pages"]) {
        assert_zero(&case, &["failed"]);
        assert!(figure(&case, "cpu_us") > 0.0, "{case}");
        if case["request"] == "room page" {
            assert!(figure(&case, "x_bare") > 0.0, "{case}");
        }
    }
    for (_, case) in measure(&["write", "--posters", "1"]) {
        assert_zero(&case, &["rows_missing", "rows_beyond", "holes"]);
        assert!(figure(&case, "x_bare") > 0.0, "{case}");
    }
}

#[test]
fn two_builds_are_compared_case_by_case() {
    let program = Path::new(env!("CARGO_BIN_EXE_teahouse-bench")).with_file_name("teahouse");
    let program = program.to_str().expect("a path");
    let arguments = ["compare", program, "write", "--posters", "2"];
    let (cases, printed) = measure_and_print(&arguments);
    let builds: Vec<&Value> = cases.iter().map(|(_, case)| &case["build"]).collect();
    assert_eq!(builds, ["before", "after"]);
    for (_, case) in &cases {
        assert_zero(case, &["rows_missing", "rows_beyond", "holes"]);
    }
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = printed.lines().map(words);
    let ratios = lines.filter(|line| line.contains("posters 2 server_us_per_post"));
    assert_eq!(ratios.count(), 1, "{printed}");
}

#[test]
fn program_without_fixtures_is_named_in_the_error() {
    let folder = TempDir::new().expect("a folder");
    let arguments = [
        "fanout",
        "--program",
        "/bin/true",
        "--targets",
        "sqlite",
        "--quick",
    ];
    let outcome = bench(folder.path(), &arguments);
    assert!(!outcome.status.success(), "{outcome:?}");
    let error = String::from_utf8_lossy(&outcome.stderr);
    assert!(error.contains("--fixtures-program"), "{error}");
}
