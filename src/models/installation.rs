//! The one row that names this database and counts its changes.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::BigInt;

use super::schema::installation::dsl;
use crate::error::Result;
use crate::models::database::connection::{DbConn, on_each};

const ROW: i32 = 1;

/// The database's name: another one means that what clients remember is about something else.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn epoch(conn: &mut DbConn) -> Result<String> {
    Ok(dsl::installation
        .find(ROW)
        .select(dsl::epoch)
        .get_result(conn)?)
}

/// Gives the database another name: what clients remember is about the one that it was copied from.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub(super) fn renew_epoch(conn: &mut DbConn) -> Result<()> {
    let epoch = uuid::Uuid::new_v4().simple().to_string();
    diesel::update(dsl::installation.find(ROW))
        .set(dsl::epoch.eq(epoch))
        .execute(conn)?;
    Ok(())
}

/// Waits for the transactions that began so before, until this one ends. Must be the first statement of its transaction,
/// or two could wait for each other.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn take_turn(conn: &mut DbConn) -> Result<()> {
    take_numbers(conn, 0).map(|_| ())
}

/// Takes the next `count` numbers; answers the first. Must be the first statement of its transaction, or come after
/// [`take_turn`]: whoever comes later waits for the commit, and so numbers become visible in their order.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn take_numbers(conn: &mut DbConn, count: i64) -> Result<i64> {
    on_each!(conn, conn => Count(count).execute(conn))?;
    let last: i64 = latest_number(conn)?;
    Ok(last - count + 1)
}

/// Counts on. Diesel's own updates are prepared each time, this one once for each connection.
#[derive(QueryId)]
struct Count(i64);

impl<C: Connection> RunQueryDsl<C> for Count {}

impl<B: Backend> QueryFragment<B> for Count
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

/// The latest number that was taken.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn latest_number(conn: &mut DbConn) -> Result<i64> {
    let row = dsl::installation.find(ROW).select(dsl::counter);
    Ok(on_each!(conn, conn => row.get_result(conn))?)
}

/// How often somebody's name or picture changed.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn people(conn: &mut DbConn) -> Result<i64> {
    let row = dsl::installation.find(ROW).select(dsl::people);
    Ok(on_each!(conn, conn => row.get_result(conn))?)
}

/// Somebody's name or picture changed. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn people_changed(conn: &mut DbConn) -> Result<()> {
    diesel::update(dsl::installation.find(ROW))
        .set(dsl::people.eq(dsl::people + 1))
        .execute(conn)?;
    Ok(())
}
