//! Whose clock is right. The program writes every time itself, in UTC; but people who compare logs look at both.

use chrono::Utc;

use super::finding::Finding;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::database::diagnostics::Variables;

/// Seconds.
const TOLERANCE: i64 = 2;

/// Compares the server's clock with this machine's, and looks at the session's time zone.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub(super) fn check(conn: &mut DbConn, variables: &Variables) -> Result<Vec<Finding>> {
    let before = Utc::now().naive_utc();
    let (theirs, offset) = diagnostics::clock(conn)?;
    let after = Utc::now().naive_utc();
    // Between asking and hearing any time is right.
    let ahead = (theirs - after).num_milliseconds();
    let behind = (before - theirs).num_milliseconds();
    let differs = ahead.max(behind).max(0);
    let what = format!("the database's and this machine's differ by {differs} ms");
    let clock = match differs > TOLERANCE * 1000 {
        false => Finding::ok("clock", what),
        true => Finding::warn("clock", what, "let NTP set both (timedatectl set-ntp true)"),
    };
    let zone = variables.get("time_zone");
    let zone = match offset {
        0 => Finding::ok("time zone", format!("sessions work in UTC ({zone})")),
        seconds => Finding::warn(
            "time zone",
            format!("sessions are {seconds} seconds away from UTC ({zone})"),
            "SET GLOBAL time_zone = '+00:00', and in the server's configuration",
        ),
    };
    Ok(vec![clock, zone])
}
