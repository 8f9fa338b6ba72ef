//! Released usernames, reserved for their former owner for a while to prevent impersonation. They are stored as hashes,
//! so that the username of a deleted account is not kept.

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::error::Result;
use crate::models::auth::session::KeyHash;
use crate::models::database::connection::{DbConn, insert_or_update};
use crate::models::now;
use crate::models::schema::reserved_usernames;
use crate::models::statement::Statement;

/// Days that a released username stays reserved.
pub const RESERVED_DAYS: i64 = 90;

/// Reserves a username for the user who releases it. `key` is the normalised form by which usernames are compared.
/// Requires a write transaction.
pub fn reserve(conn: &mut DbConn, key: &str, user_id: i64) -> Result<()> {
    let row = (
        reserved_usernames::key_hash.eq(KeyHash::of(key)),
        reserved_usernames::user_id.eq(user_id),
        reserved_usernames::reserved_until.eq(now() + TimeDelta::days(RESERVED_DAYS)),
    );
    insert_or_update!(conn, reserved_usernames::table, row)
}

/// Returns whether a username is reserved for a user other than `user_id`.
pub fn is_reserved(conn: &mut DbConn, key: &str, user_id: Option<i64>) -> Result<bool> {
    let owner: Option<i64> = reserved_usernames::table
        .find(KeyHash::of(key))
        .filter(reserved_usernames::reserved_until.gt(now()))
        .select(reserved_usernames::user_id)
        .get_result(conn)
        .optional()?;
    Ok(owner.is_some() && owner != user_id)
}

/// Ends a reservation. Requires a write transaction.
pub fn release(conn: &mut DbConn, key: &str) -> Result<()> {
    diesel::delete(reserved_usernames::table.find(KeyHash::of(key))).run(conn)
}

/// Deletes expired reservations; returns how many.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    let expired = reserved_usernames::reserved_until.le(now());
    Ok(diesel::delete(reserved_usernames::table.filter(expired)).execute(conn)?)
}
