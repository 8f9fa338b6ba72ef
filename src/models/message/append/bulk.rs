//! What the writer says for many rows: to a server in one statement, to SQLite in a prepared statement for each row, which
//! there is the shortest way (and a statement that might fail halfway would keep a journal of its own).

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamp};
use diesel::sqlite::Sqlite;

use super::{NewMessage, Place};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::database::json_table;
use crate::models::schema::{mentions, messages};

/// Stores new messages.
pub(in crate::models) fn insert_messages(conn: &mut DbConn, rows: &[NewMessage<'_>]) -> Result<()> {
    match conn {
        DbConn::Sqlite(conn) => {
            for row in rows {
                row.execute(conn)?;
            }
        }
        DbConn::Mysql(_) if rows.is_empty() => {}
        DbConn::Mysql(conn) => {
            diesel::insert_into(messages::table)
                .values(rows)
                .execute(conn)?;
        }
    }
    Ok(())
}

/// Stores whom messages name: person, room, place.
pub(in crate::models) fn insert_mentions(
    conn: &mut DbConn,
    rows: &[(i64, i64, i64)],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(user_id, room_id, seq)| {
            (
                mentions::user_id.eq(*user_id),
                mentions::room_id.eq(*room_id),
                mentions::seq.eq(*seq),
            )
        })
        .collect();
    on_each!(conn, conn => diesel::insert_into(mentions::table).values(&rows).execute(conn))
        .map_err(Error::from)?;
    Ok(())
}

/// A message names nobody any more.
pub(in crate::models) fn forget_mentions(conn: &mut DbConn, room_id: i64, seq: i64) -> Result<()> {
    let named = mentions::table
        .filter(mentions::room_id.eq(room_id))
        .filter(mentions::seq.eq(seq));
    diesel::delete(named).execute(conn)?;
    Ok(())
}

/// Moves the ends of all rooms that changed.
pub(in crate::models) fn advance_rooms(
    conn: &mut DbConn,
    places: &BTreeMap<i64, Place>,
    now: NaiveDateTime,
) -> Result<()> {
    let changed = places.iter().filter(|(_, place)| place.changed);
    match conn {
        DbConn::Sqlite(conn) => {
            for (id, place) in changed {
                let end = RoomEnd {
                    id: *id,
                    seq: place.seq,
                    ver: place.ver,
                    grew_at: place.grew.then_some(now),
                };
                end.execute(conn)?;
            }
            Ok(())
        }
        DbConn::Mysql(conn) => {
            let grew_at = now.format("%F %T%.6f").to_string();
            let end = |(id, place): (&i64, &Place)| {
                let grew_at = place.grew.then(|| grew_at.clone());
                (*id, place.seq, place.ver, grew_at)
            };
            let ends: Vec<_> = changed.map(end).collect();
            if !ends.is_empty() {
                json_table::RoomEnds::of(&ends)?.execute(conn)?;
            }
            Ok(())
        }
    }
}

impl RunQueryDsl<SqliteConnection> for &NewMessage<'_> {}

impl QueryId for NewMessage<'_> {
    type QueryId = NewMessage<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

/// What Diesel would say itself, going through all of it three times.
impl QueryFragment<Sqlite> for NewMessage<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO messages (room_id, seq, ver, id, change_id, user_id, client_id, sent_hash, content, created_at) \
             VALUES (",
        );
        let numbers = [
            &self.room_id,
            &self.seq,
            &self.ver,
            &self.id,
            &self.change_id,
            &self.user_id,
        ];
        for number in numbers {
            out.push_bind_param::<BigInt, _>(number)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<Text, _>(self.client_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(self.sent_hash)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.content)?;
        out.push_sql(", ");
        out.push_bind_param::<Timestamp, _>(&self.created_at)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Where a room's log ends now. Diesel's own updates are prepared each time, this one once for each connection.
#[derive(QueryId)]
struct RoomEnd {
    id: i64,
    seq: i64,
    ver: i64,
    grew_at: Option<NaiveDateTime>,
}

impl RunQueryDsl<SqliteConnection> for RoomEnd {}

impl QueryFragment<Sqlite> for RoomEnd {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE rooms SET last_seq = ");
        out.push_bind_param::<BigInt, _>(&self.seq)?;
        out.push_sql(", last_ver = ");
        out.push_bind_param::<BigInt, _>(&self.ver)?;
        out.push_sql(", last_message_at = coalesce(");
        out.push_bind_param::<Nullable<Timestamp>, _>(&self.grew_at)?;
        out.push_sql(", last_message_at) WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.id)
    }
}
