//! How many files, and so connections, a program may have open.

use rustix::process::{Resource, getrlimit};

use super::finding::Finding;

const CHECK: &str = "open files";
/// With fewer the program is of no use to a handful of people.
const LEAST: u64 = 512;
/// Enough for an organisation.
const ENOUGH: u64 = 16_384;

/// Checks the limit for programs started from here. The program itself raises what it has (soft) to what it may (hard).
pub(super) fn check() -> Vec<Finding> {
    let limit = getrlimit(Resource::Nofile);
    let Some(hard) = limit.maximum else {
        return vec![Finding::ok(CHECK, "as many as the machine has")];
    };
    let what = format!("programs started here may open {hard}, one for each window");
    let mend = format!(
        "LimitNOFILE=65536 in the systemd unit, or `ulimit -Hn 65536` as root (at least {ENOUGH})"
    );
    vec![match hard {
        0..LEAST => Finding::fail(CHECK, what, mend),
        LEAST..ENOUGH => Finding::warn(CHECK, what, mend),
        _ => Finding::ok(CHECK, what),
    }]
}
