//! A person's own sessions, as they see them: their browsers and programs.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::session::{self, KeyHash};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::schema::sessions;
use crate::models::{installation, now};

/// Characters of a device's id.
const ID_CHARS: usize = 16;

/// A browser or a program that is signed in.
#[derive(Debug, Clone)]
pub struct Device {
    /// Names it on pages; says nothing about its key.
    pub id: String,
    /// The hash of its key, which stays here.
    pub key_hash: KeyHash,
    /// Whether a program holds it as a token.
    pub is_token: bool,
    /// What it calls itself.
    pub user_agent: String,
    /// Where it came from.
    pub ip: String,
    /// When it signed in.
    pub created_at: NaiveDateTime,
    /// When it was last here, to within an hour.
    pub seen_at: NaiveDateTime,
    /// When it is signed out by itself.
    pub expires_at: NaiveDateTime,
}

type Row = (
    String,
    String,
    String,
    String,
    NaiveDateTime,
    NaiveDateTime,
    NaiveDateTime,
);

impl From<Row> for Device {
    fn from((hash, kind, user_agent, ip, created_at, seen_at, expires_at): Row) -> Self {
        let key_hash = KeyHash::from_stored(hash);
        Self {
            id: id_of(&key_hash),
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

/// The hash of a hash.
fn id_of(key_hash: &KeyHash) -> String {
    let again = KeyHash::of(key_hash.as_str());
    again.as_str().chars().take(ID_CHARS).collect()
}

/// Those of a person that are signed in, the latest first.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn all_of(conn: &mut DbConn, user_id: i64) -> Result<Vec<Device>> {
    let rows: Vec<Row> = sessions::table
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

/// Signs one of a person's devices out. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when they have none of this id.
pub fn end(conn: &mut DbConn, user_id: i64, id: &str) -> Result<()> {
    installation::lock(conn)?;
    let theirs = all_of(conn, user_id)?;
    let device = theirs.into_iter().find(|device| device.id == id);
    session::end(conn, &device.ok_or(Error::NotFound)?.key_hash)
}
