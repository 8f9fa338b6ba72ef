//! How many files, and so connections, a program may have open.

use rustix::process::{Resource, getrlimit};

use super::finding::Finding;
use crate::config::Settings;

const CHECK: &str = "open files";
/// With fewer the program is of no use to a handful of people.
const LEAST: u64 = 512;
/// Beside sockets: the database, pages, proxies' kept connections.
const BESIDE: u64 = 1024;

/// Checks the limit for programs started from here. The program itself raises what it has (soft) to what it may (hard).
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let limit = getrlimit(Resource::Nofile);
    let Some(hard) = limit.maximum else {
        return vec![Finding::ok(CHECK, "as many as the machine has")];
    };
    let sockets = settings.socket.total as u64;
    let needed = sockets + BESIDE;
    let what = format!(
        "programs started here may open {hard}, for up to {sockets} sockets (socket.total)"
    );
    let mend = format!(
        "LimitNOFILE=65536 in the systemd unit, or `ulimit -Hn 65536` as root (at least {needed})"
    );
    vec![match hard {
        hard if hard < LEAST => Finding::fail(CHECK, what, mend),
        hard if hard < needed => Finding::warn(CHECK, what, mend),
        _ => Finding::ok(CHECK, what),
    }]
}
