//! What can be found: open rooms and people.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::connection::DbConn;
use super::room::{OPEN, Room};
use super::schema::{memberships, rooms, users};
use super::user::{ACTIVE, User};
use super::username;
use crate::error::Result;

define_sql_function! {
    /// Left to themselves one database tells case apart, and the other does not.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// A page of the directory.
const PAGE: i64 = 100;

/// Open rooms that a person is not in, by name; those whose name or topic has `search` in it.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn open_rooms(conn: &mut DbConn, user_id: i64, search: &str) -> Result<Vec<Room>> {
    let pattern = contains(search);
    let mine = memberships::table
        .filter(memberships::room_id.eq(rooms::id))
        .filter(memberships::user_id.eq(user_id));
    Ok(rooms::table
        .filter(rooms::kind.eq(OPEN))
        .filter(rooms::deleted_at.is_null())
        .filter(diesel::dsl::not(exists(mine)))
        .filter(
            lower(rooms::name)
                .like(lower(pattern.clone()))
                .escape('!')
                .or(lower(rooms::topic).like(lower(pattern)).escape('!')),
        )
        .order((rooms::name, rooms::id))
        .limit(PAGE)
        .select(Room::as_select())
        .load(conn)?)
}

/// Other people, by name; those whose name begins with `search`.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn people(conn: &mut DbConn, user_id: i64, search: &str, limit: i64) -> Result<Vec<User>> {
    // Also what is no name yet may be the beginning of one.
    let key = username::key(search).unwrap_or_else(|| search.trim().to_lowercase());
    Ok(users::table
        .filter(users::status.eq(ACTIVE))
        .filter(users::id.ne(user_id))
        .filter(users::username_key.like(begins(&key)).escape('!'))
        .order(users::username_key)
        .limit(limit.min(PAGE))
        .select(User::as_select())
        .load(conn)?)
}

fn escaped(text: &str) -> String {
    text.replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_")
}

fn contains(text: &str) -> String {
    format!("%{}%", escaped(text.trim()))
}

fn begins(text: &str) -> String {
    format!("{}%", escaped(text))
}
