//! What a batch must know before it begins.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Place, Sent};
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::json_table;
use crate::models::message::Message;
use crate::models::room::{OPEN, Room};
use crate::models::schema::{memberships, messages, rooms, users};
use crate::models::user::{ACTIVE, User};
use crate::realtime::store::WriteCommand;

/// Asks for one row after the other, with a statement that is prepared once; those that are there.
fn one_by_one<K, T>(
    keys: impl IntoIterator<Item = K>,
    mut ask: impl FnMut(K) -> QueryResult<T>,
) -> QueryResult<Vec<T>> {
    let found = keys
        .into_iter()
        .filter_map(|key| ask(key).optional().transpose());
    found.collect()
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
    writes: &[WriteCommand],
) -> Result<HashMap<(i64, String), Sent>> {
    let drafts = writes.iter().filter_map(|write| match write {
        WriteCommand::Post(draft) => Some(draft),
        _ => None,
    });
    let names = distinct(drafts.map(|draft| (draft.user_id, draft.client_id.as_str())));
    let places = match conn {
        DbConn::Sqlite(conn) => one_by_one(names, |(user_id, client_id)| {
            let sent = messages::table.filter(messages::user_id.eq(user_id));
            let sent = sent.filter(messages::client_id.eq(client_id));
            sent.select((messages::room_id, messages::seq))
                .get_result::<(i64, i64)>(conn)
        })?,
        DbConn::Mysql(_) if names.is_empty() => Vec::new(),
        DbConn::Mysql(conn) => json_table::Sent::of(&names)?.load(conn)?,
    };
    let mut sent = HashMap::new();
    for place in places {
        let (message, user, hash): (Message, User, Vec<u8>) = messages::table
            .find(place)
            .inner_join(users::table)
            .select((Message::as_select(), User::as_select(), messages::sent_hash))
            .get_result(conn)?;
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

/// What people have read where they are members, by room and person.
pub(super) fn find_members(
    conn: &mut DbConn,
    targets: &[(i64, i64)],
) -> Result<Vec<((i64, i64), i64)>> {
    let found = match conn {
        DbConn::Sqlite(conn) => one_by_one(targets, |member| {
            let columns = (
                memberships::room_id,
                memberships::user_id,
                memberships::read_seq,
            );
            let member = memberships::table.find(*member).select(columns);
            member.get_result::<(i64, i64, i64)>(conn)
        })?,
        DbConn::Mysql(conn) => json_table::Members::of(&targets)?.load(conn)?,
    };
    let member = |(room_id, user_id, read_seq)| ((room_id, user_id), read_seq);
    Ok(found.into_iter().map(member).collect())
}

/// Those of these people who may be here.
pub(super) fn find_people(conn: &mut DbConn, user_ids: &[i64]) -> Result<Vec<(i64, User)>> {
    let people: Vec<User> = match conn {
        DbConn::Sqlite(conn) => one_by_one(user_ids, |user_id| {
            let active = users::table.find(user_id).filter(users::status.eq(ACTIVE));
            active.select(User::as_select()).get_result(conn)
        })?,
        DbConn::Mysql(conn) => json_table::People::of(&user_ids)?.load(conn)?,
    };
    Ok(people.into_iter().map(|user| (user.id, user)).collect())
}

/// Where the rooms' logs end.
pub(super) fn find_places(conn: &mut DbConn, room_ids: &[i64]) -> Result<Vec<(i64, Place)>> {
    let found: Vec<Room> = match conn {
        DbConn::Sqlite(conn) => one_by_one(room_ids, |room_id| {
            let there = (rooms::table.find(room_id)).filter(rooms::deleted_at.is_null());
            there.select(Room::as_select()).get_result(conn)
        })?,
        DbConn::Mysql(conn) => json_table::Rooms::of(&room_ids)?.load(conn)?,
    };
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
