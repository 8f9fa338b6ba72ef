//! How a member's mark moves, and what is unread after it.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::membership::Membership;
use super::read_positions;
use super::read_positions::Progress;
use super::unread;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::schema::{memberships, rooms};
use crate::realtime::store::ReadPosition;

/// In rooms of so many people everybody sees who has read what.
const SHARED_READING: i64 = 20;
/// How often unread messages are counted in a room that changes meanwhile.
const COUNTS: usize = 5;

/// Where a room's log ends.
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
    /// What is read moves forward; or back to just before `seq`, when that is marked unread.
    ///
    /// # Errors
    /// `NotFound` when the person is not in the room.
    pub fn mark(
        conn: &mut DbConn,
        user_id: i64,
        room_id: i64,
        seq: i64,
        unread: bool,
    ) -> Result<ReadPosition> {
        // The writer adds the person's messages to this row, so nothing of theirs is committed while it is locked.
        let (before, own_before) = Self::lock(conn, room_id, user_id)?;
        let end = End::of(conn, room_id)?;
        let read_seq = match unread {
            true => seq.saturating_sub(1).clamp(0, end.seq),
            false => seq.min(end.seq).max(before),
        };
        let moved = unread::Move {
            room_id,
            user_id,
            before,
            after: read_seq,
            last_seq: end.seq,
        };
        let mut own = own_before;
        if read_seq != before {
            own = unread::own_after(conn, own_before, &moved)?;
            diesel::update(memberships::table.find((room_id, user_id)))
                .set((
                    memberships::read_seq.eq(read_seq),
                    memberships::own_unread.eq(own),
                ))
                .execute(conn)?;
        }
        let people: i64 = memberships::table
            .filter(memberships::room_id.eq(room_id))
            .limit(SHARED_READING + 1)
            .select(memberships::user_id)
            .load::<i64>(conn)?
            .len() as i64;
        let (end, deleted, mentions) = Self::count(conn, &moved, end)?;
        Ok(ReadPosition {
            read_seq,
            ver: end.ver,
            unread: (end.seq - read_seq - own - deleted).max(0),
            mentions,
            is_shared: people <= SHARED_READING && read_seq != before,
        })
    }

    /// Reads the mark and `own_unread` of a row that nobody changes before the transaction ends.
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

    /// Counts others' deleted messages and mentions after a mark, and the room's end that these numbers belong to.
    fn count(conn: &mut DbConn, moved: &unread::Move, end: End) -> Result<(End, i64, i64)> {
        let (room_id, user_id, read_seq) = (moved.room_id, moved.user_id, moved.after);
        let mut counts = (end, 0, 0);
        for _ in 0..COUNTS {
            let end = counts.0;
            if read_seq == end.seq {
                break;
            }
            let marks: &[_] = match read_seq < end.deleted_seq {
                true => &[(room_id, read_seq)],
                false => &[],
            };
            let deleted = unread::deleted_after(conn, user_id, marks)?;
            let deleted = deleted.get(&room_id).copied().unwrap_or(0);
            let mentions = unread::mentions_after(conn, user_id, room_id, read_seq)?;
            // Each statement sees what is committed by then, so a room that changed in between is counted again.
            counts = (End::of(conn, room_id)?, deleted, mentions);
            if counts.0 == end {
                break;
            }
        }
        Ok(counts)
    }

    /// Everything is read, in all rooms of a person; answers the rooms in which their mark moved.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn mark_all(conn: &mut DbConn, user_id: i64) -> Result<Vec<(i64, ReadPosition)>> {
        let behind: Vec<i64> = memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(user_id))
            .filter(memberships::read_seq.lt(rooms::last_seq))
            .select(memberships::room_id)
            .load(conn)?;
        Self::lock_all(conn, user_id, &behind)?;
        // Read once the rows are locked: none of the person's messages comes after these ends meanwhile.
        let ends: Vec<(i64, i64, i64)> = rooms::table
            .filter(rooms::id.eq_any(&behind))
            .select((rooms::id, rooms::last_seq, rooms::last_ver))
            .load(conn)?;
        let people: HashMap<i64, i64> = memberships::table
            .filter(memberships::room_id.eq_any(&behind))
            .group_by(memberships::room_id)
            .select((memberships::room_id, count_star()))
            .load::<(i64, i64)>(conn)?
            .into_iter()
            .collect();
        let marks = ends
            .iter()
            .map(|(room_id, seq, _)| ((*room_id, user_id), Progress::end(*seq)))
            .collect();
        read_positions::advance(conn, &marks)?;
        let moved = ends.into_iter().map(|(room_id, read_seq, ver)| {
            let mark = ReadPosition {
                read_seq,
                ver,
                unread: 0,
                mentions: 0,
                is_shared: people
                    .get(&room_id)
                    .is_some_and(|people| *people <= SHARED_READING),
            };
            (room_id, mark)
        });
        Ok(moved.collect())
    }

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
