//! What changed beside messages, noted in the transaction that changed it, so that every server on this database hears
//! of it. A notice says where to look, not what is to be found there: reading one late, twice or in another order does
//! no harm.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::dsl::max;
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::notices;
use crate::models::{installation, now};
use crate::realtime::change_poller::{NOTICE_RETENTION, ChangeNotice, ChangeNotices};

#[derive(Insertable)]
#[diesel(table_name = notices)]
struct Row {
    change_id: i64,
    place: i64,
    kind: &'static str,
    room_id: Option<i64>,
    user_id: Option<i64>,
    created_at: NaiveDateTime,
}

impl Row {
    fn new(change_id: i64, place: i64, notice: ChangeNotice, created_at: NaiveDateTime) -> Self {
        let (kind, room_id, user_id) = match notice {
            ChangeNotice::Membership { room_id, user_id } => ("membership", Some(room_id), Some(user_id)),
            ChangeNotice::Room(room_id) => ("room", Some(room_id), None),
            ChangeNotice::Sessions(user_id) => ("sessions", None, Some(user_id)),
            // Without a room: the column allows no other kinds, and earlier versions skip it.
            ChangeNotice::Invitations(user_id) => ("membership", None, Some(user_id)),
        };
        Self {
            change_id,
            place,
            kind,
            room_id,
            user_id,
            created_at,
        }
    }
}

/// Notes what the transaction changes, which must have begun with [`installation::take_turn`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn write(conn: &mut DbConn, notices: impl IntoIterator<Item = ChangeNotice>) -> Result<()> {
    let (now, mut rows) = (now(), Vec::new());
    for (place, notice) in (0..).zip(notices) {
        rows.push(Row::new(0, place, notice, now));
    }
    if rows.is_empty() {
        return Ok(());
    }
    let change_id = installation::take_numbers(conn, 1)?;
    rows.iter_mut().for_each(|row| row.change_id = change_id);
    on_each!(conn, conn => diesel::insert_into(notices::table).values(&rows).execute(conn))
        .map_err(Error::from)?;
    Ok(())
}

/// Notes that these people came into a room, or are no longer in it. As [`write()`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn memberships(conn: &mut DbConn, room_id: i64, user_ids: &[i64]) -> Result<()> {
    let membership = |&user_id| ChangeNotice::Membership { room_id, user_id };
    write(conn, user_ids.iter().map(membership))
}

/// The installation's latest number, and what was noted after `after` up to it.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn after(conn: &mut DbConn, after: i64) -> Result<ChangeNotices> {
    let number = installation::latest_number(conn)?;
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
        (kind, None, Some(user_id)) if kind == "membership" => Some(ChangeNotice::Invitations(user_id)),
        (kind, Some(room_id), _) if kind == "room" => Some(ChangeNotice::Room(room_id)),
        (kind, _, Some(user_id)) if kind == "sessions" => Some(ChangeNotice::Sessions(user_id)),
        // A later version's.
        _ => None,
    });
    let list = list.collect();
    Ok(ChangeNotices { number, list })
}

/// Forgets what every server has read long since; answers how many.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn) -> Result<usize> {
    let kept = TimeDelta::from_std(NOTICE_RETENTION).map_err(Error::internal)?;
    let last: Option<i64> = notices::table
        .filter(notices::created_at.lt(now() - kept))
        .select(max(notices::change_id))
        .get_result(conn)?;
    let old = notices::table.filter(notices::change_id.le(last.unwrap_or(0)));
    Ok(diesel::delete(old).execute(conn)?)
}
