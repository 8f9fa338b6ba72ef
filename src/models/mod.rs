//! What Teahouse knows: one file per table, with its rules and every query that touches it.

pub mod auth;
pub mod backup;
pub mod change_notice;
mod change_source;
pub mod database;
pub mod fixtures;
pub mod installation;
pub mod message;
pub mod realtime_store;
pub mod room;
pub mod schema;
pub mod user;
pub mod values;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, SubsecRound, Utc};

/// The present, in UTC, to the millisecond: the precision that both databases keep.
pub fn now() -> NaiveDateTime {
    Utc::now().naive_utc().trunc_subsecs(3)
}

/// A stored time as RFC 3339, UTC, with milliseconds.
pub fn rfc3339(time: NaiveDateTime) -> String {
    DateTime::<Utc>::from_naive_utc_and_offset(time, Utc)
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}
