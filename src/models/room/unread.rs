//! Unread counts: `last_seq − read_seq`, less `own_unread` (stored with the read position), less other users' deleted
//! messages.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::error::Result;
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{deleted_messages, memberships, mentions, messages};

/// Rooms per query. Each adds a condition on a range of the primary key.
const ROOMS_PER_QUERY: usize = 500;
/// Number of messages above which own messages are counted in the index by user, not in the room's range.
const LONG_RANGE: i64 = 2_000;

/// Counts other users' deleted messages after each (room, `read_seq`), by room. Pass only rooms with a deletion after
/// the read position (`rooms.last_deleted_seq`), which are few; without rooms there is no query.
pub(in crate::models) fn deleted_after(
    conn: &mut DbConn,
    user_id: i64,
    positions: &[(i64, i64)],
) -> Result<HashMap<i64, i64>> {
    let mut counts = HashMap::new();
    for chunk in positions.chunks(ROOMS_PER_QUERY) {
        let mut query = deleted_messages::table
            .group_by(deleted_messages::room_id)
            .select((deleted_messages::room_id, count_star()))
            .into_boxed();
        for (room_id, read_seq) in chunk {
            query = query.or_filter(
                deleted_messages::room_id
                    .eq(*room_id)
                    .and(deleted_messages::seq.gt(*read_seq))
                    .and(deleted_messages::user_id.ne(user_id)),
            );
        }
        counts.extend(query.load::<(i64, i64)>(conn)?);
    }
    Ok(counts)
}

/// Counts the messages by other users after `seq` that mention a user in a room.
pub(in crate::models) fn mentions_after(
    conn: &mut DbConn,
    user_id: i64,
    room_id: i64,
    seq: i64,
) -> Result<i64> {
    Ok(mentions::table
        .inner_join(
            messages::table.on(messages::room_id
                .eq(mentions::room_id)
                .and(messages::seq.eq(mentions::seq))),
        )
        .filter(mentions::user_id.eq(user_id))
        .filter(mentions::room_id.eq(room_id))
        .filter(mentions::seq.gt(seq))
        .filter(messages::user_id.ne(user_id))
        .select(count_star())
        .get_result(conn)?)
}

/// Counts, by room, the messages by other users after the user's read positions that mention them.
pub(in crate::models) fn mentions_by_room(
    conn: &mut DbConn,
    user_id: i64,
) -> Result<HashMap<i64, i64>> {
    let counts: Vec<(i64, i64)> = on_each!(conn, conn => mentions::table
        .inner_join(
            memberships::table.on(memberships::room_id
                .eq(mentions::room_id)
                .and(memberships::user_id.eq(mentions::user_id))),
        )
        .inner_join(
            messages::table.on(messages::room_id
                .eq(mentions::room_id)
                .and(messages::seq.eq(mentions::seq))),
        )
        .filter(mentions::user_id.eq(user_id))
        .filter(mentions::seq.gt(memberships::read_seq))
        .filter(messages::user_id.ne(user_id))
        .group_by(mentions::room_id)
        .select((mentions::room_id, count_star()))
        .load(conn))?;
    Ok(counts.into_iter().collect())
}

/// A move of a read position from `before` to `after`, with the room's `last_seq`.
pub(in crate::models) struct PositionMove {
    pub(in crate::models) room_id: i64,
    pub(in crate::models) user_id: i64,
    pub(in crate::models) before: i64,
    pub(in crate::models) after: i64,
    pub(in crate::models) last_seq: i64,
}

/// Returns `own_unread` after a move. Counts own messages in the shorter of two ranges: the one passed, or the one
/// left.
pub(in crate::models) fn own_unread_after(
    conn: &mut DbConn,
    own_before: i64,
    moved: &PositionMove,
) -> Result<i64> {
    let PositionMove {
        before,
        after,
        last_seq,
        ..
    } = *moved;
    if after == last_seq {
        return Ok(0);
    }
    if last_seq - after <= (after - before).abs() {
        return own_between(conn, moved, after, last_seq);
    }
    let passed = own_between(conn, moved, before.min(after), before.max(after))?;
    let own = if after < before {
        own_before + passed
    } else {
        own_before - passed
    };
    Ok(own.max(0))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// Counts a user's messages in a room after `start`, up to and including `end`. Reads the room's range, or, where that
/// is long, the index by user, which is short for most users.
fn own_between(conn: &mut DbConn, moved: &PositionMove, start: i64, end: i64) -> Result<i64> {
    let hint = match (conn as &DbConn, end - start > LONG_RANGE) {
        (_, false) => "",
        (DbConn::Sqlite(_), true) => "INDEXED BY messages_by_client_id",
        (DbConn::Mysql(_), true) => "FORCE INDEX (messages_by_client_id)",
    };
    let sql = format!(
        "SELECT count(*) AS value FROM messages {hint} \
         WHERE user_id = ? AND room_id = ? AND seq > ? AND seq <= ?"
    );
    let count: Count = on_each!(conn, conn => diesel::sql_query(sql)
        .bind::<BigInt, _>(moved.user_id)
        .bind::<BigInt, _>(moved.room_id)
        .bind::<BigInt, _>(start)
        .bind::<BigInt, _>(end)
        .get_result(conn))?;
    Ok(count.value)
}
