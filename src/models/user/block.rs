//! Blocks: a user receives no direct messages from the users they block.

use std::collections::HashSet;

use diesel::dsl::{self, select};
use diesel::prelude::*;

use crate::error::Result;
use crate::models::database::connection::{DbConn, insert_or_keep};
use crate::models::now;
use crate::models::schema::{blocks, memberships, users};
use crate::models::statement::Statement;

/// Blocks direct messages from `blocked_id`.
pub fn create(conn: &mut DbConn, blocker_id: i64, blocked_id: i64) -> Result<()> {
    let row = (
        blocks::blocker_id.eq(blocker_id),
        blocks::blocked_id.eq(blocked_id),
        blocks::created_at.eq(now()),
    );
    insert_or_keep!(conn, blocks::table, blocks::blocker_id, row)
}

/// Removes a block.
pub fn delete(conn: &mut DbConn, blocker_id: i64, blocked_id: i64) -> Result<()> {
    diesel::delete(blocks::table.find((blocker_id, blocked_id))).run(conn)
}

/// Returns whether `blocker_id` blocks `blocked_id`.
pub fn exists(conn: &mut DbConn, blocker_id: i64, blocked_id: i64) -> Result<bool> {
    let block = blocks::table.find((blocker_id, blocked_id));
    Ok(select(dsl::exists(block)).get_result(conn)?)
}

/// Returns whether a user blocks a member of a room or is blocked by one.
pub(in crate::models) fn exists_with_members(
    conn: &mut DbConn,
    room_id: i64,
    user_id: i64,
) -> Result<bool> {
    let members = memberships::table
        .filter(memberships::room_id.eq(room_id))
        .select(memberships::user_id);
    let blocked = (blocks::blocker_id.eq(user_id)).and(blocks::blocked_id.eq_any(members));
    let blocking = (blocks::blocked_id.eq(user_id)).and(blocks::blocker_id.eq_any(members));
    Ok(select(
        dsl::exists(blocks::table.filter(blocked)).or(dsl::exists(blocks::table.filter(blocking))),
    )
    .get_result(conn)?)
}

/// Returns whether any of these users blocks another of them, ignoring blocks by `except`.
pub(in crate::models) fn exists_among(
    conn: &mut DbConn,
    users: &[i64],
    except: i64,
) -> Result<bool> {
    let found = blocks::table
        .filter(blocks::blocker_id.eq_any(users))
        .filter(blocks::blocked_id.eq_any(users))
        .filter(blocks::blocker_id.ne(except));
    Ok(select(dsl::exists(found)).get_result(conn)?)
}

/// Returns the (room, user) pairs of one-to-one rooms whose messages are rejected because the other member blocks the
/// user or deleted their account.
pub(in crate::models) fn blocked_senders(
    conn: &mut DbConn,
    rooms: &[i64],
) -> Result<HashSet<(i64, i64)>> {
    if rooms.is_empty() {
        return Ok(HashSet::new());
    }
    let members: Vec<(i64, i64, bool)> = memberships::table
        .inner_join(users::table)
        .filter(memberships::room_id.eq_any(rooms))
        .select((
            memberships::room_id,
            memberships::user_id,
            users::deleted_at.is_not_null(),
        ))
        .load(conn)?;
    let ids: Vec<i64> = members.iter().map(|(_, user_id, _)| *user_id).collect();
    let pairs: HashSet<(i64, i64)> = blocks::table
        .filter(blocks::blocker_id.eq_any(&ids))
        .filter(blocks::blocked_id.eq_any(&ids))
        .select((blocks::blocker_id, blocks::blocked_id))
        .load(conn)?
        .into_iter()
        .collect();
    let is_blocked = |(room_id, user_id): &(i64, i64)| {
        members.iter().any(|(room, other, is_deleted)| {
            let rejects = *is_deleted || pairs.contains(&(*other, *user_id));
            room == room_id && other != user_id && rejects
        })
    };
    let senders = members.iter().map(|(room, user_id, _)| (*room, *user_id));
    Ok(senders.filter(is_blocked).collect())
}
