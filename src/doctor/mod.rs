//! `teahouse doctor`: checks an installation with the server's settings and suggests a fix for each problem. Its only
//! change is a temporary session for testing the public address.
//!
//! Each check is a function `check` in a file of its own that returns findings. Those that query the database fail with
//! `Unavailable` when a query fails.

mod database;
mod disk;
mod event_stream;
mod finding;
mod free_pages;
mod http;
mod mysql;
mod open_files;
mod permissions;
mod probe_session;
mod proxy_headers;
mod public_address;
mod secret_key;
mod settings;
mod sqlite;
mod websocket;

use self::finding::{Finding, State};
use crate::commands::print;
use crate::config::Settings;
use crate::error::{Error, Result};

/// Runs all checks and prints the findings as a table or a JSON array.
///
/// # Errors
/// `Unavailable` with the number of failed checks, if any.
pub fn run(is_json: bool) -> Result<()> {
    let findings = match Settings::load() {
        Ok(settings) => run_checks(&settings),
        Err(error) => {
            let fix = "config/default.toml describes every setting";
            vec![Finding::fail("settings", error, fix)]
        }
    };
    let count = |state| {
        let matching = findings.iter().filter(|finding| finding.state == state);
        matching.count()
    };
    let failed = count(State::Fail);
    if is_json {
        let json = serde_json::to_string(&findings).map_err(Error::internal)?;
        print(&format!("{json}\n"))?;
    } else {
        let lines: String = findings.iter().map(Finding::lines).collect();
        let (ok, warnings) = (count(State::Ok), count(State::Warn));
        print(&format!(
            "{lines}\n{ok} ok, {warnings} warnings, {failed} failed\n"
        ))?;
    }
    match failed {
        0 => Ok(()),
        1 => Err(Error::Unavailable("1 check failed".into())),
        many => Err(Error::Unavailable(format!("{many} checks failed"))),
    }
}

fn run_checks(settings: &Settings) -> Vec<Finding> {
    let mut findings = settings::check(settings);
    findings.extend(secret_key::check(settings));
    findings.extend(open_files::check(settings));
    findings.extend(permissions::check(settings));
    findings.extend(disk::check(settings));
    let (mut conn, found) = database::check(settings);
    findings.extend(found);
    findings.extend(public_address::check(settings, conn.as_mut()));
    findings
}
