//! What a batch must know before it begins.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::{Place, Sent};
use crate::error::Result;
use crate::models::connection::DbConn;
use crate::models::message::Message;
use crate::models::room::{OPEN, Room};
use crate::models::schema::{memberships, messages, rooms, users};
use crate::models::user::User;
use crate::realtime::store::Write;

/// The rows of these pairs of values. Of two lists of values, both databases would look for each of one with each of the
/// other. To SQLite a prepared statement for each pair is the shortest way; to a server, one statement that names all.
macro_rules! each_pair {
    ($conn:expr, $pairs:expr, $source:expr, ($first:path, $second:path), $columns:expr) => {{
        match $conn {
            DbConn::Sqlite(conn) => ($pairs.into_iter())
                .filter_map(|(first, second)| {
                    let pair = $source.filter($first.eq(first)).filter($second.eq(second));
                    pair.select($columns).first(conn).optional().transpose()
                })
                .collect::<QueryResult<Vec<_>>>(),
            DbConn::Mysql(_) if $pairs.is_empty() => Ok(Vec::new()),
            DbConn::Mysql(conn) => {
                let mut query = $source.into_boxed();
                for (first, second) in $pairs {
                    query = query.or_filter($first.eq(first).and($second.eq(second)));
                }
                query.select($columns).load(conn)
            }
        }
    }};
}

/// In order, each once.
pub(super) fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Which of these were sent before, by person and `clientId`.
pub(super) fn find_sent(
    conn: &mut DbConn,
    writes: &[Write],
) -> Result<HashMap<(i64, String), Sent>> {
    let drafts = writes.iter().filter_map(|write| match write {
        Write::Post(draft) => Some(draft),
        _ => None,
    });
    let names = distinct(drafts.map(|draft| (draft.user_id, draft.client_id.as_str())));
    let rows = each_pair!(
        conn,
        names,
        messages::table.inner_join(users::table),
        (messages::user_id, messages::client_id),
        (Message::as_select(), User::as_select(), messages::sent_hash)
    );
    let rows: Vec<(Message, User, Vec<u8>)> = rows?;
    let mut sent = HashMap::new();
    for (message, user, hash) in rows {
        let (room_id, key) = (message.room_id, (user.id, message.client_id.clone()));
        let message = Message::publish(conn, room_id, vec![(message, user)])?.remove(0);
        sent.insert(
            key,
            Sent {
                room_id,
                hash,
                message,
            },
        );
    }
    Ok(sent)
}

/// What the people of these writes have read, where they are members, by room and person.
pub(super) fn find_members(
    conn: &mut DbConn,
    targets: impl Iterator<Item = (i64, i64)>,
) -> Result<HashMap<(i64, i64), i64>> {
    let targets = distinct(targets);
    let found = each_pair!(
        conn,
        targets,
        memberships::table,
        (memberships::room_id, memberships::user_id),
        (
            memberships::room_id,
            memberships::user_id,
            memberships::read_seq,
        )
    );
    let found: Vec<(i64, i64, i64)> = found?;
    let member = |(room_id, user_id, read_seq)| ((room_id, user_id), read_seq);
    Ok(found.into_iter().map(member).collect())
}

/// Where the rooms' logs end.
pub(super) fn find_places(conn: &mut DbConn, room_ids: &[i64]) -> Result<BTreeMap<i64, Place>> {
    let found: Vec<Room> = rooms::table
        .filter(rooms::id.eq_any(room_ids))
        .filter(rooms::deleted_at.is_null())
        .select(Room::as_select())
        .load(conn)?;
    Ok(found
        .into_iter()
        .map(|room| {
            let place = Place {
                is_open: room.kind == OPEN,
                is_pair: room.is_pair(),
                seq: room.last_seq,
                ver: room.last_ver,
                grew: false,
                changed: false,
            };
            (room.id, place)
        })
        .collect())
}
