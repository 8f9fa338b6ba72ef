//! Moving a member's read position, with the unread counts after it.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::bulk_read_positions;
use super::bulk_read_positions::PendingPosition;
use super::membership::Membership;
use super::unread;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::schema::{memberships, rooms};
use crate::protocol::commands::ReadPosition;

/// Largest number of members with which a room shows read positions to all members.
const MAX_SHARED_MEMBERS: i64 = 20;
/// Maximum number of attempts at a consistent count in a room that changes meanwhile.
const COUNT_ATTEMPTS: usize = 5;

/// The end of a room's log.
#[derive(Clone, Copy, PartialEq, Eq, Queryable)]
struct End {
    seq: i64,
    ver: i64,
    deleted_seq: i64,
}

impl End {
    fn of(conn: &mut DbConn, room_id: i64) -> Result<Self> {
        Ok(rooms::table
            .find(room_id)
            .select((rooms::last_seq, rooms::last_ver, rooms::last_deleted_seq))
            .get_result(conn)?)
    }
}

impl Membership {
    /// Moves a member's read position forward to `seq`; with `unread`, to just before `seq` in either direction.
    /// Requires a write transaction.
    ///
    /// # Errors
    /// `NotFound` when the user is not a member.
    pub fn set_read_position(
        conn: &mut DbConn,
        user_id: i64,
        room_id: i64,
        seq: i64,
        unread: bool,
    ) -> Result<ReadPosition> {
        // The message writer updates this row when the user posts, so none of their messages is committed while it is
        // locked.
        let (before, own_before) = Self::lock(conn, room_id, user_id)?;
        let end = End::of(conn, room_id)?;
        let read_seq = match unread {
            true => seq.saturating_sub(1).clamp(0, end.seq),
            false => seq.min(end.seq).max(before),
        };
        let moved = unread::PositionMove {
            room_id,
            user_id,
            before,
            after: read_seq,
            last_seq: end.seq,
        };
        let mut own = own_before;
        if read_seq != before {
            own = unread::own_unread_after(conn, own_before, &moved)?;
            diesel::update(memberships::table.find((room_id, user_id)))
                .set((
                    memberships::read_seq.eq(read_seq),
                    memberships::own_unread.eq(own),
                ))
                .execute(conn)?;
        }
        let members: i64 = memberships::table
            .filter(memberships::room_id.eq(room_id))
            .limit(MAX_SHARED_MEMBERS + 1)
            .select(memberships::user_id)
            .load::<i64>(conn)?
            .len() as i64;
        let (end, deleted, mentions) = Self::count(conn, &moved, end)?;
        Ok(ReadPosition {
            read_seq,
            ver: end.ver,
            unread: (end.seq - read_seq - own - deleted).max(0),
            mentions,
            is_shared: members <= MAX_SHARED_MEMBERS && read_seq != before,
        })
    }

    /// Locks a membership until the transaction ends; returns its `read_seq` and `own_unread`.
    fn lock(conn: &mut DbConn, room_id: i64, user_id: i64) -> Result<(i64, i64)> {
        let row = memberships::table
            .find((room_id, user_id))
            .select((memberships::read_seq, memberships::own_unread));
        let found = match conn {
            DbConn::Sqlite(conn) => row.get_result(conn),
            DbConn::Mysql(conn) => row.for_update().get_result(conn),
        };
        Ok(found?)
    }

    /// Counts other users' deleted messages and mentions after the new read position. Returns the end of the room's log
    /// that the counts belong to, then the counts.
    fn count(conn: &mut DbConn, moved: &unread::PositionMove, end: End) -> Result<(End, i64, i64)> {
        let (room_id, user_id, read_seq) = (moved.room_id, moved.user_id, moved.after);
        let mut counts = (end, 0, 0);
        for _ in 0..COUNT_ATTEMPTS {
            let end = counts.0;
            if read_seq == end.seq {
                break;
            }
            let positions: &[_] = match read_seq < end.deleted_seq {
                true => &[(room_id, read_seq)],
                false => &[],
            };
            let deleted = unread::deleted_after(conn, user_id, positions)?;
            let deleted = deleted.get(&room_id).copied().unwrap_or(0);
            let mentions = unread::mentions_after(conn, user_id, room_id, read_seq)?;
            // Under read committed each statement sees the latest commits, so a room that changed in between is counted
            // again.
            counts = (End::of(conn, room_id)?, deleted, mentions);
            if counts.0 == end {
                break;
            }
        }
        Ok(counts)
    }

    /// Marks all messages in all of a user's rooms as read; returns the rooms whose read position moved. Requires a
    /// write transaction.
    pub fn mark_all_read(conn: &mut DbConn, user_id: i64) -> Result<Vec<(i64, ReadPosition)>> {
        let behind: Vec<i64> = memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(user_id))
            .filter(memberships::read_seq.lt(rooms::last_seq))
            .select(memberships::room_id)
            .load(conn)?;
        Self::lock_all(conn, user_id, &behind)?;
        // Read while the rows are locked, so that the user's own messages cannot be added after these positions.
        let ends: Vec<(i64, i64, i64)> = rooms::table
            .filter(rooms::id.eq_any(&behind))
            .select((rooms::id, rooms::last_seq, rooms::last_ver))
            .load(conn)?;
        let members: HashMap<i64, i64> = memberships::table
            .filter(memberships::room_id.eq_any(&behind))
            .group_by(memberships::room_id)
            .select((memberships::room_id, count_star()))
            .load::<(i64, i64)>(conn)?
            .into_iter()
            .collect();
        let positions = ends
            .iter()
            .map(|(room_id, seq, _)| ((*room_id, user_id), PendingPosition::at_end(*seq)))
            .collect();
        bulk_read_positions::store(conn, &positions)?;
        let moved = ends.into_iter().map(|(room_id, read_seq, ver)| {
            let mark = ReadPosition {
                read_seq,
                ver,
                unread: 0,
                mentions: 0,
                is_shared: members
                    .get(&room_id)
                    .is_some_and(|members| *members <= MAX_SHARED_MEMBERS),
            };
            (room_id, mark)
        });
        Ok(moved.collect())
    }

    /// Locks memberships until the transaction ends. SQLite has only one writer anyway.
    fn lock_all(conn: &mut DbConn, user_id: i64, room_ids: &[i64]) -> Result<()> {
        if let DbConn::Mysql(conn) = conn {
            memberships::table
                .filter(memberships::user_id.eq(user_id))
                .filter(memberships::room_id.eq_any(room_ids))
                .order(memberships::room_id)
                .select(memberships::room_id)
                .for_update()
                .load::<i64>(conn)?;
        }
        Ok(())
    }
}
