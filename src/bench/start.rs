//! `start`: how long the program takes until it is ready to work, what it needs when nobody is there, how large it is.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::figures::Figures;
use super::http::Client;
use super::options::{Options, Target};
use super::report::Report;
use super::stage::Stage;
use super::{in_turn, progress};
use crate::error::{Error, Result};

const READY: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: bench.invalid\r\n\r\n";
const CALM: Duration = Duration::from_secs(2);
const COLUMNS: &[&str] = &["ready_ms", "cpu_ms", "idle_mib", "binary_mb", "stripped_mb"];

/// Measures.
///
/// # Errors
/// `Unavailable` when the server does not become ready.
pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("start", COLUMNS);
    let (runs, _) = options.effort();
    let targets = options
        .targets(&[Target::Sqlite, Target::Mysql])
        .into_iter();
    let stages: Vec<Stage> = targets
        .map(|target| Stage::open(options, target, 100))
        .collect::<Result<_>>()?;
    in_turn(runs, &stages, |stage, run| {
        let name = stage.target.name();
        progress(&format!("start: {name}, run {run}"));
        report.add(&[("target", name.to_owned())], measure(stage)?);
        Ok(())
    })?;
    Ok(report)
}

fn measure(stage: &Stage) -> Result<Figures> {
    let mut figures = Figures::default();
    let begin = Instant::now();
    let server = stage.serve()?;
    while Client::open(server.address)?.ask(READY)?.status != 200 {}
    figures.set("ready_ms", begin.elapsed().as_secs_f64() * 1e3);
    std::thread::sleep(CALM);
    figures.set("cpu_ms", server.process.cpu().as_secs_f64() * 1e3);
    figures.set(
        "idle_mib",
        server.process.resident() as f64 / 1024.0 / 1024.0,
    );
    server.stop()?;
    let program = std::env::current_exe().map_err(Error::internal)?;
    let size = |path: &std::path::Path| std::fs::metadata(path).map(|file| file.len() as f64 / 1e6);
    figures.set("binary_mb", size(&program).map_err(Error::internal)?);
    let stripped = stage.folder().join("stripped");
    let strip = Command::new("strip")
        .args([
            std::ffi::OsStr::new("-o"),
            stripped.as_os_str(),
            program.as_os_str(),
        ])
        .stderr(Stdio::null())
        .status();
    // Where there is no such tool, the figure is missing.
    if strip.is_ok_and(|status| status.success()) {
        figures.set("stripped_mb", size(&stripped).map_err(Error::internal)?);
    }
    Ok(figures)
}
