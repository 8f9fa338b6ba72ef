//! MySQL statements over many rows, passed as one JSON parameter and expanded with `JSON_TABLE`. The server joins these
//! rows by index (0.1 ms for 64 pairs); with one `OR` condition per row it would evaluate every combination (1.3 ms). The
//! statement is the same for every number of rows, so it is prepared once per connection. The rows are called `input`.

use diesel::expression::Expression;
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;
use serde::Serialize;

use crate::error::{Error, Result};

/// What a [`SelectJoined`] selects.
pub(in crate::models) trait Join: 'static {
    /// The selected columns.
    type Columns: QueryFragment<Mysql> + Expression + Default;
    /// The columns of the JSON rows.
    const INPUT: &'static str;
    /// The table that is joined to `input`, and the conditions.
    const TABLE: &'static str;
}

/// Selects columns of the rows that belong to the JSON rows.
pub(in crate::models) struct SelectJoined<J: Join> {
    rows: String,
    columns: J::Columns,
}

impl<J: Join> SelectJoined<J> {
    /// Creates the statement for these rows.
    ///
    /// # Errors
    /// None is known.
    pub(in crate::models) fn of(rows: &impl Serialize) -> Result<Self> {
        let rows = serde_json::to_string(rows).map_err(Error::internal)?;
        let columns = J::Columns::default();
        Ok(Self { rows, columns })
    }
}

impl<J: Join> QueryId for SelectJoined<J> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<J: Join> RunQueryDsl<MysqlConnection> for SelectJoined<J> {}

impl<J: Join> Query for SelectJoined<J> {
    type SqlType = <J::Columns as Expression>::SqlType;
}

impl<J: Join> QueryFragment<Mysql> for SelectJoined<J> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.columns.walk_ast(out.reborrow())?;
        out.push_sql(" FROM JSON_TABLE(");
        out.push_bind_param::<Text, _>(&self.rows)?;
        out.push_sql(", '$[*]' COLUMNS (");
        out.push_sql(J::INPUT);
        out.push_sql(")) input STRAIGHT_JOIN ");
        out.push_sql(J::TABLE);
        Ok(())
    }
}

/// Defines an update: the columns of the JSON rows, the table that is joined to `input`, and what is set.
macro_rules! update_joined {
    ($(#[$doc:meta])* $name:ident, $input:literal, $update:literal) => {
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

        impl QueryFragment<Mysql> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
                out.push_sql("UPDATE JSON_TABLE(");
                out.push_bind_param::<Text, _>(&self.0)?;
                out.push_sql(concat!(", '$[*]' COLUMNS (", $input, ")) input STRAIGHT_JOIN ", $update));
                Ok(())
            }
        }
    };
}

update_joined!(
    /// Updates rooms by (id, `last_seq`, `last_ver`, `last_message_at` or null to keep it).
    UpdateRoomHeads,
    "id BIGINT PATH '$[0]', seq BIGINT PATH '$[1]', ver BIGINT PATH '$[2]', last_message_at DATETIME(6) PATH '$[3]'",
    "rooms r ON r.id = input.id SET r.last_seq = input.seq, r.last_ver = input.ver, \
     r.last_message_at = coalesce(input.last_message_at, r.last_message_at)"
);

update_joined!(
    /// Updates read positions by (room, user, seq, own, moved). If `moved` is 1, sets `read_seq` to `seq` and `own_unread`
    /// to `own`, unless the position would move back; otherwise adds `own` to `own_unread`.
    UpdateReadPositions,
    "room_id BIGINT PATH '$[0]', user_id BIGINT PATH '$[1]', seq BIGINT PATH '$[2]', own BIGINT PATH '$[3]', \
     moved BIGINT PATH '$[4]'",
    "memberships m ON m.room_id = input.room_id AND m.user_id = input.user_id \
     SET m.read_seq = CASE input.moved WHEN 1 THEN input.seq ELSE m.read_seq END, \
     m.own_unread = CASE input.moved WHEN 1 THEN input.own ELSE m.own_unread + input.own END \
     WHERE input.moved = 0 OR m.read_seq < input.seq"
);
