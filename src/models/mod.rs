//! What Teahouse knows: one file per table, with its rules and every query that touches it.

mod append;
pub mod avatar;
pub mod backup;
mod bidi;
pub mod blocks;
mod characters;
pub mod client_id;
pub mod connection;
pub mod content;
pub mod conversation;
pub mod database;
pub mod database_url;
pub mod departure;
pub mod device;
pub mod direct;
pub mod directory;
mod erasure;
pub mod export;
pub mod figures;
mod gate;
pub mod github_account;
pub mod hash_queue;
pub mod hasher;
pub mod inspection;
pub mod installation;
pub mod invitation;
pub mod invite;
mod jpeg;
pub mod keeping;
pub mod keyed;
pub mod known_browser;
mod listed;
pub mod log;
pub mod marks;
pub mod membership;
pub mod mention;
pub mod message;
mod migrations;
pub mod notice;
mod opening;
pub mod pairing;
pub mod password;
pub mod password_link;
pub mod phone_number;
pub mod picture;
mod pool;
pub mod preferences;
pub mod profile;
pub mod query_count;
pub mod reach;
mod read_mark;
pub mod rehearsal;
pub mod reserved_username;
pub mod room;
pub mod room_name;
mod room_name_key;
pub mod schema;
mod script;
pub mod security_event;
pub mod session;
pub mod standing;
mod statements;
pub mod throttle;
mod unread;
pub mod user;
pub mod username;
pub mod verification;
mod watched;
mod write_health;

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
