//! `teahouse-bench`: measures the server on this machine beside a minimal broadcaster, and audits what was stored.
//!
//! Servers run as child processes, so their cost is counted separately; the load generator is one thread of this process.
//! Each scenario is a file in `scenarios/` that returns a report.
//!
//! # Errors
//! Functions fail when a server, the database or the kernel refuses what a measurement needs; the error is one sentence
//! for the person who runs it.

mod actix_baseline;
mod broadcaster;
mod comparison;
mod environment;
mod epoll_client;
mod fixtures;
mod frame;
mod http_client;
mod load;
mod measurement;
mod metrics;
mod options;
mod payloads;
mod posters;
mod process;
mod reconnecting_clients;
mod regression;
mod report;
mod scenarios;
mod server;
mod socket;
mod target;

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

use self::options::{Cli, Command, Options, Scenario};
use self::report::Report;

/// `f_type` of a file system in memory.
const TMPFS: i64 = 0x0102_1994;

/// Id of the room that every user is a member of.
const LOBBY: i64 = 1;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("teahouse-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    raise_file_limit()?;
    match cli.command {
        None => measure(&cli.options),
        Some(Command::Compare { before, options }) => measure(&options.comparing(before)?),
        Some(Command::Raw) => broadcaster::serve(),
        Some(Command::Bare) => actix_baseline::serve(),
    }
}

fn measure(options: &Options) -> Result<()> {
    let scenarios = match options.scenarios.is_empty() {
        true => Scenario::value_variants(),
        false => &options.scenarios,
    };
    let against = options.against.as_deref().map(read_json).transpose()?;
    if cfg!(debug_assertions) {
        progress("this is a debug build: its results mean nothing");
    }
    let dir = options.dir.clone().unwrap_or_else(std::env::temp_dir);
    if rustix::fs::statfs(&dir).is_ok_and(|found| found.f_type == TMPFS) {
        progress("the folder is in memory, where storing costs nothing: choose another with --dir");
    }
    let mut reports = Vec::new();
    for scenario in scenarios {
        let report = scenarios::run(*scenario, options)?;
        print!("{}", report.table());
        if options.before.is_some() {
            print!("{}", comparison::table(&report));
        }
        let _ = std::io::stdout().flush();
        reports.push(report);
    }
    if let Some(path) = &options.json {
        fs::write(path, to_json(options, &reports))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    match &against {
        Some(against) => regression::require_no_regression(against, &reports),
        None => Ok(()),
    }
}

/// Reads a file that `--json` wrote.
fn read_json(path: &Path) -> Result<Value> {
    let read = || anyhow::Ok(serde_json::from_slice(&fs::read(path)?)?);
    read().with_context(|| format!("{} cannot be read", path.display()))
}

fn to_json(options: &Options, reports: &[Report]) -> String {
    let (runs, seconds) = options.effort();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let reports: Vec<_> = reports.iter().map(Report::json).collect();
    let all = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "debug": cfg!(debug_assertions),
        "cores": cores,
        "runs": runs,
        "seconds": seconds,
        "scenarios": reports,
    });
    format!("{all:#}\n")
}

/// Shows a status line on standard error.
fn progress(status: &str) {
    let mut out = std::io::stderr();
    let _ = match out.is_terminal() {
        true => write!(out, "\r\x1b[K{status}"),
        false => writeln!(out, "{status}"),
    };
}

/// Raises the soft limit of open files to the hard limit: each socket is one.
fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).context("the limit of open files cannot be raised")
}
