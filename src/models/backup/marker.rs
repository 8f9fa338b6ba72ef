//! The table that marks a database during a restore. An interrupted restore leaves it there, and no server starts on such
//! a database.

use diesel::connection::SimpleConnection;

use super::MARKER;
use super::catalog::has_table;
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};

/// Fails if the database's restore was interrupted or is still running.
pub(in crate::models) fn require_complete(conn: &mut DbConn) -> Result<()> {
    if !has_table(conn, MARKER)? {
        return Ok(());
    }
    Err(Error::Unavailable(
        "a backup was restored only in part: run `teahouse restore` again, \
         or empty the database with `teahouse migrate --revert-all`"
            .into(),
    ))
}

pub(super) fn set(conn: &mut DbConn) -> Result<()> {
    let sql = format!("CREATE TABLE {MARKER} (id INTEGER NOT NULL PRIMARY KEY)");
    Ok(on_each!(conn, conn => conn.batch_execute(&sql))?)
}

/// Removes the marker: the database is complete, or empty.
pub(in crate::models) fn remove(conn: &mut DbConn) -> Result<()> {
    let sql = format!("DROP TABLE IF EXISTS {MARKER}");
    Ok(on_each!(conn, conn => conn.batch_execute(&sql))?)
}
