//! Checks the limit of open files, which bounds the number of connections.

use rustix::process::{Resource, getrlimit};

use super::finding::Finding;
use crate::config::Settings;

const CHECK: &str = "open files";
/// Below this, not even a handful of users can connect.
const FAIL_BELOW: u64 = 512;
/// File descriptors needed besides sockets: database connections, page requests, the proxy's keep-alive connections.
const RESERVE: u64 = 1024;

/// Checks the hard limit of processes started from here; the server raises its soft limit to it.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let limit = getrlimit(Resource::Nofile);
    let Some(hard) = limit.maximum else {
        return vec![Finding::ok(CHECK, "unlimited")];
    };
    let sockets = settings.socket.total as u64;
    let needed = sockets + RESERVE;
    let what = format!(
        "processes started here may open {hard} files, for up to {sockets} sockets (socket.total)"
    );
    let fix = format!(
        "LimitNOFILE=65536 in the systemd unit, or `ulimit -Hn 65536` as root (at least {needed})"
    );
    vec![match hard {
        hard if hard < FAIL_BELOW => Finding::fail(CHECK, what, fix),
        hard if hard < needed => Finding::warn(CHECK, what, fix),
        _ => Finding::ok(CHECK, what),
    }]
}
