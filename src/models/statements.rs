//! Statements of the writer that say many things at once. Only numbers go into the texts that are put together here.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::append::{NewMessage, Place};
use super::connection::{DbConn, on_each};
use super::schema::{mentions, messages};
use crate::error::{Error, Result};

/// Stores new messages in one statement.
pub(super) fn insert_messages(conn: &mut DbConn, rows: &[NewMessage<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    on_each!(conn, conn => diesel::insert_into(messages::table).values(rows).execute(conn))
        .map_err(Error::from)?;
    Ok(())
}

/// Stores whom messages name: person, room, place.
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

/// A message names nobody any more.
pub(super) fn forget_mentions(conn: &mut DbConn, room_id: i64, seq: i64) -> Result<()> {
    let named = mentions::table
        .filter(mentions::room_id.eq(room_id))
        .filter(mentions::seq.eq(seq));
    diesel::delete(named).execute(conn)?;
    Ok(())
}

/// Moves the ends of all rooms that changed: 100 single statements take eight times as long.
pub(super) fn advance_rooms(
    conn: &mut DbConn,
    places: &BTreeMap<i64, Place>,
    now: NaiveDateTime,
) -> Result<()> {
    let (mut seqs, mut vers) = (String::new(), String::new());
    let (mut changed, mut grown) = (Vec::new(), Vec::new());
    for (id, place) in places.iter().filter(|(_, place)| place.changed) {
        let _ = write!(seqs, " WHEN {id} THEN {}", place.seq);
        let _ = write!(vers, " WHEN {id} THEN {}", place.ver);
        changed.push(id.to_string());
        if place.grew {
            grown.push(id.to_string());
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    // A list that is never empty: no room has the number 0.
    grown.push("0".to_owned());
    let (changed, grown) = (changed.join(", "), grown.join(", "));
    diesel::sql_query(format!(
        "UPDATE rooms SET last_seq = CASE id{seqs} END, last_ver = CASE id{vers} END, \
         last_message_at = CASE WHEN id IN ({grown}) THEN ? ELSE last_message_at END \
         WHERE id IN ({changed})"
    ))
    .bind::<diesel::sql_types::Timestamp, _>(now)
    .execute(conn)?;
    Ok(())
}
