//! The unit for systemd is one that systemd understands, and keeps the program in.

use crate::support::nginx::substitute;
use std::process::{Command, Output};
use tempfile::TempDir;

const SHIPPED: &str = include_str!("../deploy/teahouse.service");
/// On systemd's scale from 0 (safe) to 10; what it says of an ordinary service is 9.6.
const EXPOSURE_MAX: f64 = 2.0;

/// `None` on a machine without systemd.
fn analyze(unit: &str, args: &[&str]) -> Option<Output> {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("teahouse.service");
    std::fs::write(&file, unit).expect("written");
    let analyze = Command::new("systemd-analyze")
        .args(args)
        .arg(file)
        .output();
    if analyze.is_err() {
        println!("there is no systemd-analyze here: not tried");
    }
    analyze.ok()
}

/// The unit, with the program where it really is.
fn unit() -> String {
    substitute(
        SHIPPED,
        "/usr/local/bin/teahouse ",
        &format!("{} ", env!("CARGO_BIN_EXE_teahouse")),
    )
}

#[test]
fn systemd_has_nothing_to_complain_about() {
    let Some(verify) = analyze(&unit(), &["verify", "--man=no"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&verify.stderr).into_owned();
    // It says what it thinks of the machine's other units too.
    let about_us: Vec<_> = said
        .lines()
        .filter(|line| line.contains("teahouse"))
        .collect();
    assert!(verify.status.success() && about_us.is_empty(), "{said}");
}

#[test]
fn the_program_may_do_little_but_serve() {
    let Some(security) = analyze(&unit(), &["security", "--offline=true", "--no-pager"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&security.stdout).into_owned();
    let level = said.lines().find(|line| line.contains("exposure level"));
    let level = level
        .and_then(|line| line.split("service:").nth(1))
        .map(str::trim);
    println!("exposure level: {}", level.unwrap_or("unknown"));
    let number = level
        .and_then(|level| level.split(' ').next())
        .and_then(|number| number.parse::<f64>().ok());
    assert!(
        number.is_some_and(|number| number <= EXPOSURE_MAX),
        "{said}"
    );
    let seconds = SHIPPED
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="));
    assert!(seconds.is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|s| s > 5)));
    assert!(!SHIPPED.contains("User=root"));
}
