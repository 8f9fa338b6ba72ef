//! A connection to either database, and macros for statements that depend on the backend.
#![expect(
    missing_docs,
    reason = "the derived backend types have no place for documentation"
)]

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::error::{Error, Result};

/// A connection to one of the two databases. Most queries are the same for both.
#[derive(diesel::MultiConnection)]
pub enum DbConn {
    /// SQLite, in a file.
    Sqlite(SqliteConnection),
    /// MySQL or MariaDB.
    Mysql(MysqlConnection),
}

/// Runs the same statement on the inner connection, for statements that Diesel only accepts for a concrete backend, and
/// for frequent ones: through [`DbConn`], Diesel builds a statement's SQL each time.
macro_rules! on_each {
    ($conn:expr, $inner:ident => $body:expr) => {
        match $conn {
            $crate::models::database::connection::DbConn::Sqlite($inner) => $body,
            $crate::models::database::connection::DbConn::Mysql($inner) => $body,
        }
    };
}
pub(crate) use on_each;

/// Inserts a row unless its key exists, even if another connection inserts it concurrently. `$key` is a column of the
/// key. (MySQL's `INSERT IGNORE` would suppress other errors too.)
macro_rules! insert_or_keep {
    ($conn:expr, $table:expr, $key:expr, $row:expr) => {{
        let insert = diesel::insert_into($table).values($row);
        match $conn {
            $crate::models::database::connection::DbConn::Sqlite(conn) => {
                insert.on_conflict_do_nothing().execute(conn)
            }
            $crate::models::database::connection::DbConn::Mysql(conn) => insert
                .on_conflict(diesel::dsl::DuplicatedKeys)
                .do_update()
                .set($key.eq($key))
                .execute(conn),
        }
        .map(|_| ())
        .map_err($crate::error::Error::from)
    }};
}
pub(crate) use insert_or_keep;

/// Inserts a row, replacing an existing one with the same key.
macro_rules! insert_or_update {
    ($conn:expr, $table:expr, $row:expr) => {{
        let insert = diesel::replace_into($table).values($row);
        match $conn {
            $crate::models::database::connection::DbConn::Sqlite(conn) => insert.execute(conn),
            $crate::models::database::connection::DbConn::Mysql(conn) => insert.execute(conn),
        }
        .map(|_| ())
        .map_err($crate::error::Error::from)
    }};
}
pub(crate) use insert_or_update;

impl DbConn {
    /// Fails with a MariaDB client library that truncates texts (its bug CONC-821).
    pub fn require_working_client_library(&mut self) -> Result<()> {
        let text = diesel::dsl::sql::<Text>("'teahouse'");
        let received: String = diesel::select(text).get_result(self)?;
        if received == "teahouse" {
            return Ok(());
        }
        Err(Error::Unavailable(
            "the installed MariaDB client library corrupts text (bug CONC-821): upgrade libmariadb3".into(),
        ))
    }

    /// Fails when the MySQL database's default character set cannot store every message.
    pub fn require_utf8mb4(&mut self) -> Result<()> {
        let Self::Mysql(conn) = self else {
            return Ok(());
        };
        let charset: String = diesel::select(diesel::dsl::sql::<Text>("@@character_set_database"))
            .get_result(conn)?;
        if charset == "utf8mb4" {
            return Ok(());
        }
        Err(Error::Unavailable(format!(
            "the database's character set is {charset} but must be utf8mb4: run ALTER DATABASE … CHARACTER SET utf8mb4"
        )))
    }
}
