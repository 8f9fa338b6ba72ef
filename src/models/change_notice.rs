//! Notices of changes other than messages, stored in the transaction that makes the change and read by every server on the
//! database. A notice names what to read again, not the new state, so late, repeated or reordered notices are harmless.
//!
//! # Errors
//! `Unavailable` when the database does not respond.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::dsl::max;
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::notices;
use crate::models::{installation, now};
use crate::protocol::commands::{ChangeNotice, ChangeNotices, NOTICE_RETENTION};

#[derive(Insertable)]
#[diesel(table_name = notices)]
struct NewNotice {
    change_id: i64,
    place: i64,
    kind: &'static str,
    room_id: Option<i64>,
    user_id: Option<i64>,
    created_at: NaiveDateTime,
}

/// Stores notices of the transaction's changes. The transaction must have begun with [`installation::lock`].
pub fn record(conn: &mut DbConn, notices: impl IntoIterator<Item = ChangeNotice>) -> Result<()> {
    let mut notices = notices.into_iter().peekable();
    if notices.peek().is_none() {
        return Ok(());
    }
    let (change_id, created_at) = (installation::allocate_ids(conn, 1)?, now());
    let row = |(place, notice)| {
        let (kind, room_id, user_id) = match notice {
            ChangeNotice::Membership { room_id, user_id } => {
                ("membership", Some(room_id), Some(user_id))
            }
            ChangeNotice::Room(room_id) => ("room", Some(room_id), None),
            ChangeNotice::Sessions(user_id) => ("sessions", None, Some(user_id)),
            // Stored as a membership without a room: the column allows no other kinds, and earlier versions ignore it.
            ChangeNotice::Invitations(user_id) => ("membership", None, Some(user_id)),
        };
        NewNotice {
            change_id,
            place,
            kind,
            room_id,
            user_id,
            created_at,
        }
    };
    let rows: Vec<NewNotice> = (0..).zip(notices).map(row).collect();
    on_each!(conn, conn => diesel::insert_into(notices::table).values(&rows).execute(conn))?;
    Ok(())
}

/// Like [`record()`], for users who joined or left a room.
pub fn record_memberships(conn: &mut DbConn, room_id: i64, user_ids: &[i64]) -> Result<()> {
    let membership = |&user_id| ChangeNotice::Membership { room_id, user_id };
    record(conn, user_ids.iter().map(membership))
}

/// Returns the notices after a change id, and the last allocated id.
pub fn list_after(conn: &mut DbConn, after: i64) -> Result<ChangeNotices> {
    let number = installation::latest_id(conn)?;
    if number == after {
        let list = Vec::new();
        return Ok(ChangeNotices { number, list });
    }
    let rows: Vec<(String, Option<i64>, Option<i64>)> = notices::table
        .filter(notices::change_id.gt(after))
        .filter(notices::change_id.le(number))
        .select((notices::kind, notices::room_id, notices::user_id))
        .distinct()
        .load(conn)?;
    let list = rows.into_iter().filter_map(|row| match row {
        (kind, Some(room_id), Some(user_id)) if kind == "membership" => {
            Some(ChangeNotice::Membership { room_id, user_id })
        }
        (kind, None, Some(user_id)) if kind == "membership" => {
            Some(ChangeNotice::Invitations(user_id))
        }
        (kind, Some(room_id), _) if kind == "room" => Some(ChangeNotice::Room(room_id)),
        (kind, _, Some(user_id)) if kind == "sessions" => Some(ChangeNotice::Sessions(user_id)),
        // Written by a later version.
        _ => None,
    });
    let list = list.collect();
    Ok(ChangeNotices { number, list })
}

/// Deletes notices that every server has read. Returns their number.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    let kept = TimeDelta::from_std(NOTICE_RETENTION).map_err(Error::internal)?;
    let last: Option<i64> = notices::table
        .filter(notices::created_at.lt(now() - kept))
        .select(max(notices::change_id))
        .get_result(conn)?;
    let old = notices::table.filter(notices::change_id.le(last.unwrap_or(0)));
    Ok(diesel::delete(old).execute(conn)?)
}
