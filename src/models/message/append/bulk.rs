//! Bulk writes of a batch: one multi-row statement on MySQL, one cached prepared statement per row on SQLite (fastest
//! there, and no statement journal).

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamp};
use diesel::sqlite::Sqlite;

use super::rows::{MessageRow, RoomHead};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::database::json_table;
use crate::models::schema::{mentions, messages};

/// Inserts messages.
pub(super) fn insert_messages(conn: &mut DbConn, rows: &[MessageRow<'_>]) -> Result<()> {
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

/// Inserts mentions: (user, room, seq).
pub(super) fn insert_mentions(conn: &mut DbConn, rows: &[(i64, i64, i64)]) -> Result<()> {
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

/// Deletes a message's mentions.
pub(super) fn delete_mentions(conn: &mut DbConn, room_id: i64, seq: i64) -> Result<()> {
    let mentions = mentions::table
        .filter(mentions::room_id.eq(room_id))
        .filter(mentions::seq.eq(seq));
    diesel::delete(mentions).execute(conn)?;
    Ok(())
}

/// Stores the new ends of all changed rooms.
pub(super) fn update_room_heads(
    conn: &mut DbConn,
    rooms: &BTreeMap<i64, RoomHead>,
    now: NaiveDateTime,
) -> Result<()> {
    let changed = rooms.iter().filter(|(_, room)| room.is_changed);
    match conn {
        DbConn::Sqlite(conn) => {
            for (id, room) in changed {
                let update = UpdateRoomHead {
                    id: *id,
                    seq: room.seq,
                    ver: room.ver,
                    last_message_at: room.has_new_message.then_some(now),
                };
                update.execute(conn)?;
            }
            Ok(())
        }
        DbConn::Mysql(conn) => {
            let now = now.format("%F %T%.6f").to_string();
            let row = |(id, room): (&i64, &RoomHead)| {
                let last_message_at = room.has_new_message.then(|| now.clone());
                (*id, room.seq, room.ver, last_message_at)
            };
            let rows: Vec<_> = changed.map(row).collect();
            if !rows.is_empty() {
                json_table::UpdateRoomHeads::of(&rows)?.execute(conn)?;
            }
            Ok(())
        }
    }
}

impl RunQueryDsl<SqliteConnection> for &MessageRow<'_> {}

impl QueryId for MessageRow<'_> {
    type QueryId = MessageRow<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

/// The statement that Diesel's `insert_into` would build, in one pass instead of three.
impl QueryFragment<Sqlite> for MessageRow<'_> {
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

/// Updates the end of a room's log. Diesel prepares its own updates each time, but this statement once per connection.
#[derive(QueryId)]
struct UpdateRoomHead {
    id: i64,
    seq: i64,
    ver: i64,
    /// `None` keeps the stored time.
    last_message_at: Option<NaiveDateTime>,
}

impl RunQueryDsl<SqliteConnection> for UpdateRoomHead {}

impl QueryFragment<Sqlite> for UpdateRoomHead {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE rooms SET last_seq = ");
        out.push_bind_param::<BigInt, _>(&self.seq)?;
        out.push_sql(", last_ver = ");
        out.push_bind_param::<BigInt, _>(&self.ver)?;
        out.push_sql(", last_message_at = coalesce(");
        out.push_bind_param::<Nullable<Timestamp>, _>(&self.last_message_at)?;
        out.push_sql(", last_message_at) WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.id)
    }
}
