//! Single-use links for setting a new password, created by an admin or after verification of the user's phone number.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::session::{self, KeyHash};
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::schema::{password_links, users};
use crate::models::statement::Statement;
use crate::models::user::User;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::user_status::Status;
use crate::models::{installation, now};

/// Creates a link for the user and returns its token. The user's earlier link becomes invalid.
pub fn create(conn: &mut DbConn, user_id: i64, lifetime: TimeDelta) -> Result<String> {
    let earlier = password_links::table.filter(password_links::user_id.eq(user_id));
    diesel::delete(earlier).run(conn)?;
    let (token, hash) = session::new_key();
    diesel::insert_into(password_links::table)
        .values((
            password_links::token_hash.eq(&hash),
            password_links::user_id.eq(user_id),
            password_links::expires_at.eq(now() + lifetime),
        ))
        .run(conn)?;
    Ok(token)
}

/// Returns the user of a link, and their phone number.
///
/// # Errors
/// `NotFound` when the link is unknown, used or expired, or its user is not active.
pub fn find(conn: &mut DbConn, token: &str) -> Result<(User, Option<PhoneNumber>)> {
    Ok(password_links::table
        .find(KeyHash::of(token))
        .inner_join(users::table)
        .filter(password_links::expires_at.gt(now()))
        .filter(users::status.eq(Status::Active))
        .select((User::as_select(), users::phone))
        .get_result(conn)?)
}

/// Sets the password of the link's user, ends all their sessions, and deletes the link. Returns the updated user.
///
/// # Errors
/// `NotFound` as for [`find`], or when the link was redeemed concurrently.
pub fn redeem(conn: &mut DbConn, token: &str, password_hash: &str) -> Result<User> {
    installation::lock(conn)?;
    let (user, _) = find(conn, token)?;
    diesel::delete(password_links::table.find(KeyHash::of(token))).run_on_row(conn)?;
    User::set_password(conn, user.id, password_hash, None)?;
    let user = users::table.find(user.id);
    Ok(user.select(User::as_select()).get_result(conn)?)
}

/// Deletes expired links; returns their number.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    let old = password_links::expires_at.lt(now());
    Ok(diesel::delete(password_links::table.filter(old)).execute(conn)?)
}
