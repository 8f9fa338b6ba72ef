//! Tables, their rules and their queries.

pub mod auth;
pub mod backup;
pub mod change_notice;
pub mod database;
pub mod fixtures;
pub mod installation;
pub mod message;
pub mod message_store;
pub mod room;
pub mod schema;
pub(crate) mod statement;
pub mod user;
pub mod values;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, SubsecRound, Utc};
use serde::{Serialize, Serializer};

/// Returns the current time in UTC, truncated to the millisecond, which both databases store.
pub fn now() -> NaiveDateTime {
    Utc::now().naive_utc().trunc_subsecs(3)
}

/// Formats a stored time as RFC 3339 in UTC, with milliseconds.
pub fn rfc3339(time: NaiveDateTime) -> String {
    DateTime::<Utc>::from_naive_utc_and_offset(time, Utc)
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Serializes a stored time, or `None`, as [`rfc3339`].
pub(crate) fn serialize_rfc3339<S: Serializer>(
    time: &(impl Copy + Into<Option<NaiveDateTime>>),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    (*time).into().map(rfc3339).serialize(serializer)
}
