//! Links that let somebody set a new password, once: from an admin, or after a code that came to their number.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::session::{self, KeyHash};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{password_links, users};
use crate::models::user::User;
use crate::models::{installation, now};
use crate::models::values::user_status::Status;

/// A link lets this person in, and no other link does any more. Answers what the link ends with. Runs in a transaction
/// that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn create(conn: &mut DbConn, user_id: i64, lifetime: TimeDelta) -> Result<String> {
    let theirs = password_links::table.filter(password_links::user_id.eq(user_id));
    diesel::delete(theirs).execute(conn)?;
    let (token, hash) = session::new_key();
    let row = (
        password_links::token_hash.eq(hash.as_str()),
        password_links::user_id.eq(user_id),
        password_links::expires_at.eq(now() + lifetime),
    );
    on_each!(conn, conn => diesel::insert_into(password_links::table).values(row).execute(conn))
        .map_err(Error::from)?;
    Ok(token)
}

/// Whom a link lets in, and their number.
///
/// # Errors
/// `NotFound` when it was used, is too old, or never was one.
pub fn find(conn: &mut DbConn, token: &str) -> Result<(User, Option<String>)> {
    Ok(password_links::table
        .find(KeyHash::of(token).as_str())
        .inner_join(users::table)
        .filter(password_links::expires_at.gt(now()))
        .filter(users::status.eq(Status::Active))
        .select((User::as_select(), users::phone))
        .get_result(conn)?)
}

/// Sets the password, ends all sessions of the person, and answers who it is now. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` as for [`find`], also when somebody else was faster.
pub fn use_up(conn: &mut DbConn, token: &str, password_hash: &str) -> Result<User> {
    installation::lock(conn)?;
    let (user, _) = find(conn, token)?;
    let hash = KeyHash::of(token);
    let link = password_links::table.find(hash.as_str());
    if diesel::delete(link).execute(conn)? != 1 {
        return Err(Error::NotFound);
    }
    User::set_password(conn, user.id, password_hash, None)?;
    let user = users::table.find(user.id);
    Ok(user.select(User::as_select()).get_result(conn)?)
}

/// Forgets links that are worth nothing any more; answers how many.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn) -> Result<usize> {
    let old = password_links::table.filter(password_links::expires_at.lt(now()));
    Ok(diesel::delete(old).execute(conn)?)
}
