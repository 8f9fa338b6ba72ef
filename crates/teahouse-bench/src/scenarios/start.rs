//! `start`: time until the server is ready, its idle memory, and the size of the program.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Servers, nothing};
use crate::environment::Environment;
use crate::http_client::HttpClient;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::report::Report;
use crate::target::Target;

const READY: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: bench.invalid\r\n\r\n";
/// Idle time before memory is read.
const IDLE: Duration = Duration::from_secs(2);
const COLUMNS: &[&str] = &["ready_ms", "cpu_ms", "idle_mib", "binary_mb", "stripped_mb"];

pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("start", COLUMNS);
    let targets = [Target::Sqlite, Target::Mysql];
    let servers = Servers::create(options, &targets, 100, nothing)?;
    servers.measure(&mut report, &[], |environment, ()| measure(environment))?;
    Ok(report)
}

fn measure(environment: &Environment) -> Result<Metrics> {
    let mut metrics = Metrics::default();
    let begin = Instant::now();
    let server = environment.serve()?;
    while HttpClient::connect(server.address)?.send(READY)?.status != 200 {}
    metrics.set("ready_ms", begin.elapsed().as_secs_f64() * 1e3);
    std::thread::sleep(IDLE);
    metrics.set("cpu_ms", server.process.cpu().as_secs_f64() * 1e3);
    metrics.set(
        "idle_mib",
        server.process.resident() as f64 / 1024.0 / 1024.0,
    );
    server.stop()?;
    let megabytes = |path: &Path| std::fs::metadata(path).map(|file| file.len() as f64 / 1e6);
    metrics.set("binary_mb", megabytes(&environment.program)?);
    let stripped = environment.folder().join("stripped");
    let strip = Command::new("strip")
        .arg("-o")
        .args([&stripped, &environment.program])
        .stderr(Stdio::null())
        .status();
    // Without this tool the metric is missing.
    if strip.is_ok_and(|status| status.success()) {
        metrics.set("stripped_mb", megabytes(&stripped)?);
    }
    Ok(metrics)
}
