//! Queries of `teahouse doctor`: the database's settings, versions and tables.
//!
//! # Errors
//! Unless a function says otherwise, `Unavailable` when the database does not respond.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::connection::DbConn;
use crate::error::{Error, Result};
use crate::models::auth::session::KeyHash;
use crate::models::schema::{sessions, users};
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

    /// Returns whether a variable is ON.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).eq_ignore_ascii_case("on")
    }

    /// Returns true for MariaDB, false for MySQL.
    pub fn is_mariadb(&self) -> bool {
        self.get("version").to_lowercase().contains("mariadb")
    }
}

/// Returns the server's session variables; `None` for SQLite.
pub fn variables(conn: &mut DbConn) -> Result<Option<Variables>> {
    let DbConn::Mysql(conn) = conn else {
        return Ok(None);
    };
    let rows: Vec<(String, String)> = sql::<(Text, Text)>("SHOW SESSION VARIABLES").load(conn)?;
    let pairs = rows
        .into_iter()
        .map(|(name, value)| (name.to_lowercase(), value));
    Ok(Some(Variables(pairs.collect())))
}

/// Returns the value of an SQLite setting on this connection, such as `journal_mode`.
pub fn pragma(conn: &mut DbConn, name: &str) -> Result<String> {
    let select = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
    Ok(sql::<Text>(&select).get_result(conn)?)
}

/// Returns the number of unused pages in the SQLite file.
pub fn free_pages(conn: &mut DbConn) -> Result<u64> {
    let count = pragma(conn, "freelist_count")?;
    count.parse().map_err(Error::internal)
}

/// Returns the version of the built-in SQLite library.
pub fn sqlite_version(conn: &mut DbConn) -> Result<String> {
    Ok(sql::<Text>("SELECT sqlite_version()").get_result(conn)?)
}

/// Returns Teahouse's tables on a server that do not use InnoDB or utf8mb4, each with its engine and collation.
pub fn misconfigured_tables(conn: &mut DbConn) -> Result<Vec<String>> {
    let tables = sql::<Text>(
        "SELECT CONCAT(table_name, ' (', engine, ', ', table_collation, ')') \
         FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' \
         AND table_name IN ('installation', 'users', 'sessions', 'rooms', 'memberships', 'messages', \
         'message_versions', 'mentions', 'blocks') \
         AND (engine <> 'InnoDB' OR table_collation NOT LIKE 'utf8mb4%') ORDER BY table_name",
    );
    Ok(tables.load(conn)?)
}

/// Returns the server's time in UTC, and the offset in seconds of its `NOW()` on this connection.
pub fn clock(conn: &mut DbConn) -> Result<(NaiveDateTime, i64)> {
    let times = sql::<(Text, BigInt)>(
        "SELECT CAST(UTC_TIMESTAMP(3) AS CHAR), TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW())",
    );
    let (time, offset): (String, i64) = times.get_result(conn)?;
    let time = NaiveDateTime::parse_from_str(&time, "%Y-%m-%d %H:%M:%S%.f");
    Ok((time.map_err(Error::internal)?, offset))
}

/// Returns the client library's version, if the server records it.
pub fn client_library(conn: &mut DbConn) -> Option<String> {
    let version = sql::<Text>(
        "SELECT attr_value FROM performance_schema.session_connect_attrs \
         WHERE processlist_id = CONNECTION_ID() AND attr_name = '_client_version'",
    );
    version.get_result(conn).ok()
}

/// Returns the first active admin, or else the first active user.
pub fn first_admin(conn: &mut DbConn) -> Result<Option<User>> {
    let active = users::table.filter(users::status.eq(Status::Active));
    let admin = active.filter(users::role.eq(Role::Admin)).order(users::id);
    let admin = admin.select(User::as_select()).first(conn).optional()?;
    if admin.is_some() {
        return Ok(admin);
    }
    let user = active.order(users::id).select(User::as_select());
    Ok(user.first(conn).optional()?)
}

/// Returns the IP address recorded for the session with this key.
pub fn session_ip(conn: &mut DbConn, key_hash: &KeyHash) -> Result<Option<String>> {
    let ip = sessions::table.find(key_hash.as_str()).select(sessions::ip);
    Ok(ip.get_result(conn).optional()?)
}
