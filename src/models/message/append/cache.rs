//! Write-through cache of the users, members and rooms that recent batches used. SQLite tells whether another connection
//! has written since, which invalidates the cache. MySQL does not, so there every batch loads them again.

use std::collections::HashMap;
use std::hash::Hash;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use super::rows::RoomHead;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::user::User;

/// Number of entries above which the cache is cleared.
const MAX_ENTRIES: usize = 20_000;

/// The cache of one connection, whose own writes it includes.
#[derive(Default)]
pub(in crate::models) struct WriteCache {
    /// SQLite's `data_version` of the entries; `None` on MySQL.
    version: Option<i64>,
    /// Active users.
    pub(super) users: HashMap<i64, User>,
    /// Each member's `read_seq` by room and user.
    pub(super) members: HashMap<(i64, i64), i64>,
    pub(super) rooms: HashMap<i64, RoomHead>,
}

impl WriteCache {
    /// Clears the cache if another connection has written. Runs in the transaction that uses the entries.
    pub(super) fn refresh(&mut self, conn: &mut DbConn) -> Result<()> {
        let version = match conn {
            DbConn::Sqlite(conn) => Some(DataVersion.get_result(conn)?),
            DbConn::Mysql(_) => None,
        };
        let size = self.users.len() + self.members.len() + self.rooms.len();
        if version != self.version || size > MAX_ENTRIES {
            *self = Self::default();
            self.version = version;
        }
        Ok(())
    }

    /// Adds a batch's entries as they are after the batch.
    pub(super) fn with(
        mut self,
        users: impl IntoIterator<Item = (i64, User)>,
        members: impl IntoIterator<Item = ((i64, i64), i64)>,
        rooms: impl IntoIterator<Item = (i64, RoomHead)>,
    ) -> Self {
        if self.version.is_some() {
            self.users.extend(users);
            self.members.extend(members);
            self.rooms.extend(rooms);
        }
        self
    }
}

/// Takes the entries with these keys out of the cache and loads the missing ones.
pub(super) fn take_cached_or_load<K: Eq + Hash + Copy, V, M: FromIterator<(K, V)>>(
    cached: &mut HashMap<K, V>,
    keys: &[K],
    load: impl FnOnce(&[K]) -> Result<Vec<(K, V)>>,
) -> Result<M> {
    let mut missing = Vec::new();
    let mut taken = Vec::with_capacity(keys.len());
    for key in keys {
        match cached.remove_entry(key) {
            Some(entry) => taken.push(entry),
            None => missing.push(*key),
        }
    }
    taken.extend(load(&missing)?);
    Ok(taken.into_iter().collect())
}

/// Selects a number that changes when another connection, of any process, commits a change
/// (<https://sqlite.org/pragma.html#pragma_data_version>).
#[derive(QueryId)]
struct DataVersion;

impl Query for DataVersion {
    type SqlType = BigInt;
}

impl RunQueryDsl<SqliteConnection> for DataVersion {}

impl QueryFragment<Sqlite> for DataVersion {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("PRAGMA data_version");
        Ok(())
    }
}
