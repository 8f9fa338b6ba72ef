//! The one-row table that identifies this database and counts its changes.
//!
//! # Errors
//! `Unavailable` when the database does not respond.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::BigInt;

use super::schema::installation::dsl;
use super::statement::Statement;
use crate::error::Result;
use crate::models::database::connection::{DbConn, on_each};

const ROW: i32 = 1;

/// Returns the database's identity. When it changes, clients discard what they stored of the previous one.
pub fn epoch(conn: &mut DbConn) -> Result<String> {
    let row = dsl::installation.find(ROW).select(dsl::epoch);
    Ok(row.get_result(conn)?)
}

/// Replaces the epoch, so that clients discard what they stored of the database that this one was copied from.
pub(super) fn renew_epoch(conn: &mut DbConn) -> Result<()> {
    let epoch = uuid::Uuid::new_v4().simple().to_string();
    diesel::update(dsl::installation.find(ROW))
        .set(dsl::epoch.eq(epoch))
        .run(conn)
}

/// Waits for the row until the transaction ends, which serializes the transactions that lock it. Must be the first statement
/// of its transaction to prevent deadlocks.
pub fn lock(conn: &mut DbConn) -> Result<()> {
    allocate_ids(conn, 0).map(|_| ())
}

/// Allocates the next `count` ids and returns the first. Must be the first statement of its transaction, or follow
/// [`lock`]: later transactions wait for the commit, so ids become visible in ascending order.
pub fn allocate_ids(conn: &mut DbConn, count: i64) -> Result<i64> {
    on_each!(conn, conn => AdvanceCounter(count).execute(conn))?;
    Ok(latest_id(conn)? - count + 1)
}

/// Advances the counter. Diesel prepares its own updates each time, but this statement once per connection.
#[derive(QueryId)]
struct AdvanceCounter(i64);

impl<C: Connection> RunQueryDsl<C> for AdvanceCounter {}

impl<B: Backend> QueryFragment<B> for AdvanceCounter
where
    i64: ToSql<BigInt, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql("UPDATE installation SET counter = counter + ");
        out.push_bind_param::<BigInt, _>(&self.0)?;
        out.push_sql(" WHERE id = 1");
        Ok(())
    }
}

/// Returns the last allocated id.
pub fn latest_id(conn: &mut DbConn) -> Result<i64> {
    let row = dsl::installation.find(ROW).select(dsl::counter);
    Ok(on_each!(conn, conn => row.get_result(conn))?)
}

/// Returns the number of changes of usernames and avatars so far.
pub fn profile_version(conn: &mut DbConn) -> Result<i64> {
    let row = dsl::installation.find(ROW).select(dsl::people);
    Ok(on_each!(conn, conn => row.get_result(conn))?)
}

/// Records that a username or avatar changed. Runs in a write transaction.
pub fn bump_profile_version(conn: &mut DbConn) -> Result<()> {
    diesel::update(dsl::installation.find(ROW))
        .set(dsl::people.eq(dsl::people + 1))
        .run(conn)
}
