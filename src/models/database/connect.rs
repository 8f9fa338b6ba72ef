//! How a connection is opened and set up: what it waits for, how long, and what it never lets through.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use url::Url;

use super::circuit_breaker;
use super::connection::DbConn;
use super::url::DatabaseUrl;
use crate::error::{Error, Result};

/// How long a connection waits: maintenance commands get longer timeouts than requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) enum Pace {
    /// 60 seconds for a lock (SQLite: 5 for each try), and no limit for a statement: an index on a large table takes long,
    /// and an upgrade that is cut would never end.
    Migrating,
    /// 5 seconds for a lock, and no limit for a statement.
    Patient,
    /// 1 second for a lock, 2 for a statement.
    Serving,
}

impl Pace {
    /// How long a lock is waited for, in seconds.
    fn lock_seconds(self) -> u32 {
        match self {
            Self::Migrating => 60,
            Self::Patient => 5,
            Self::Serving => 1,
        }
    }
}

/// Opens a connection.
///
/// # Errors
/// `Unavailable` with the cause in the database's words; never with the password.
pub(in crate::models) fn open(pace: Pace, url: &DatabaseUrl) -> Result<DbConn> {
    match (url, pace) {
        (DatabaseUrl::Sqlite(path), Pace::Serving) => open_sqlite(pace, path),
        (DatabaseUrl::Sqlite(path), Pace::Patient | Pace::Migrating) => {
            open_sqlite(pace, path).map_err(|error| why_not(path, error))
        }
        (DatabaseUrl::Mysql(address), Pace::Serving) => open_mysql(pace, address),
        (DatabaseUrl::Mysql(address), Pace::Patient | Pace::Migrating) => {
            require_greeting(url)?;
            open_mysql(pace, address)
        }
    }
}

/// The longest that SQLite waits by itself; who migrates tries again.
const SQLITE_LOCK_SECONDS: u32 = 5;

fn unavailable(error: ConnectionError) -> Error {
    Error::Unavailable(error.to_string())
}

fn open_sqlite(pace: Pace, path: &Path) -> Result<DbConn> {
    create_private(path);
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(unavailable)?;
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {}000;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;",
        pace.lock_seconds().min(SQLITE_LOCK_SECONDS)
    ))?;
    // WAL mode is a property of the file, so only maintenance connections set it; requests must not block on it.
    if pace != Pace::Serving {
        switch_to_wal(&mut conn)?;
    }
    Ok(DbConn::Sqlite(conn))
}

/// Makes a missing file readable and writable by its owner only; SQLite gives `-wal` and `-shm` the file's own mode.
/// What keeps it from being made is found by SQLite again.
fn create_private(path: &Path) {
    let mut options = OpenOptions::new();
    let _ = options.write(true).create_new(true).mode(0o600).open(path);
}

fn open_mysql(pace: Pace, address: &Url) -> Result<DbConn> {
    let mut conn = MysqlConnection::establish(address.as_str()).map_err(unavailable)?;
    conn.batch_execute(&format!(
        "SET SESSION innodb_lock_wait_timeout = {0}, lock_wait_timeout = {0},
         sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
        pace.lock_seconds()
    ))?;
    if pace == Pace::Migrating {
        // What an error means is read from its text. A server without these texts has the English ones.
        let _ = conn.batch_execute("SET SESSION lc_messages = 'en_US'");
    }
    limit_statements(&mut conn, pace)?;
    conn.batch_execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
    Ok(DbConn::Mysql(conn))
}

/// Refuses a server that says nothing: the client library would wait for it for ever.
fn require_greeting(url: &DatabaseUrl) -> Result<()> {
    match circuit_breaker::look(url) {
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => Err(
            Error::Unavailable("it cannot be reached: it says nothing".into()),
        ),
        // Whatever else is wrong, the library says it better.
        _ => Ok(()),
    }
}

/// Ends statements that take too long; and, when the network swallows the rest of a transaction, the transaction, whose
/// locks would hold up all others. MariaDB has a time for just that. MySQL has not: there, connections that are silent
/// for a while are ended altogether, and opened again when they are needed. On MariaDB too, but later, so that ends
/// without another end do not gather until the server takes no more connections.
fn limit_statements(conn: &mut MysqlConnection, pace: Pace) -> Result<()> {
    let (of_mariadb, of_mysql) = match pace {
        Pace::Migrating | Pace::Patient => ("max_statement_time = 0", "max_execution_time = 0"),
        Pace::Serving => (
            "max_statement_time = 2, idle_transaction_timeout = 2, wait_timeout = 600",
            "max_execution_time = 2000, wait_timeout = 10",
        ),
    };
    conn.batch_execute(&format!("SET SESSION {of_mariadb}"))
        .or_else(|_| conn.batch_execute(&format!("SET SESSION {of_mysql}")))?;
    Ok(())
}

/// SQLite does not say why it cannot use a file, but the system does. Only for a program's first connection: closing
/// the file here would end the locks that others of the same program have on it.
fn why_not(path: &Path, error: Error) -> Error {
    let Error::Unavailable(error) = error else {
        return error;
    };
    let tried = OpenOptions::new().append(true).open(path);
    Error::Unavailable(match tried {
        Err(cause) if cause.kind() != ErrorKind::NotFound => format!("{error}: {cause}"),
        _ => error,
    })
}

/// Another program that has the file open is waited for so long.
const SWITCH_PATIENCE: Duration = Duration::from_secs(5);

/// A new file becomes a WAL file only while nobody else has it open, and SQLite does not wait for that.
fn switch_to_wal(conn: &mut SqliteConnection) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < SWITCH_PATIENCE {
        match conn.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if error.to_string().contains("locked") => {
                std::thread::sleep(Duration::from_millis(50));
            }
            switched => return Ok(switched?),
        }
    }
    Err(Error::Unavailable(
        "the file is locked by another program".into(),
    ))
}
