//! A user's sessions as the settings page lists them.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::session::{self, KeyHash};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::schema::sessions;
use crate::models::{installation, now};

const ID_CHARS: usize = 16;

/// A session of a browser or program.
#[derive(Debug, Clone)]
pub struct Device {
    /// Public id, from which the key hash cannot be derived.
    pub id: String,
    /// Key hash of the session; not shown to clients.
    pub key_hash: KeyHash,
    /// Whether the session is a program's token.
    pub is_token: bool,
    /// The client's `User-Agent` at sign-in.
    pub user_agent: String,
    /// The client's IP address at sign-in.
    pub ip: String,
    /// When the session was created.
    pub created_at: NaiveDateTime,
    /// When the session was last used, accurate to one hour.
    pub seen_at: NaiveDateTime,
    /// When the session expires.
    pub expires_at: NaiveDateTime,
}

type DeviceRow = (
    String,
    String,
    String,
    String,
    NaiveDateTime,
    NaiveDateTime,
    NaiveDateTime,
);

impl From<DeviceRow> for Device {
    fn from(row: DeviceRow) -> Self {
        let (hash, kind, user_agent, ip, created_at, seen_at, expires_at) = row;
        let key_hash = KeyHash::from_stored(hash);
        Self {
            id: device_id(&key_hash),
            key_hash,
            is_token: kind == "token",
            user_agent,
            ip,
            created_at,
            seen_at,
            expires_at,
        }
    }
}

/// Returns a prefix of the hash of the key hash.
fn device_id(key_hash: &KeyHash) -> String {
    let hash = KeyHash::of(key_hash.as_str());
    hash.as_str().chars().take(ID_CHARS).collect()
}

/// Returns a user's active sessions, most recently used first.
///
/// # Errors
/// `Unavailable` when the database fails.
pub fn list(conn: &mut DbConn, user_id: i64) -> Result<Vec<Device>> {
    let rows: Vec<DeviceRow> = sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::expires_at.gt(now()))
        .order((sessions::seen_at.desc(), sessions::created_at.desc()))
        .select((
            sessions::key_hash,
            sessions::kind,
            sessions::user_agent,
            sessions::ip,
            sessions::created_at,
            sessions::seen_at,
            sessions::expires_at,
        ))
        .load(conn)?;
    Ok(rows.into_iter().map(Device::from).collect())
}

/// Ends a session of a user by device id. Must be called in a write transaction.
///
/// # Errors
/// `NotFound` when the user has no active session with this id.
pub fn end(conn: &mut DbConn, user_id: i64, id: &str) -> Result<()> {
    installation::lock(conn)?;
    let devices = list(conn, user_id)?;
    let device = devices.into_iter().find(|device| device.id == id);
    session::end(conn, &device.ok_or(Error::NotFound)?.key_hash)
}
