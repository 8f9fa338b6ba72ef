//! Who may begin to write to a person directly. Conversations that exist go on.

use diesel::alias;
use diesel::prelude::*;

use super::block;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::room::OPEN;
use crate::models::room::direct;
use crate::models::schema::{memberships, rooms, users};

/// Everybody may.
pub const EVERYBODY: &str = "everybody";
/// People who share a private room with me may (see `share_a_private_room`).
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
pub(in crate::models) fn allows(conn: &mut DbConn, user_id: i64, other_id: i64) -> Result<bool> {
    match of(conn, other_id)?.as_str() {
        EVERYBODY => Ok(true),
        ROOMMATES => share_a_private_room(conn, user_id, other_id),
        _ => Ok(false),
    }
}

/// Whether a person may write to another or bring them into a room: not blocked, and allowed to begin or in conversation
/// already. Takes the same queries when there is no such other person.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub(in crate::models) fn may_reach(conn: &mut DbConn, user_id: i64, other_id: i64) -> Result<bool> {
    let is_blocked = block::exists(conn, other_id, user_id)?;
    let is_conversing = direct::pair_of(conn, user_id, other_id)?.is_some();
    let choice = users::table.find(other_id).select(users::reachable_by);
    let choice: Option<String> = choice.get_result(conn).optional()?;
    let shares = share_a_private_room(conn, user_id, other_id)?;
    let is_allowed = match choice.as_deref() {
        Some(EVERYBODY) => true,
        Some(ROOMMATES) => shares,
        _ => false,
    };
    Ok(!is_blocked && (is_allowed || is_conversing))
}

/// Whether two people are together in a closed or direct room. Rooms that are or once were open do not count: anybody
/// could enter them.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub(in crate::models) fn share_a_private_room(
    conn: &mut DbConn,
    user_id: i64,
    other_id: i64,
) -> Result<bool> {
    let theirs = alias!(memberships as theirs);
    let shared: Option<i64> = memberships::table
        .inner_join(rooms::table)
        .inner_join(
            theirs.on(theirs
                .field(memberships::room_id)
                .eq(memberships::room_id)
                .and(theirs.field(memberships::user_id).eq(other_id))),
        )
        .filter(memberships::user_id.eq(user_id))
        .filter(rooms::kind.ne(OPEN))
        .filter(rooms::opened_at.is_null())
        .select(memberships::room_id)
        .first(conn)
        .optional()?;
    Ok(shared.is_some())
}
