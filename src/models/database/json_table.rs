//! Statements for a server that speak of many rows, which come as one bound value: a list in JSON. A condition for each
//! row makes the server try every combination (of 64 pairs: 1.3 ms); rows of a list are looked up one by one (0.1 ms),
//! and the statement is the same for every length, so that it is prepared once for each connection.

use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use serde::Serialize;

use crate::error::{Error, Result};

/// Defines a statement by what stands before and after its list.
macro_rules! listed {
    ($(#[$doc:meta])* $name:ident, $before:literal, $columns:literal, $after:literal $(, $row:ty)?) => {
        $(#[$doc])*
        #[derive(QueryId)]
        pub(in crate::models) struct $name(String);

        impl $name {
            /// The statement for this list.
            ///
            /// # Errors
            /// None that is known.
            pub(in crate::models) fn of(list: &impl Serialize) -> Result<Self> {
                serde_json::to_string(list).map(Self).map_err(Error::internal)
            }
        }

        impl RunQueryDsl<MysqlConnection> for $name {}

        $(impl Query for $name {
            type SqlType = $row;
        })?

        impl QueryFragment<Mysql> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
                out.push_sql(concat!($before, " JSON_TABLE("));
                out.push_bind_param::<Text, _>(&self.0)?;
                out.push_sql(concat!(", '$[*]' COLUMNS (", $columns, ")) listed STRAIGHT_JOIN ", $after));
                Ok(())
            }
        }
    };
}

listed!(
    /// Of rooms and people: who is a member, and what they have read.
    Members,
    "SELECT m.room_id, m.user_id, m.read_seq FROM",
    "room_id BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]'",
    "memberships m ON m.room_id = listed.room_id AND m.user_id = listed.user_id",
    (BigInt, BigInt, BigInt)
);

listed!(
    /// Of people and their messages' names: where those are that were sent before.
    Sent,
    "SELECT m.room_id, m.seq FROM",
    "user_id BIGINT PATH '$[0]', client_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]'",
    "messages m ON m.user_id = listed.user_id AND m.client_id = listed.client_id",
    (BigInt, BigInt)
);

listed!(
    /// Of rooms, with the end of each: the last message, the last change, and when it grew, if it did.
    RoomEnds,
    "UPDATE",
    "id BIGINT PATH '$[0]', seq BIGINT PATH '$[1]', ver BIGINT PATH '$[2]', grew_at DATETIME(6) PATH '$[3]'",
    "rooms r ON r.id = listed.id SET r.last_seq = listed.seq, r.last_ver = listed.ver, \
     r.last_message_at = coalesce(listed.grew_at, r.last_message_at)"
);

listed!(
    /// Of rooms and people: the last message they have read and how many of their own come after it; or, where the mark
    /// is not moved, how many more come after it. A mark never moves back.
    Marks,
    "UPDATE",
    "room_id BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]', seq BIGINT PATH '$[2]', own BIGINT PATH '$[3]', \
     moved BIGINT PATH '$[4]'",
    "memberships m ON m.room_id = listed.room_id AND m.user_id = listed.user_id \
     SET m.read_seq = CASE listed.moved WHEN 1 THEN listed.seq ELSE m.read_seq END, \
     m.own_unread = CASE listed.moved WHEN 1 THEN listed.own ELSE m.own_unread + listed.own END \
     WHERE listed.moved = 0 OR m.read_seq < listed.seq"
);

listed!(
    /// Of people: those who may be here.
    People,
    "SELECT u.id, u.username, u.role, u.status, u.avatar, u.session_epoch FROM",
    "id BIGINT PATH '$'",
    "users u ON u.id = listed.id WHERE u.status = 'active'",
    (BigInt, Text, Text, Text, Nullable<Text>, BigInt)
);

listed!(
    /// Of rooms: those that are not deleted.
    Rooms,
    "SELECT r.id, r.kind, r.name, r.topic, r.direct_key, r.last_seq, r.last_ver, r.last_message_at, \
     r.last_deleted_seq, r.created_by FROM",
    "id BIGINT PATH '$'",
    "rooms r ON r.id = listed.id WHERE r.deleted_at IS NULL",
    (
        BigInt,
        Text,
        Text,
        Text,
        Nullable<Text>,
        BigInt,
        BigInt,
        Nullable<Timestamp>,
        BigInt,
        Nullable<BigInt>
    )
);
