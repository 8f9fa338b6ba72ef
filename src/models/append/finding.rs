//! What a batch must know before it begins.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::{Place, Sent};
use crate::error::Result;
use crate::models::connection::DbConn;
use crate::models::message::Message;
use crate::models::room::{OPEN, Room};
use crate::models::schema::{messages, rooms, users};
use crate::models::user::User;
use crate::realtime::store::Write;

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
    let user_ids = distinct(drafts.clone().map(|draft| draft.user_id));
    let client_ids = distinct(drafts.map(|draft| draft.client_id.as_str()));
    let rows: Vec<(Message, User, Vec<u8>)> = messages::table
        .inner_join(users::table)
        .filter(messages::user_id.eq_any(user_ids))
        .filter(messages::client_id.eq_any(client_ids))
        .select((Message::as_select(), User::as_select(), messages::sent_hash))
        .load(conn)?;
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
