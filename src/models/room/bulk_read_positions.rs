//! Bulk updates of read positions, as messages are posted or all rooms are marked as read.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::json_table;

/// Update of a member's read position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) struct PendingPosition {
    /// `seq` of the last message read.
    pub(in crate::models) seq: i64,
    /// If `moved`, the number of the member's own messages after `seq`; otherwise the number to add to it.
    own: i64,
    /// Whether the read position changes.
    moved: bool,
}

impl PendingPosition {
    /// Starts from a stored read position.
    pub(in crate::models) fn unchanged(seq: i64) -> Self {
        Self {
            seq,
            own: 0,
            moved: false,
        }
    }

    /// Moves the read position to the end of the room's log.
    pub(in crate::models) fn at_end(seq: i64) -> Self {
        Self {
            seq,
            own: 0,
            moved: true,
        }
    }

    /// Applies a message posted by the member: advances the read position if it was at the end, otherwise counts the
    /// message as own.
    pub(in crate::models) fn record_post(&mut self, seq: i64) {
        if self.seq == seq - 1 {
            (self.seq, self.moved) = (seq, true);
        } else {
            self.own += 1;
        }
    }
}

/// Stores updates keyed by (room, user). A read position never moves back.
pub(in crate::models) fn store(
    conn: &mut DbConn,
    updates: &HashMap<(i64, i64), PendingPosition>,
) -> Result<()> {
    match conn {
        DbConn::Sqlite(conn) => {
            for ((room_id, user_id), update) in updates {
                let (room_id, user_id) = (*room_id, *user_id);
                let PendingPosition { seq, own, moved } = *update;
                if moved {
                    let statement = SetReadPosition {
                        room_id,
                        user_id,
                        seq,
                        own,
                    };
                    statement.execute(conn)?;
                } else {
                    let statement = AddOwnUnread {
                        room_id,
                        user_id,
                        own,
                    };
                    statement.execute(conn)?;
                }
            }
            Ok(())
        }
        DbConn::Mysql(_) if updates.is_empty() => Ok(()),
        DbConn::Mysql(conn) => {
            let row = |((room, user), update): (&(i64, i64), &PendingPosition)| {
                let PendingPosition { seq, own, moved } = *update;
                (*room, *user, seq, own, i64::from(moved))
            };
            let list: Vec<_> = updates.iter().map(row).collect();
            json_table::UpdateReadPositions::of(&list)?.execute(conn)?;
            Ok(())
        }
    }
}

/// Moves a read position. Unlike Diesel's own updates, the statement is prepared once per connection.
#[derive(QueryId)]
struct SetReadPosition {
    room_id: i64,
    user_id: i64,
    seq: i64,
    own: i64,
}

impl RunQueryDsl<SqliteConnection> for SetReadPosition {}

impl QueryFragment<Sqlite> for SetReadPosition {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE memberships SET read_seq = ");
        out.push_bind_param::<BigInt, _>(&self.seq)?;
        out.push_sql(", own_unread = ");
        out.push_bind_param::<BigInt, _>(&self.own)?;
        out.push_sql(" WHERE room_id = ");
        out.push_bind_param::<BigInt, _>(&self.room_id)?;
        out.push_sql(" AND user_id = ");
        out.push_bind_param::<BigInt, _>(&self.user_id)?;
        out.push_sql(" AND read_seq < ");
        out.push_bind_param::<BigInt, _>(&self.seq)
    }
}

/// Adds to the number of the member's own messages after an unchanged read position.
#[derive(QueryId)]
struct AddOwnUnread {
    room_id: i64,
    user_id: i64,
    own: i64,
}

impl RunQueryDsl<SqliteConnection> for AddOwnUnread {}

impl QueryFragment<Sqlite> for AddOwnUnread {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE memberships SET own_unread = own_unread + ");
        out.push_bind_param::<BigInt, _>(&self.own)?;
        out.push_sql(" WHERE room_id = ");
        out.push_bind_param::<BigInt, _>(&self.room_id)?;
        out.push_sql(" AND user_id = ");
        out.push_bind_param::<BigInt, _>(&self.user_id)
    }
}
