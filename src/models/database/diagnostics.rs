//! Queries of `teahouse doctor`: the database's settings, versions and tables.
//!
//! # Errors
//! Unless a function says otherwise, `Unavailable` when the database does not respond.

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

/// The session variables of a MySQL or MariaDB server, by lower-case name.
pub struct Variables(HashMap<String, String>);

impl Variables {
    /// Returns a variable's value; empty if the server does not have it.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Returns a variable's value as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name).parse().ok()
    }

    /// Returns true for MariaDB, false for MySQL.
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
struct TextRow {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct IntegerRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// Returns the server's session variables; `None` for SQLite.
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

/// Returns the value of an SQLite setting on this connection, such as `journal_mode`.
pub fn pragma(conn: &mut DbConn, name: &str) -> Result<String> {
    query_text(
        conn,
        &format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}"),
    )
}

/// Returns the number of unused pages in the SQLite file.
pub fn free_pages(conn: &mut DbConn) -> Result<u64> {
    let count = pragma(conn, "freelist_count")?;
    count.parse().map_err(Error::internal)
}

/// Returns the version of the built-in SQLite library.
pub fn sqlite_version(conn: &mut DbConn) -> Result<String> {
    query_text(conn, "SELECT sqlite_version() AS value")
}

/// Returns Teahouse's tables on a server that do not use InnoDB or utf8mb4, each with its engine and collation.
pub fn misconfigured_tables(conn: &mut DbConn) -> Result<Vec<String>> {
    let sql = "SELECT CONCAT(table_name, ' (', engine, ', ', table_collation, ')') AS value \
               FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' \
               AND table_name IN ('installation', 'users', 'sessions', 'rooms', 'memberships', 'messages', \
               'message_versions', 'mentions', 'blocks') \
               AND (engine <> 'InnoDB' OR table_collation NOT LIKE 'utf8mb4%') ORDER BY table_name";
    let rows: Vec<TextRow> = on_each!(conn, conn => diesel::sql_query(sql).load(conn))?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// Returns the server's time in UTC, and the offset in seconds of its `NOW()` on this connection.
pub fn clock(conn: &mut DbConn) -> Result<(NaiveDateTime, i64)> {
    let text = query_text(conn, "SELECT CAST(UTC_TIMESTAMP(3) AS CHAR) AS value")?;
    let time = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f");
    let sql = "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) AS value";
    let offset: IntegerRow = on_each!(conn, conn => diesel::sql_query(sql).get_result(conn))?;
    Ok((time.map_err(Error::internal)?, offset.value))
}

/// Returns the client library's version, if the server records it.
pub fn client_library(conn: &mut DbConn) -> Option<String> {
    let sql = "SELECT attr_value AS value FROM performance_schema.session_connect_attrs \
               WHERE processlist_id = CONNECTION_ID() AND attr_name = '_client_version'";
    query_text(conn, sql).ok()
}

fn query_text(conn: &mut DbConn, sql: &str) -> Result<String> {
    let row: TextRow = on_each!(conn, conn => diesel::sql_query(sql).get_result(conn))?;
    Ok(row.value)
}

/// Returns the first active admin, or else the first active user.
pub fn first_admin(conn: &mut DbConn) -> Result<Option<User>> {
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

/// Returns the IP address recorded for the session with this key.
pub fn session_ip(conn: &mut DbConn, key_hash: &KeyHash) -> Result<Option<String>> {
    use crate::models::schema::sessions;
    Ok(sessions::table
        .find(key_hash.as_str())
        .select(sessions::ip)
        .get_result(conn)
        .optional()?)
}
