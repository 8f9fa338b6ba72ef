//! `teahouse doctor`: looks at an installation as it stands, with the settings that the program would have, and says
//! for each fault what mends it. It changes nothing, but for a session of two minutes that it makes to try the public
//! address with, and ends again.
//!
//! A check is a function in a file of its own that answers findings.

mod clock;
mod disk;
mod durability;
mod files;
mod finding;
mod free_pages;
mod guest;
mod http;
mod permissions;
mod public_address;
mod secret_key;
mod server;
mod settings;
mod socket;
mod sqlite;
mod storage;
mod stream;
mod visitors;

use std::io::{self, Write};

use self::finding::{Finding, State};
use crate::config::Settings;
use crate::error::{Error, Result};

/// Checks everything and prints what is found, as a table or as a JSON array.
///
/// # Errors
/// `Unavailable` with the number of faults, when there are any.
pub fn run(is_json: bool) -> Result<()> {
    let findings = match Settings::load() {
        Ok(settings) => examine(&settings),
        Err(sentence) => vec![Finding::fail(
            "settings",
            sentence,
            "config/default.toml describes every setting",
        )],
    };
    let count = |state| {
        findings
            .iter()
            .filter(|finding| finding.state == state)
            .count()
    };
    let faults = count(State::Fail);
    if is_json {
        let json = serde_json::to_string(&findings).map_err(Error::internal)?;
        print(&format!("{json}\n"))?;
    } else {
        let lines: String = findings.iter().map(Finding::lines).collect();
        let (ok, warn) = (count(State::Ok), count(State::Warn));
        print(&format!(
            "{lines}\n{ok} ok, {warn} to look at, {faults} to mend\n"
        ))?;
    }
    match faults {
        0 => Ok(()),
        1 => Err(Error::Unavailable("one thing must be mended".into())),
        many => Err(Error::Unavailable(format!("{many} things must be mended"))),
    }
}

/// Whoever reads only the first lines and hangs up is no failure.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::internal(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn examine(settings: &Settings) -> Vec<Finding> {
    let mut findings = settings::check(settings);
    findings.extend(secret_key::check(settings));
    findings.extend(files::check(settings));
    findings.extend(permissions::check(settings));
    findings.extend(disk::check(settings));
    let (mut conn, found) = storage::check(settings);
    findings.extend(found);
    findings.extend(public_address::check(settings, conn.as_mut()));
    findings
}
