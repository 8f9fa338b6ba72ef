//! One connection to either database: how it is opened, and used for a transaction.
#![expect(
    missing_docs,
    reason = "the derived backend types have no place for documentation"
)]

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::connect;
use super::connect::Pace;
use super::url::DatabaseUrl;
use crate::error::{Error, Result};
use crate::models::backup;

/// A transaction that collides with others is done so often in all.
const ATTEMPTS: u64 = 10;
/// It waits so long at most before it is done again, twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// It waits no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_millis(60);

/// How MySQL and MariaDB begin the message of error 1049.
const UNKNOWN_DATABASE: &str = "Unknown database";

/// A connection to one of the two databases. Most queries need not know which.
#[derive(diesel::MultiConnection)]
pub enum DbConn {
    /// SQLite, in a file.
    Sqlite(SqliteConnection),
    /// MySQL or MariaDB.
    Mysql(MysqlConnection),
}

/// Runs the same statement on whichever connection it is: where Diesel needs to know the database's dialect, and where it
/// is asked so often that the way through [`DbConn`] is felt, which writes the statement down each time.
macro_rules! on_each {
    ($conn:expr, $inner:ident => $body:expr) => {
        match $conn {
            $crate::models::database::connection::DbConn::Sqlite($inner) => $body,
            $crate::models::database::connection::DbConn::Mysql($inner) => $body,
        }
    };
}
pub(crate) use on_each;

/// Inserts a row unless one with the same key is there, also when another connection inserts it at the same moment.
/// `$key` is a column of the key. MySQL's `INSERT IGNORE` would hide every other mistake too.
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

/// Inserts a row, instead of any with the same key.
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
    /// Opens a connection for a command and sets it up: locks are waited for 5 seconds, statements take as long as they
    /// need; durability, strictness.
    ///
    /// # Errors
    /// `Unavailable` with the cause in the database's words; never with the password.
    pub fn open(url: &DatabaseUrl) -> Result<Self> {
        connect::open(Pace::Patient, url)
    }

    /// The same for what people wait for: a lock is waited for 1 second, a statement takes at most 2. Whoever asks
    /// is answered after 2 anyway, and those behind them shall not wait as well.
    ///
    /// # Errors
    /// As [`DbConn::open`].
    pub fn open_to_serve(url: &DatabaseUrl) -> Result<Self> {
        connect::open(Pace::Serving, url)
    }

    /// Opens one connection to migrate with: no statement is cut, however long it takes, and a lock is waited for one
    /// minute. A MySQL database that does not exist yet is made.
    ///
    /// # Errors
    /// As [`DbConn::open`].
    pub fn open_or_create(url: &DatabaseUrl) -> Result<Self> {
        let open = |url: &_| connect::open(Pace::Migrating, url);
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
            (opened, _) => opened,
        }
    }

    /// Opens one connection to a database that is there and up to date.
    ///
    /// # Errors
    /// `Unavailable` with the sentence that mends it.
    pub fn open_migrated(url: &DatabaseUrl) -> Result<Self> {
        // SQLite would make a file that nobody asked for.
        if let DatabaseUrl::Sqlite(path) = url
            && !path.exists()
        {
            return Err(Error::Unavailable(format!(
                "there is no database {url}: `teahouse migrate` makes it"
            )));
        }
        let mut conn = Self::open(url)?;
        backup::require_complete(&mut conn)?;
        if !conn.is_migrated()? {
            return Err(Error::Unavailable(
                "the database is not up to date: `teahouse migrate` mends it".into(),
            ));
        }
        conn.require_sound_library()?;
        Ok(conn)
    }

    /// A transaction that writes: all of `work` happens, or nothing of it.
    ///
    /// SQLite's takes the write lock at once, because a transaction that starts by reading cannot wait for it later.
    /// A deadlock, or a key that another connection has just inserted, undoes everything, so it is simply done again: then it
    /// finds what the other one wrote.
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` when the commit's outcome is unknown; `SerializationFailure` when it met others each time.
    pub fn write<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.write_once(&mut work) {
                Err(Error::SerializationFailure(_)) => {}
                outcome => return outcome,
            }
            // Those who collided would meet again if they all came back at once.
            std::thread::sleep(pause.mul_f64(rand::random()));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.write_once(work)
    }

    fn write_once<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        match self {
            Self::Sqlite(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?;
            }
            Self::Mysql(conn) => AnsiTransactionManager::begin_transaction(conn)?,
        }
        type Manager = <DbConn as Connection>::TransactionManager;
        match work(self) {
            Ok(value) => {
                Manager::commit_transaction(self)?;
                Ok(value)
            }
            Err(error) => {
                // A failed rollback marks the connection as broken, and the pool drops it.
                let _ = Manager::rollback_transaction(self);
                Err(error)
            }
        }
    }

    /// Refuses a client library that loses texts on their way: MariaDB's had such a bug for a while (CONC-821).
    ///
    /// # Errors
    /// `Unavailable` with the sentence that mends it.
    pub fn require_sound_library(&mut self) -> Result<()> {
        let text = diesel::dsl::sql::<Text>("'teahouse'");
        let received: String = diesel::select(text).get_result(self)?;
        if received == "teahouse" {
            return Ok(());
        }
        Err(Error::Unavailable(
            "the MariaDB client library of this machine loses texts (its bug CONC-821): \
             a newer libmariadb3 mends it"
                .into(),
        ))
    }

    /// Refuses a MySQL database whose default character set cannot hold every message.
    ///
    /// # Errors
    /// `Unavailable` with the sentence that mends it.
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
            "its character set is {charset}, but must be utf8mb4: ALTER DATABASE … CHARACTER SET utf8mb4 mends it"
        )))
    }
}
