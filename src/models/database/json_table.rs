//! MySQL statements over many rows, passed as one JSON parameter and expanded with `JSON_TABLE`. The server joins these
//! rows by index (0.1 ms for 64 pairs); with one `OR` condition per row it would evaluate every combination (1.3 ms). The
//! statement is the same for every number of rows, so it is prepared once per connection.

use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;

use crate::error::{Error, Result};

/// Defines a statement: the SQL before the JSON rows, their columns, the SQL after them, and the result's row type, if
/// it returns rows. The rows are called `input`.
macro_rules! json_table_query {
    ($(#[$doc:meta])* $name:ident, $before:literal, $columns:literal, $after:literal $(, $row:ty)?) => {
        $(#[$doc])*
        #[derive(QueryId)]
        pub(in crate::models) struct $name(String);

        impl $name {
            /// Creates the statement for these rows.
            pub(in crate::models) fn of(rows: &impl Serialize) -> Result<Self> {
                serde_json::to_string(rows).map(Self).map_err(Error::internal)
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
                out.push_sql(concat!(", '$[*]' COLUMNS (", $columns, ")) input STRAIGHT_JOIN ", $after));
                Ok(())
            }
        }
    };
}

/// Defines a statement that selects all columns of a model by id: the model, and the SQL that joins its table to `input`.
macro_rules! select_by_ids {
    ($(#[$doc:meta])* $name:ident, $model:ty, $join:literal) => {
        $(#[$doc])*
        #[derive(diesel::query_builder::QueryId)]
        pub(super) struct $name {
            ids: String,
            columns: <$model as diesel::Selectable<diesel::mysql::Mysql>>::SelectExpression,
        }

        impl $name {
            pub(super) fn of(ids: &[i64]) -> $crate::error::Result<Self> {
                Ok(Self {
                    ids: serde_json::to_string(ids).map_err($crate::error::Error::internal)?,
                    columns: <$model as diesel::Selectable<diesel::mysql::Mysql>>::construct_selection(),
                })
            }
        }

        impl diesel::RunQueryDsl<diesel::MysqlConnection> for $name {}

        impl diesel::query_builder::Query for $name {
            type SqlType = diesel::dsl::SqlTypeOf<
                <$model as diesel::Selectable<diesel::mysql::Mysql>>::SelectExpression,
            >;
        }

        impl diesel::query_builder::QueryFragment<diesel::mysql::Mysql> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::mysql::Mysql>,
            ) -> diesel::QueryResult<()> {
                out.push_sql("SELECT ");
                diesel::query_builder::QueryFragment::walk_ast(&self.columns, out.reborrow())?;
                out.push_sql(" FROM JSON_TABLE(");
                out.push_bind_param::<diesel::sql_types::Text, _>(&self.ids)?;
                out.push_sql(", '$[*]' COLUMNS (id BIGINT PATH '$')) input STRAIGHT_JOIN ");
                out.push_sql($join);
                Ok(())
            }
        }
    };
}
pub(in crate::models) use select_by_ids;

json_table_query!(
    /// Selects memberships by (room, user).
    SelectMembers,
    "SELECT m.room_id, m.user_id, m.read_seq FROM",
    "room_id BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]'",
    "memberships m ON m.room_id = input.room_id AND m.user_id = input.user_id",
    (BigInt, BigInt, BigInt)
);

json_table_query!(
    /// Selects the (room, seq) of messages by (user, `clientId`).
    SelectSentMessages,
    "SELECT m.room_id, m.seq FROM",
    "user_id BIGINT PATH '$[0]', client_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]'",
    "messages m ON m.user_id = input.user_id AND m.client_id = input.client_id",
    (BigInt, BigInt)
);

json_table_query!(
    /// Updates rooms by (id, `last_seq`, `last_ver`, `last_message_at` or null to keep it).
    UpdateRoomHeads,
    "UPDATE",
    "id BIGINT PATH '$[0]', seq BIGINT PATH '$[1]', ver BIGINT PATH '$[2]', last_message_at DATETIME(6) PATH '$[3]'",
    "rooms r ON r.id = input.id SET r.last_seq = input.seq, r.last_ver = input.ver, \
     r.last_message_at = coalesce(input.last_message_at, r.last_message_at)"
);

json_table_query!(
    /// Updates read positions by (room, user, seq, own, moved). If `moved` is 1, sets `read_seq` to `seq` and `own_unread`
    /// to `own`, unless the position would move back; otherwise adds `own` to `own_unread`.
    UpdateReadPositions,
    "UPDATE",
    "room_id BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]', seq BIGINT PATH '$[2]', own BIGINT PATH '$[3]', \
     moved BIGINT PATH '$[4]'",
    "memberships m ON m.room_id = input.room_id AND m.user_id = input.user_id \
     SET m.read_seq = CASE input.moved WHEN 1 THEN input.seq ELSE m.read_seq END, \
     m.own_unread = CASE input.moved WHEN 1 THEN input.own ELSE m.own_unread + input.own END \
     WHERE input.moved = 0 OR m.read_seq < input.seq"
);
