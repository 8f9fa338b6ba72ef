//! Browsers that somebody has signed in with before: their tries are counted by themselves.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::session::KeyHash;
use crate::error::Result;
use crate::models::database::connection::{DbConn, insert_or_update};
use crate::models::now;
use crate::models::schema::{known_browsers, users};
use crate::models::values::phone_number::PhoneNumber;

/// A browser is known for so long after the last sign-in: as long as browsers keep a cookie.
pub const KNOWN_DAYS: i64 = 400;

/// Somebody has signed in with this browser now. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn remember(conn: &mut DbConn, browser: &KeyHash, user_id: i64) -> Result<()> {
    let row = (
        known_browsers::key_hash.eq(browser.as_str()),
        known_browsers::user_id.eq(user_id),
        known_browsers::seen_at.eq(now()),
    );
    insert_or_update!(conn, known_browsers::table, row)
}

/// Whether the person with this number has signed in with this browser before.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn is_known(conn: &mut DbConn, browser: &KeyHash, phone: &PhoneNumber) -> Result<bool> {
    let found: Option<i64> = known_browsers::table
        .inner_join(users::table)
        .filter(known_browsers::key_hash.eq(browser.as_str()))
        .filter(users::phone.eq(phone.as_str()))
        .select(users::id)
        .get_result(conn)
        .optional()?;
    Ok(found.is_some())
}

/// Forgets browsers that nobody has come with for long; answers how many.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn) -> Result<usize> {
    let old = known_browsers::seen_at.lt(now() - TimeDelta::days(KNOWN_DAYS));
    Ok(diesel::delete(known_browsers::table.filter(old)).execute(conn)?)
}
