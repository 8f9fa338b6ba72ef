//! A user's sessions as the settings page lists them.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;

use super::session::{self, KeyHash, SessionKind};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::schema::sessions;
use crate::models::{installation, now, serialize_rfc3339};

const ID_CHARS: usize = 16;

/// A session of a browser or program, serialized as in the export of a user's data.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = sessions)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Key hash of the session; not shown to clients.
    #[serde(skip)]
    pub key_hash: KeyHash,
    /// Whether the session is a browser's or a program's.
    pub kind: SessionKind,
    /// The client's `User-Agent` at sign-in.
    pub user_agent: String,
    /// The client's IP address at sign-in.
    pub ip: String,
    /// When the session was created.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub created_at: NaiveDateTime,
    /// When the session was last used, accurate to one hour.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub seen_at: NaiveDateTime,
    /// When the session expires.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub expires_at: NaiveDateTime,
}

impl Device {
    /// Returns the public id, from which the key hash cannot be derived: a prefix of its hash.
    pub fn id(&self) -> String {
        let hash = KeyHash::of(self.key_hash.as_str());
        hash.as_str().chars().take(ID_CHARS).collect()
    }
}

/// Returns a user's active sessions, most recently used first.
pub fn list(conn: &mut DbConn, user_id: i64) -> Result<Vec<Device>> {
    Ok(sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::expires_at.gt(now()))
        .order((sessions::seen_at.desc(), sessions::created_at.desc()))
        .select(Device::as_select())
        .load(conn)?)
}

/// Ends a session of a user by device id.
///
/// # Errors
/// `NotFound` when the user has no active session with this id.
pub fn end(conn: &mut DbConn, user_id: i64, id: &str) -> Result<()> {
    installation::lock(conn)?;
    let mut devices = list(conn, user_id)?.into_iter();
    let device = devices.find(|device| device.id() == id);
    session::end(conn, &device.ok_or(Error::NotFound)?.key_hash)
}
