//! What people have read.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::json_table;

/// A member's mark while a batch is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) struct Progress {
    /// Everything up to here is read.
    pub(in crate::models) seq: i64,
    /// Messages of the member's own after it that the batch adds.
    own: i64,
    /// Whether the batch moves the mark; `own` is then all there are after it.
    moved: bool,
}

impl Progress {
    /// A mark as it was read.
    pub(in crate::models) fn at(seq: i64) -> Self {
        Self {
            seq,
            own: 0,
            moved: false,
        }
    }

    /// A mark at the end of the room.
    pub(in crate::models) fn end(seq: i64) -> Self {
        Self {
            seq,
            own: 0,
            moved: true,
        }
    }

    /// Counts a message that the member posts: the mark moves along when it was at the end.
    pub(in crate::models) fn post(&mut self, seq: i64) {
        if self.seq == seq - 1 {
            (self.seq, self.moved) = (seq, true);
        } else {
            self.own += 1;
        }
    }
}

/// Stores marks, by room and person; a mark never moves back.
pub(in crate::models) fn advance(
    conn: &mut DbConn,
    marks: &HashMap<(i64, i64), Progress>,
) -> Result<()> {
    match conn {
        DbConn::Sqlite(conn) => {
            for ((room_id, user_id), progress) in marks {
                let (room_id, user_id) = (*room_id, *user_id);
                let Progress { seq, own, moved } = *progress;
                if moved {
                    let mark = Mark {
                        room_id,
                        user_id,
                        seq,
                        own,
                    };
                    mark.execute(conn)?;
                } else {
                    let own = Own {
                        room_id,
                        user_id,
                        own,
                    };
                    own.execute(conn)?;
                }
            }
            Ok(())
        }
        DbConn::Mysql(_) if marks.is_empty() => Ok(()),
        DbConn::Mysql(conn) => {
            let row = |((room, user), progress): (&(i64, i64), &Progress)| {
                let Progress { seq, own, moved } = *progress;
                (*room, *user, seq, own, i64::from(moved))
            };
            let list: Vec<_> = marks.iter().map(row).collect();
            json_table::UpdateReadPositions::of(&list)?.execute(conn)?;
            Ok(())
        }
    }
}

/// A mark that moves. Diesel's own updates are prepared each time, this one once for each connection.
#[derive(QueryId)]
struct Mark {
    room_id: i64,
    user_id: i64,
    seq: i64,
    own: i64,
}

impl RunQueryDsl<SqliteConnection> for Mark {}

impl QueryFragment<Sqlite> for Mark {
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

/// Messages of the member's own after a mark that stays.
#[derive(QueryId)]
struct Own {
    room_id: i64,
    user_id: i64,
    own: i64,
}

impl RunQueryDsl<SqliteConnection> for Own {}

impl QueryFragment<Sqlite> for Own {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE memberships SET own_unread = own_unread + ");
        out.push_bind_param::<BigInt, _>(&self.own)?;
        out.push_sql(" WHERE room_id = ");
        out.push_bind_param::<BigInt, _>(&self.room_id)?;
        out.push_sql(" AND user_id = ");
        out.push_bind_param::<BigInt, _>(&self.user_id)
    }
}
