//! Loads what a batch needs.

use std::collections::HashMap;

use diesel::mysql::Mysql;
use diesel::prelude::*;

use super::rows::{RoomHead, SentMessage};
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::json_table::{Join, SelectJoined};
use crate::models::message::Message;
use crate::models::room::Room;
use crate::models::schema::{memberships, messages, rooms, users};
use crate::models::user::User;
use crate::models::values::user_status::Status;
use crate::protocol::RoomKind;
use crate::protocol::commands::WriteCommand;

/// Active users by id.
struct ActiveUsers;

impl Join for ActiveUsers {
    type Columns = <User as Selectable<Mysql>>::SelectExpression;
    const INPUT: &'static str = "id BIGINT PATH '$'";
    const TABLE: &'static str = "users ON users.id = input.id WHERE users.status = 'active'";
}

/// Rooms by id, without deleted ones.
struct Rooms;

impl Join for Rooms {
    type Columns = <Room as Selectable<Mysql>>::SelectExpression;
    const INPUT: &'static str = "id BIGINT PATH '$'";
    const TABLE: &'static str = "rooms ON rooms.id = input.id WHERE rooms.deleted_at IS NULL";
}

/// Memberships by (room, user).
struct Members;

impl Join for Members {
    type Columns = (
        memberships::room_id,
        memberships::user_id,
        memberships::read_seq,
    );
    const INPUT: &'static str = "room_id BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]'";
    const TABLE: &'static str = "memberships \
         ON memberships.room_id = input.room_id AND memberships.user_id = input.user_id";
}

/// The (room, seq) of messages by (user, `clientId`).
struct SentMessages;

impl Join for SentMessages {
    type Columns = (messages::room_id, messages::seq);
    const INPUT: &'static str = "user_id BIGINT PATH '$[0]', \
         client_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]'";
    const TABLE: &'static str = "messages \
         ON messages.user_id = input.user_id AND messages.client_id = input.client_id";
}

/// Loads one row per key, with a statement that is prepared once. Returns the rows that exist.
fn load_each<K, T>(
    keys: impl IntoIterator<Item = K>,
    mut load: impl FnMut(K) -> QueryResult<T>,
) -> QueryResult<Vec<T>> {
    let rows = keys
        .into_iter()
        .filter_map(|key| load(key).optional().transpose());
    rows.collect()
}

/// Returns the values sorted and without duplicates.
pub(super) fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Returns the new messages that are already stored, by sender and `clientId`.
pub(super) fn load_sent_messages(
    conn: &mut DbConn,
    writes: &[WriteCommand],
) -> Result<HashMap<(i64, String), SentMessage>> {
    let drafts = writes.iter().filter_map(|write| match write {
        WriteCommand::Post(draft) => Some(draft),
        _ => None,
    });
    let keys = distinct(drafts.map(|draft| (draft.user_id, draft.client_id.as_str())));
    let ids = match conn {
        DbConn::Sqlite(conn) => load_each(keys, |(user_id, client_id)| {
            let sent = messages::table.filter(messages::user_id.eq(user_id));
            let sent = sent.filter(messages::client_id.eq(client_id));
            sent.select(<SentMessages as Join>::Columns::default())
                .get_result::<(i64, i64)>(conn)
        })?,
        DbConn::Mysql(_) if keys.is_empty() => Vec::new(),
        DbConn::Mysql(conn) => SelectJoined::<SentMessages>::of(&keys)?.load(conn)?,
    };
    let mut sent = HashMap::new();
    for id in ids {
        let (message, user, hash): (Message, User, Vec<u8>) = messages::table
            .find(id)
            .inner_join(users::table)
            .select((Message::as_select(), User::as_select(), messages::sent_hash))
            .get_result(conn)?;
        let (room_id, key) = (message.room_id, (user.id, message.client_id.clone()));
        let message = Message::render_all(conn, vec![(message, user)])?.remove(0);
        sent.insert(
            key,
            SentMessage {
                room_id,
                hash,
                message,
            },
        );
    }
    Ok(sent)
}

/// Returns the `read_seq` of those of these (room, user) pairs that are members.
pub(super) fn load_members(
    conn: &mut DbConn,
    members: &[(i64, i64)],
) -> Result<Vec<((i64, i64), i64)>> {
    let rows = match conn {
        DbConn::Sqlite(conn) => load_each(members, |member| {
            let columns = <Members as Join>::Columns::default();
            let member = memberships::table.find(*member).select(columns);
            member.get_result::<(i64, i64, i64)>(conn)
        })?,
        DbConn::Mysql(conn) => SelectJoined::<Members>::of(&members)?.load(conn)?,
    };
    let member = |(room_id, user_id, read_seq)| ((room_id, user_id), read_seq);
    Ok(rows.into_iter().map(member).collect())
}

/// Returns those of these users that are active.
pub(super) fn load_active_users(conn: &mut DbConn, user_ids: &[i64]) -> Result<Vec<(i64, User)>> {
    let users: Vec<User> = match conn {
        DbConn::Sqlite(conn) => load_each(user_ids, |user_id| {
            let active = users::table
                .find(user_id)
                .filter(users::status.eq(Status::Active));
            active.select(User::as_select()).get_result(conn)
        })?,
        DbConn::Mysql(conn) => SelectJoined::<ActiveUsers>::of(&user_ids)?.load(conn)?,
    };
    Ok(users.into_iter().map(|user| (user.id, user)).collect())
}

/// Returns the ends of the rooms' logs, without deleted rooms.
pub(super) fn load_room_heads(conn: &mut DbConn, room_ids: &[i64]) -> Result<Vec<(i64, RoomHead)>> {
    let rooms: Vec<Room> = match conn {
        DbConn::Sqlite(conn) => load_each(room_ids, |room_id| {
            let room = (rooms::table.find(room_id)).filter(rooms::deleted_at.is_null());
            room.select(Room::as_select()).get_result(conn)
        })?,
        DbConn::Mysql(conn) => SelectJoined::<Rooms>::of(&room_ids)?.load(conn)?,
    };
    let head = |room: Room| {
        let head = RoomHead {
            is_open: room.kind == RoomKind::Open,
            is_pair: room.is_one_to_one(),
            seq: room.last_seq,
            ver: room.last_ver,
            has_new_message: false,
            is_changed: false,
        };
        (room.id, head)
    };
    Ok(rooms.into_iter().map(head).collect())
}
