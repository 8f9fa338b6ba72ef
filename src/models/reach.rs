//! Who may begin to write to a person directly. Conversations that exist go on.

use diesel::alias;
use diesel::prelude::*;

use super::connection::DbConn;
use super::room::LOBBY;
use super::schema::{memberships, users};
use crate::error::{Error, Result};

/// Everybody may.
pub const EVERYBODY: &str = "everybody";
/// People in a room of mine may; the Lobby, where everybody is, does not count.
pub const ROOMMATES: &str = "roommates";
/// Nobody may who does not already.
pub const NOBODY: &str = "nobody";
/// All that somebody may choose.
pub const CHOICES: [&str; 3] = [EVERYBODY, ROOMMATES, NOBODY];

/// Who may begin to write to this person: one of [`CHOICES`].
///
/// # Errors
/// `NotFound` when there is no such person.
pub fn of(conn: &mut DbConn, user_id: i64) -> Result<String> {
    let choice = users::table.find(user_id).select(users::reachable_by);
    Ok(choice.get_result(conn)?)
}

/// Remembers who may.
///
/// # Errors
/// `Invalid` for `reachable_by` when it is none of [`CHOICES`].
pub fn set(conn: &mut DbConn, user_id: i64, choice: &str) -> Result<()> {
    if !CHOICES.contains(&choice) {
        return Err(Error::field("reachable_by", "error-choice"));
    }
    diesel::update(users::table.find(user_id))
        .set(users::reachable_by.eq(choice))
        .execute(conn)?;
    Ok(())
}

/// Whether a person may begin to write to another.
///
/// # Errors
/// `NotFound` when there is no such other person.
pub(super) fn allows(conn: &mut DbConn, user_id: i64, other_id: i64) -> Result<bool> {
    match of(conn, other_id)?.as_str() {
        EVERYBODY => Ok(true),
        ROOMMATES => share_a_room(conn, user_id, other_id),
        _ => Ok(false),
    }
}

fn share_a_room(conn: &mut DbConn, user_id: i64, other_id: i64) -> Result<bool> {
    let theirs = alias!(memberships as theirs);
    let shared: Option<i64> = memberships::table
        .inner_join(
            theirs.on(theirs
                .field(memberships::room_id)
                .eq(memberships::room_id)
                .and(theirs.field(memberships::user_id).eq(other_id))),
        )
        .filter(memberships::user_id.eq(user_id))
        .filter(memberships::room_id.ne(LOBBY))
        .select(memberships::room_id)
        .first(conn)
        .optional()?;
    Ok(shared.is_some())
}
