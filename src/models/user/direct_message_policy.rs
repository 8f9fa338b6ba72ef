//! Who may start a direct conversation with a user. Existing conversations are not affected.

use diesel::alias;
use diesel::dsl::{exists, select};
use diesel::prelude::*;

use super::block;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::room::Room;
use crate::models::schema::{memberships, rooms, users};
use crate::models::statement::Statement;
use crate::models::values::text_column::text_column;
use crate::protocol::{RoomKind, text_enum};

text_enum! {
    /// Who may start a direct conversation with a user.
    pub enum DirectMessagePolicy {
        /// All users.
        AllUsers = "everybody",
        /// Users who share a private room with this one.
        SharedPrivateRoom = "roommates",
        /// No user.
        NoOne = "nobody",
    }
}

text_column!(DirectMessagePolicy);

/// Returns a user's policy.
pub fn of(conn: &mut DbConn, user_id: i64) -> Result<DirectMessagePolicy> {
    let policy = users::table.find(user_id).select(users::reachable_by);
    Ok(policy.get_result(conn)?)
}

/// Sets a user's policy.
///
/// # Errors
/// `Invalid` for `reachable_by` when it names no policy.
pub fn set(conn: &mut DbConn, user_id: i64, reachable_by: &str) -> Result<()> {
    let policy = DirectMessagePolicy::parse(reachable_by)
        .ok_or_else(|| Error::field("reachable_by", "error-choice"))?;
    diesel::update(users::table.find(user_id))
        .set(users::reachable_by.eq(policy))
        .run(conn)
}

/// Returns whether a user's policy lets another user (`user_id`) start a conversation.
///
/// # Errors
/// `NotFound` when there is no user `other_id`.
pub(in crate::models) fn allows(conn: &mut DbConn, user_id: i64, other_id: i64) -> Result<bool> {
    match of(conn, other_id)? {
        DirectMessagePolicy::AllUsers => Ok(true),
        DirectMessagePolicy::SharedPrivateRoom => share_a_private_room(conn, user_id, other_id),
        DirectMessagePolicy::NoOne => Ok(false),
    }
}

/// Returns whether a user may write to another or invite them to a room: not blocked, and either allowed by the policy
/// or in conversation already. Runs the same queries when there is no user `other_id`, so that timing does not reveal
/// it.
pub(in crate::models) fn may_reach(conn: &mut DbConn, user_id: i64, other_id: i64) -> Result<bool> {
    let is_blocked = block::exists(conn, other_id, user_id)?;
    let pair = [user_id.min(other_id), user_id.max(other_id)];
    let is_conversing = Room::find_direct(conn, &pair)?.is_some();
    let policy = users::table.find(other_id).select(users::reachable_by);
    let policy: Option<DirectMessagePolicy> = policy.get_result(conn).optional()?;
    let shares = share_a_private_room(conn, user_id, other_id)?;
    let is_allowed = match policy {
        Some(DirectMessagePolicy::AllUsers) => true,
        Some(DirectMessagePolicy::SharedPrivateRoom) => shares,
        Some(DirectMessagePolicy::NoOne) | None => false,
    };
    Ok(!is_blocked && (is_allowed || is_conversing))
}

/// Returns whether two users are members of the same closed or direct room. Rooms that are or once were open do not
/// count, since any user could join them.
pub(in crate::models) fn share_a_private_room(
    conn: &mut DbConn,
    user_id: i64,
    other_id: i64,
) -> Result<bool> {
    let other = alias!(memberships as other);
    let shared = memberships::table
        .inner_join(rooms::table)
        .inner_join(
            other.on(other
                .field(memberships::room_id)
                .eq(memberships::room_id)
                .and(other.field(memberships::user_id).eq(other_id))),
        )
        .filter(memberships::user_id.eq(user_id))
        .filter(rooms::kind.ne(RoomKind::Open))
        .filter(rooms::opened_at.is_null());
    Ok(select(exists(shared)).get_result(conn)?)
}
