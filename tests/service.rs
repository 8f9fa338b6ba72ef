//! The shipped systemd unit is valid and sandboxed.

use crate::support::nginx::substitute;
use std::process::{Command, Output};
use tempfile::TempDir;

const SHIPPED: &str = include_str!("../deploy/teahouse.service");
/// Highest exposure level on systemd's scale from 0 (safe) to 10; an ordinary service has 9.6.
const EXPOSURE_MAX: f64 = 2.0;

/// Runs `systemd-analyze` on the unit; `None` on a machine without systemd.
fn analyze(unit: &str, args: &[&str]) -> Option<Output> {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("teahouse.service");
    std::fs::write(&file, unit).expect("written");
    let analyze = Command::new("systemd-analyze")
        .args(args)
        .arg(file)
        .output();
    if analyze.is_err() {
        println!("SKIPPED: no systemd-analyze on this machine");
    }
    analyze.ok()
}

/// The unit with the path of the built program.
fn unit() -> String {
    let program = concat!(env!("CARGO_BIN_EXE_teahouse"), " ");
    substitute(SHIPPED, "/usr/local/bin/teahouse ", program)
}

#[test]
fn systemd_accepts_the_unit() {
    let Some(verify) = analyze(&unit(), &["verify", "--man=no"]) else {
        return;
    };
    let stderr = String::from_utf8_lossy(&verify.stderr).into_owned();
    // Messages about other units of the machine are ignored.
    let about_us = stderr
        .lines()
        .filter(|line| line.contains("teahouse"))
        .count();
    assert!(verify.status.success() && about_us == 0, "{stderr}");
}

#[test]
fn unit_is_sandboxed_and_has_a_stop_timeout() {
    let Some(security) = analyze(&unit(), &["security", "--offline=true", "--no-pager"]) else {
        return;
    };
    let report = String::from_utf8_lossy(&security.stdout).into_owned();
    let level = report.lines().find(|line| line.contains("exposure level"));
    let level = level
        .and_then(|line| line.split("service:").nth(1))
        .map(str::trim);
    println!("exposure level: {}", level.unwrap_or("unknown"));
    let number = level.and_then(|level| level.split(' ').next());
    let number = number.and_then(|number| number.parse::<f64>().ok());
    let is_expected = number.is_some_and(|number| number <= EXPOSURE_MAX);
    assert!(is_expected, "{report}");
    let mut lines = SHIPPED.lines();
    let seconds = lines.find_map(|line| line.strip_prefix("TimeoutStopSec="));
    assert!(seconds.is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|s| s > 5)));
    assert!(!SHIPPED.contains("User=root"));
}
