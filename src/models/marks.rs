//! What people have read.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use super::connection::DbConn;
use super::listed;
use super::schema::mentions;
use crate::error::Result;

/// Moves marks, by room and person; a mark never moves back.
pub(super) fn advance(conn: &mut DbConn, marks: &HashMap<(i64, i64), i64>) -> Result<()> {
    match conn {
        DbConn::Sqlite(conn) => {
            for ((room_id, user_id), mark) in marks {
                let mark = Mark {
                    room_id: *room_id,
                    user_id: *user_id,
                    seq: *mark,
                };
                mark.execute(conn)?;
            }
            Ok(())
        }
        DbConn::Mysql(_) if marks.is_empty() => Ok(()),
        DbConn::Mysql(conn) => {
            let marks = marks.iter();
            let list: Vec<_> = marks.map(|((room, user), seq)| (room, user, seq)).collect();
            listed::Marks::of(&list)?.execute(conn)?;
            Ok(())
        }
    }
}

/// A mark. Diesel's own updates are prepared each time, this one once for each connection.
#[derive(QueryId)]
struct Mark {
    room_id: i64,
    user_id: i64,
    seq: i64,
}

impl RunQueryDsl<SqliteConnection> for Mark {}

impl QueryFragment<Sqlite> for Mark {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE memberships SET read_seq = ");
        out.push_bind_param::<BigInt, _>(&self.seq)?;
        out.push_sql(" WHERE room_id = ");
        out.push_bind_param::<BigInt, _>(&self.room_id)?;
        out.push_sql(" AND user_id = ");
        out.push_bind_param::<BigInt, _>(&self.user_id)?;
        out.push_sql(" AND read_seq < ");
        out.push_bind_param::<BigInt, _>(&self.seq)
    }
}

/// How many messages of a room after `seq` name a person.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn mentions_after(conn: &mut DbConn, user_id: i64, room_id: i64, seq: i64) -> Result<i64> {
    Ok(mentions::table
        .filter(mentions::user_id.eq(user_id))
        .filter(mentions::room_id.eq(room_id))
        .filter(mentions::seq.gt(seq))
        .select(count_star())
        .get_result(conn)?)
}
