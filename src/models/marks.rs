//! What people have read.

use std::collections::HashMap;
use std::fmt::Write;

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use super::connection::DbConn;
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
        DbConn::Mysql(conn) => advance_at_once(conn, marks),
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

/// One statement for all. Only numbers go into its text.
fn advance_at_once(conn: &mut MysqlConnection, marks: &HashMap<(i64, i64), i64>) -> Result<()> {
    if marks.is_empty() {
        return Ok(());
    }
    let (mut cases, mut keys) = (String::new(), String::new());
    for ((room_id, user_id), mark) in marks {
        let member = format!("room_id = {room_id} AND user_id = {user_id}");
        let _ = write!(cases, " WHEN {member} AND read_seq < {mark} THEN {mark}");
        let separator = if keys.is_empty() { "" } else { " OR " };
        let _ = write!(keys, "{separator}({member})");
    }
    diesel::sql_query(format!(
        "UPDATE memberships SET read_seq = CASE{cases} ELSE read_seq END WHERE {keys}"
    ))
    .execute(conn)?;
    Ok(())
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
