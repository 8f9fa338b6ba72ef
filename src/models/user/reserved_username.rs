//! Usernames that were given up: for a while nobody else may take them, so that nobody is taken for somebody else.

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::error::Result;
use crate::models::auth::session::KeyHash;
use crate::models::database::connection::{DbConn, insert_or_update};
use crate::models::now;
use crate::models::schema::reserved_usernames;

/// Days that a name stays reserved.
pub const RESERVED_DAYS: i64 = 90;

/// Reserves a name for the person who gives it up. `key` is the form by which names are compared. Runs in a transaction
/// that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn reserve(conn: &mut DbConn, key: &str, user_id: i64) -> Result<()> {
    let row = (
        reserved_usernames::key_hash.eq(hash(key)),
        reserved_usernames::user_id.eq(user_id),
        reserved_usernames::reserved_until.eq(now() + TimeDelta::days(RESERVED_DAYS)),
    );
    insert_or_update!(conn, reserved_usernames::table, row)
}

/// Whether a name is reserved for somebody else than `user_id`, who may be nobody yet.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn is_reserved(conn: &mut DbConn, key: &str, user_id: Option<i64>) -> Result<bool> {
    let owner: Option<i64> = reserved_usernames::table
        .find(hash(key))
        .filter(reserved_usernames::reserved_until.gt(now()))
        .select(reserved_usernames::user_id)
        .get_result(conn)
        .optional()?;
    Ok(owner.is_some() && owner != user_id)
}

/// Ends a reservation: the name is in use again. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn release(conn: &mut DbConn, key: &str) -> Result<()> {
    diesel::delete(reserved_usernames::table.find(hash(key))).execute(conn)?;
    Ok(())
}

/// Deletes reservations that are over; answers how many.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn) -> Result<usize> {
    let old = reserved_usernames::reserved_until.le(now());
    Ok(diesel::delete(reserved_usernames::table.filter(old)).execute(conn)?)
}

/// The SHA-256 in hexadecimal: the name of a deleted account is kept nowhere.
fn hash(key: &str) -> String {
    KeyHash::of(key).as_str().to_owned()
}
