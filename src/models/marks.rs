//! What people have read.

use std::collections::HashMap;
use std::fmt::Write;

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::connection::DbConn;
use super::schema::mentions;
use crate::error::Result;

/// Moves marks, by room and person; a mark never moves back. Only numbers go into the text.
pub(super) fn advance(conn: &mut DbConn, marks: &HashMap<(i64, i64), i64>) -> Result<()> {
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
