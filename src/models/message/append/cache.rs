//! What the last batches read of people, members and rooms. SQLite tells whether anybody else has written since: as long
//! as nobody has, it is read once and not for each batch. A server does not tell, so there it is read each time.

use std::collections::HashMap;
use std::hash::Hash;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use super::Place;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::user::User;

/// So much is kept; when there is more, all of it is read again.
const MAX: usize = 20_000;

/// See the module's description. It belongs to one connection: what that one writes itself is not told.
#[derive(Default)]
pub(in crate::models) struct Known {
    /// The database as it was when all of this was read; nothing where it does not tell.
    version: Option<i64>,
    /// Those who may be here.
    pub(super) users: HashMap<i64, User>,
    /// What each member has read, by room and person.
    pub(super) members: HashMap<(i64, i64), i64>,
    pub(super) places: HashMap<i64, Place>,
}

impl Known {
    /// Forgets everything unless it is as it was. In the transaction that uses it.
    pub(super) fn refresh(&mut self, conn: &mut DbConn) -> Result<()> {
        let version = match conn {
            DbConn::Sqlite(conn) => Some(DataVersion.get_result(conn)?),
            DbConn::Mysql(_) => None,
        };
        let size = self.users.len() + self.members.len() + self.places.len();
        if version != self.version || size > MAX {
            *self = Self::default();
            self.version = version;
        }
        Ok(())
    }

    /// Keeps what a batch took, as it is now.
    pub(super) fn keep(
        mut self,
        users: impl IntoIterator<Item = (i64, User)>,
        members: impl IntoIterator<Item = ((i64, i64), i64)>,
        places: impl IntoIterator<Item = (i64, Place)>,
    ) -> Self {
        if self.version.is_some() {
            self.users.extend(users);
            self.members.extend(members);
            self.places.extend(places);
        }
        self
    }
}

/// Takes what is known of these out; the others are found.
pub(super) fn take<K: Eq + Hash + Copy, V, M: FromIterator<(K, V)>>(
    known: &mut HashMap<K, V>,
    keys: &[K],
    find: impl FnOnce(&[K]) -> Result<Vec<(K, V)>>,
) -> Result<M> {
    let mut unknown = Vec::new();
    let mut taken = Vec::with_capacity(keys.len());
    for key in keys {
        match known.remove_entry(key) {
            Some(entry) => taken.push(entry),
            None => unknown.push(*key),
        }
    }
    taken.extend(find(&unknown)?);
    Ok(taken.into_iter().collect())
}

/// A number that is another one once any other connection, of this program or another, has changed the database
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
