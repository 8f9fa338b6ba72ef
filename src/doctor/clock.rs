//! Compares the clocks of the database server and this machine. The program writes all times itself, in UTC, but a
//! difference makes their logs hard to compare.

use chrono::Utc;

use super::finding::Finding;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::database::diagnostics::Variables;

const TOLERANCE_SECONDS: i64 = 2;

/// Checks the server's clock and the session's time zone.
///
/// # Errors
/// `Unavailable` when a query fails.
pub(super) fn check(conn: &mut DbConn, variables: &Variables) -> Result<Vec<Finding>> {
    let before = Utc::now().naive_utc();
    let (server_time, offset) = diagnostics::clock(conn)?;
    let after = Utc::now().naive_utc();
    // Any time between request and response counts as equal.
    let ahead = (server_time - after).num_milliseconds();
    let behind = (before - server_time).num_milliseconds();
    let difference = ahead.max(behind).max(0);
    let what = format!("the clocks of the database and this machine differ by {difference} ms");
    let clock = match difference > TOLERANCE_SECONDS * 1000 {
        false => Finding::ok("clock", what),
        true => Finding::warn(
            "clock",
            what,
            "synchronize both by NTP (timedatectl set-ntp true)",
        ),
    };
    let zone = variables.get("time_zone");
    let zone = match offset {
        0 => Finding::ok("time zone", format!("sessions use UTC ({zone})")),
        seconds => Finding::warn(
            "time zone",
            format!("sessions are {seconds} seconds off UTC ({zone})"),
            "SET GLOBAL time_zone = '+00:00', and in the server's configuration",
        ),
    };
    Ok(vec![clock, zone])
}
