//! Opens connections and sets their timeouts, durability and strictness.
//!
//! # Errors
//! `Unavailable` with the database's error message, never with the password.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use url::Url;

use super::connection::{DbConn, on_each};
use super::mysql_probe::probe_mysql;
use super::url::DatabaseUrl;
use crate::error::{Error, Result};
use crate::models::backup;

/// SQLite's `busy_timeout` at most; migrations retry by themselves.
const MAX_SQLITE_LOCK_SECONDS: u32 = 5;
/// Longest wait for other programs to close the file, so that it can be switched to WAL mode.
const WAL_SWITCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Beginning of MySQL's and MariaDB's message for error 1049.
const UNKNOWN_DATABASE: &str = "Unknown database";

/// Timeouts of a connection: maintenance commands get longer ones than requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) enum TimeoutProfile {
    /// 60 seconds for a lock (SQLite: 5 per attempt), none for a statement: building an index on a large table takes
    /// long, and a migration with a statement timeout would never complete.
    Migration,
    /// 5 seconds for a lock, none for a statement.
    Maintenance,
    /// 1 second for a lock, 2 for a statement.
    Request,
}

impl TimeoutProfile {
    fn lock_seconds(self) -> u32 {
        match self {
            Self::Migration => 60,
            Self::Maintenance => 5,
            Self::Request => 1,
        }
    }
}

impl DbConn {
    /// Opens a connection for a command to an existing database: 5 seconds for a lock, no statement timeout.
    pub fn open(url: &DatabaseUrl) -> Result<Self> {
        match url {
            // SQLite would create the missing file.
            DatabaseUrl::Sqlite(path) if !path.exists() => Err(Error::Unavailable(format!(
                "the database {url} does not exist: run `teahouse migrate`"
            ))),
            _ => connect(TimeoutProfile::Maintenance, url),
        }
    }

    /// Opens a connection for migrations: 1 minute for a lock, no statement timeout. Creates a missing MySQL database.
    pub fn open_or_create(url: &DatabaseUrl) -> Result<Self> {
        let open = |url: &_| connect(TimeoutProfile::Migration, url);
        match (open(url), url) {
            (Err(Error::Unavailable(cause)), DatabaseUrl::Mysql(address))
                if cause.contains(UNKNOWN_DATABASE) =>
            {
                let mut server = address.clone();
                server.set_path("");
                let name = url.mysql_name();
                on_each!(
                    &mut open(&DatabaseUrl::Mysql(server))?,
                    conn => conn.batch_execute(&format!(
                        "CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                    ))
                )?;
                open(url)
            }
            (outcome, _) => outcome,
        }
    }

    /// Opens a connection to an existing database with all migrations applied.
    pub fn open_migrated(url: &DatabaseUrl) -> Result<Self> {
        let mut conn = Self::open(url)?;
        backup::require_complete(&mut conn)?;
        if !conn.is_migrated()? {
            return Err(Error::Unavailable(
                "the database has pending migrations: run `teahouse migrate`".into(),
            ));
        }
        conn.require_working_client_library()?;
        Ok(conn)
    }
}

pub(in crate::models) fn connect(profile: TimeoutProfile, url: &DatabaseUrl) -> Result<DbConn> {
    match url {
        DatabaseUrl::Sqlite(path) => open_sqlite(profile, path).map_err(|error| match profile {
            TimeoutProfile::Request => error,
            _ => with_system_error(path, error),
        }),
        DatabaseUrl::Mysql(address) => {
            // Requests connect through the circuit breaker, which probes the server by itself.
            if profile != TimeoutProfile::Request {
                require_greeting(url)?;
            }
            open_mysql(profile, address)
        }
    }
}

fn unavailable(error: ConnectionError) -> Error {
    Error::Unavailable(error.to_string())
}

fn open_sqlite(profile: TimeoutProfile, path: &Path) -> Result<DbConn> {
    create_private(path);
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(unavailable)?;
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {}000;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;",
        profile.lock_seconds().min(MAX_SQLITE_LOCK_SECONDS)
    ))?;
    // WAL mode is a property of the file, so only maintenance connections set it; requests must not block on it.
    if profile != TimeoutProfile::Request {
        switch_to_wal(&mut conn)?;
    }
    Ok(DbConn::Sqlite(conn))
}

/// Creates a missing file with mode 0600; SQLite gives `-wal` and `-shm` the same mode. Errors are ignored, because SQLite
/// reports them when it opens the file.
fn create_private(path: &Path) {
    let mut options = OpenOptions::new();
    let _ = options.write(true).create_new(true).mode(0o600).open(path);
}

/// Adds the system's error to SQLite's, which does not say why a file cannot be used. Only for a process's first
/// connection: closing the file here releases the POSIX locks that other connections of the process hold on it.
fn with_system_error(path: &Path, error: Error) -> Error {
    let Error::Unavailable(error) = error else {
        return error;
    };
    let opened = OpenOptions::new().append(true).open(path);
    Error::Unavailable(match opened {
        Err(cause) if cause.kind() != ErrorKind::NotFound => format!("{error}: {cause}"),
        _ => error,
    })
}

/// Switches the file to WAL mode, which needs exclusive access. SQLite does not wait for that, so this function does.
fn switch_to_wal(conn: &mut SqliteConnection) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < WAL_SWITCH_TIMEOUT {
        match conn.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if error.to_string().contains("locked") => {
                std::thread::sleep(Duration::from_millis(50));
            }
            outcome => return Ok(outcome?),
        }
    }
    Err(Error::Unavailable(
        "the file is locked by another program".into(),
    ))
}

fn open_mysql(profile: TimeoutProfile, address: &Url) -> Result<DbConn> {
    let mut conn = MysqlConnection::establish(address.as_str()).map_err(unavailable)?;
    conn.batch_execute(&format!(
        "SET SESSION innodb_lock_wait_timeout = {0}, lock_wait_timeout = {0},
         sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
        profile.lock_seconds()
    ))?;
    if profile == TimeoutProfile::Migration {
        // Migrations recognize errors by their English text. A server without translations uses English anyway.
        let _ = conn.batch_execute("SET SESSION lc_messages = 'en_US'");
    }
    set_statement_timeout(&mut conn, profile)?;
    conn.batch_execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
    Ok(DbConn::Mysql(conn))
}

/// Fails when the server accepts the TCP connection but sends no greeting: the client library would wait forever.
fn require_greeting(url: &DatabaseUrl) -> Result<()> {
    match probe_mysql(url) {
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => Err(
            Error::Unavailable("the server cannot be reached: it sends no greeting".into()),
        ),
        // The client library describes other errors better.
        _ => Ok(()),
    }
}

/// Limits statements, and transactions whose client has vanished from the network: their locks would block all others.
/// MariaDB has a timeout for idle transactions. MySQL has none, so its idle connections are closed after 10 seconds and
/// reopened on demand. MariaDB closes them after 10 minutes, so that dead connections do not fill the server.
fn set_statement_timeout(conn: &mut MysqlConnection, profile: TimeoutProfile) -> Result<()> {
    let (mariadb, mysql) = match profile {
        TimeoutProfile::Request => (
            "max_statement_time = 2, idle_transaction_timeout = 2, wait_timeout = 600",
            "max_execution_time = 2000, wait_timeout = 10",
        ),
        _ => ("max_statement_time = 0", "max_execution_time = 0"),
    };
    conn.batch_execute(&format!("SET SESSION {mariadb}"))
        .or_else(|_| conn.batch_execute(&format!("SET SESSION {mysql}")))?;
    Ok(())
}
