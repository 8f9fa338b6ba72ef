//! Browsers that an account was used with before. Their failed sign-ins are counted separately, so that guesses from
//! elsewhere do not lock the owner out.

use chrono::TimeDelta;
use diesel::dsl::{exists, select};
use diesel::prelude::*;

use super::session::KeyHash;
use crate::error::Result;
use crate::models::database::connection::{DbConn, insert_or_update};
use crate::models::now;
use crate::models::schema::{known_browsers, users};
use crate::models::values::phone_number::PhoneNumber;

/// Days of trust after the last sign-in: the maximum lifetime of a cookie in browsers.
pub const TRUST_DAYS: i64 = 400;

/// Records that the user signed in with this browser now.
pub fn record_sign_in(conn: &mut DbConn, browser: &KeyHash, user_id: i64) -> Result<()> {
    let row = (
        known_browsers::key_hash.eq(browser),
        known_browsers::user_id.eq(user_id),
        known_browsers::seen_at.eq(now()),
    );
    insert_or_update!(conn, known_browsers::table, row)
}

/// Returns whether the account with this phone number was signed in to with this browser before.
pub fn is_trusted(conn: &mut DbConn, browser: &KeyHash, phone: &PhoneNumber) -> Result<bool> {
    let trusted = known_browsers::table
        .inner_join(users::table)
        .filter(known_browsers::key_hash.eq(browser))
        .filter(users::phone.eq(phone));
    Ok(select(exists(trusted)).get_result(conn)?)
}

/// Deletes browsers whose trust has expired; returns their number.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    let old = known_browsers::seen_at.lt(now() - TimeDelta::days(TRUST_DAYS));
    Ok(diesel::delete(known_browsers::table.filter(old)).execute(conn)?)
}
