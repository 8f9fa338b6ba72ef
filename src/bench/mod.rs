//! `teahouse bench`: measures the program on this machine, beside a broadcaster that does nothing but send, and audits
//! what was stored. The servers are processes of their own; the generator is one thread of this one.
//!
//! A scenario is a file of its own that answers a report.

mod bare;
mod child;
mod choir;
mod connect;
mod fanout;
mod figures;
mod follower;
mod http;
mod options;
mod pages;
mod peer;
mod phrases;
mod process;
mod raw;
mod reconnect;
mod regression;
mod report;
mod rooms;
mod stage;
mod start;
mod swarm;
mod talk;
mod talkers;
mod wire;
mod write;

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

pub use self::options::Options;
use self::options::Scenario;
use self::report::Report;
use self::stage::Stage;
use crate::error::{Error, Result};

/// What is measured when nothing else is asked for.
const ALL: [Scenario; 7] = [
    Scenario::Fanout,
    Scenario::Connect,
    Scenario::Write,
    Scenario::Rooms,
    Scenario::Pages,
    Scenario::Reconnect,
    Scenario::Start,
];

/// The kind of file system that is only memory.
const TMPFS: i64 = 0x0102_1994;

/// Measures what is asked for and prints it.
///
/// # Errors
/// `Unavailable` with one sentence about what keeps it from measuring.
pub fn run(options: &Options) -> Result<()> {
    raise_file_limit()?;
    match options.scenarios[..] {
        [Scenario::Raw] => return raw::serve(),
        [Scenario::Bare] => return bare::serve(options),
        _ => {}
    }
    let scenarios = match options.scenarios.is_empty() {
        true => ALL.to_vec(),
        false => options.scenarios.clone(),
    };
    let before = options.against.as_deref().map(read).transpose()?;
    if cfg!(debug_assertions) {
        progress("this is a debug build: its figures say nothing");
    }
    let dir = options.dir.clone().unwrap_or_else(std::env::temp_dir);
    if rustix::fs::statfs(&dir).is_ok_and(|found| found.f_type == TMPFS) {
        progress("the folder is in memory, where storing costs nothing: give another with --dir");
    }
    let mut reports = Vec::new();
    for scenario in scenarios {
        let report = measure(scenario, options)?;
        print!("{}", report.table());
        let _ = std::io::stdout().flush();
        reports.push(report);
    }
    if let Some(path) = &options.json {
        fs::write(path, json(options, &reports)).map_err(|error| {
            Error::Unavailable(format!("{} cannot be written: {error}", path.display()))
        })?;
    }
    match &before {
        Some(before) => regression::require_no_worse(before, &reports),
        None => Ok(()),
    }
}

/// What `--json` wrote another time.
fn read(path: &Path) -> Result<Value> {
    let text = fs::read(path).map_err(|error| error.to_string());
    let json =
        text.and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
    json.map_err(|error| Error::Unavailable(format!("{} cannot be read: {error}", path.display())))
}

fn measure(scenario: Scenario, options: &Options) -> Result<Report> {
    match scenario {
        Scenario::Fanout => fanout::run(options),
        Scenario::Write => write::run(options),
        Scenario::Rooms => rooms::run(options),
        Scenario::Connect => connect::run(options),
        Scenario::Pages => pages::run(options),
        Scenario::Reconnect => reconnect::run(options),
        Scenario::Start => start::run(options),
        Scenario::Raw | Scenario::Bare => Err(Error::Unavailable("a server stands alone".into())),
    }
}

fn json(options: &Options, reports: &[Report]) -> String {
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

/// All stages, again and again: what changes on the machine meanwhile, changes for all of them.
fn in_turn(
    runs: u32,
    stages: &[Stage],
    mut measure: impl FnMut(&Stage, u32) -> Result<()>,
) -> Result<()> {
    for run in 1..=runs {
        for stage in stages {
            measure(stage, run)?;
        }
    }
    Ok(())
}

/// Tells whoever waits; nothing of it is for programs.
fn progress(what: &str) {
    let mut out = std::io::stderr();
    let _ = match out.is_terminal() {
        true => write!(out, "\r\x1b[K{what}"),
        false => writeln!(out, "{what}"),
    };
}

/// Each socket is an open file.
fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised)
        .map_err(|error| Error::Unavailable(format!("the limit of open files stays low: {error}")))
}
