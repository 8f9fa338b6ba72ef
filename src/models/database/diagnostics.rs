//! What a database says about itself, for whoever checks an installation.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::connection::{DbConn, on_each};
use crate::error::{Error, Result};
use crate::models::auth::session::KeyHash;
use crate::models::schema::users;
use crate::models::user::User;
use crate::models::values::user_status::{Role, Status};

/// A MySQL or MariaDB server's variables, by their names in lower case.
pub struct Variables(HashMap<String, String>);

impl Variables {
    /// A variable's value; empty when the server does not know it.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A variable's value as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name).parse().ok()
    }

    /// Whether it is MariaDB; otherwise it is MySQL.
    pub fn is_mariadb(&self) -> bool {
        self.get("version").to_lowercase().contains("mariadb")
    }
}

#[derive(QueryableByName)]
struct Variable {
    #[diesel(sql_type = Text, column_name = "Variable_name")]
    name: String,
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// The variables of our session on a server; `None` for SQLite.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn variables(conn: &mut DbConn) -> Result<Option<Variables>> {
    let DbConn::Mysql(conn) = conn else {
        return Ok(None);
    };
    let rows: Vec<Variable> = diesel::sql_query("SHOW SESSION VARIABLES").load(conn)?;
    let pairs = rows
        .into_iter()
        .map(|row| (row.name.to_lowercase(), row.value));
    Ok(Some(Variables(pairs.collect())))
}

/// One setting of SQLite on our connection, such as `journal_mode`.
///
/// # Errors
/// `Unavailable` when the file cannot be read.
pub fn pragma(conn: &mut DbConn, name: &str) -> Result<String> {
    word(
        conn,
        &format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}"),
    )
}

/// Returns how many pages of an SQLite file are free.
///
/// # Errors
/// `Unavailable` when the file cannot be read.
pub fn free_pages(conn: &mut DbConn) -> Result<u64> {
    let count = pragma(conn, "freelist_count")?;
    count.parse().map_err(Error::internal)
}

/// The version of SQLite itself, which is built in.
///
/// # Errors
/// `Unavailable` when the file cannot be read.
pub fn sqlite_version(conn: &mut DbConn) -> Result<String> {
    word(conn, "SELECT sqlite_version() AS value")
}

/// Tables of ours on a server that are not in InnoDB, or whose texts are not utf8mb4.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn odd_tables(conn: &mut DbConn) -> Result<Vec<String>> {
    let sql = "SELECT CONCAT(table_name, ' (', engine, ', ', table_collation, ')') AS value \
               FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' \
               AND table_name IN ('installation', 'users', 'sessions', 'rooms', 'memberships', 'messages', \
               'message_versions', 'mentions', 'blocks') \
               AND (engine <> 'InnoDB' OR table_collation NOT LIKE 'utf8mb4%') ORDER BY table_name";
    let rows: Vec<Word> = on_each!(conn, conn => diesel::sql_query(sql).load(conn))?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// The server's clock, UTC, and by how many seconds its `NOW()` differs from that on our connection.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn clock(conn: &mut DbConn) -> Result<(NaiveDateTime, i64)> {
    let text = word(conn, "SELECT CAST(UTC_TIMESTAMP(3) AS CHAR) AS value")?;
    let time = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f");
    let sql = "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) AS value";
    let offset: Number = on_each!(conn, conn => diesel::sql_query(sql).get_result(conn))?;
    Ok((time.map_err(Error::internal)?, offset.value))
}

/// The version of the client library that talks to a server, where the server knows it.
pub fn client_library(conn: &mut DbConn) -> Option<String> {
    let sql = "SELECT attr_value AS value FROM performance_schema.session_connect_attrs \
               WHERE processlist_id = CONNECTION_ID() AND attr_name = '_client_version'";
    word(conn, sql).ok()
}

fn word(conn: &mut DbConn, sql: &str) -> Result<String> {
    let row: Word = on_each!(conn, conn => diesel::sql_query(sql).get_result(conn))?;
    Ok(row.value)
}

/// Somebody in whose name the installation can be tried: its first admin, or else its first person.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn somebody(conn: &mut DbConn) -> Result<Option<User>> {
    let active = users::table.filter(users::status.eq(Status::Active));
    let admin = active.filter(users::role.eq(Role::Admin)).order(users::id);
    let admin = admin.select(User::as_select()).first(conn).optional()?;
    match admin {
        Some(admin) => Ok(Some(admin)),
        None => Ok(active
            .order(users::id)
            .select(User::as_select())
            .first(conn)
            .optional()?),
    }
}

/// Where the session with this key was made from; `None` when there is none.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn origin_of(conn: &mut DbConn, key_hash: &KeyHash) -> Result<Option<String>> {
    use crate::models::schema::sessions;
    Ok(sessions::table
        .find(key_hash.as_str())
        .select(sessions::ip)
        .get_result(conn)
        .optional()?)
}
