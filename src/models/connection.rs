//! One connection to either database: how it is opened, migrated, and used for a transaction.
#![expect(
    missing_docs,
    reason = "the derived backend types have no place for documentation"
)]

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::database_url::DatabaseUrl;
use super::opening::{self, Pace};
use crate::error::{Error, Result};

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const MYSQL_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/mysql");

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
            $crate::models::connection::DbConn::Sqlite($inner) => $body,
            $crate::models::connection::DbConn::Mysql($inner) => $body,
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
            $crate::models::connection::DbConn::Sqlite(conn) => {
                insert.on_conflict_do_nothing().execute(conn)
            }
            $crate::models::connection::DbConn::Mysql(conn) => insert
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
            $crate::models::connection::DbConn::Sqlite(conn) => insert.execute(conn),
            $crate::models::connection::DbConn::Mysql(conn) => insert.execute(conn),
        }
        .map(|_| ())
        .map_err($crate::error::Error::from)
    }};
}
pub(crate) use insert_or_update;

impl DbConn {
    /// Opens a connection and sets it up: time-outs of 5 seconds, durability, strictness.
    ///
    /// # Errors
    /// `Unavailable` with the cause in the database's words; never with the password.
    pub fn open(url: &DatabaseUrl) -> Result<Self> {
        opening::open(Pace::Patient, url)
    }

    /// The same for what people wait for: a lock is waited for 1 second, a statement takes at most 2. Whoever asks
    /// is answered after 2 anyway, and those behind them shall not wait as well.
    ///
    /// # Errors
    /// As [`DbConn::open`].
    pub fn open_to_serve(url: &DatabaseUrl) -> Result<Self> {
        opening::open(Pace::Serving, url)
    }

    /// Opens one connection; a MySQL database that does not exist yet is made.
    ///
    /// # Errors
    /// As [`DbConn::open`].
    pub fn open_or_create(url: &DatabaseUrl) -> Result<Self> {
        match (Self::open(url), url) {
            (Err(Error::Unavailable(cause)), DatabaseUrl::Mysql(address))
                if cause.contains(UNKNOWN_DATABASE) =>
            {
                let mut server = address.clone();
                server.set_path("");
                let name = url.mysql_name();
                on_each!(
                    &mut Self::open(&DatabaseUrl::Mysql(server))?,
                    conn => conn.batch_execute(&format!(
                        "CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                    ))
                )?;
                Self::open(url)
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
    /// Those of `work`; `Unavailable` when the commit's outcome is unknown; `Collided` when it met others each time.
    pub fn write<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.write_once(&mut work) {
                Err(Error::Collided(_)) => {}
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

    /// Whether the database answers and knows every migration of this program.
    ///
    /// # Errors
    /// `Unavailable` when it does not answer.
    pub fn is_migrated(&mut self) -> Result<bool> {
        let pending = match self {
            Self::Sqlite(conn) => conn.has_pending_migration(SQLITE_MIGRATIONS),
            Self::Mysql(conn) => conn.has_pending_migration(MYSQL_MIGRATIONS),
        };
        Ok(!pending.map_err(|error| Error::Unavailable(error.to_string()))?)
    }

    /// Brings the tables up to date; programs that start together take turns. Answers how many migrations ran.
    ///
    /// # Errors
    /// `Unavailable` with the failing migration's error.
    pub fn migrate(&mut self) -> Result<usize> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::Unavailable(format!("migration failed: {error}"))
        };
        match self {
            Self::Sqlite(conn) => conn
                .immediate_transaction(|conn| {
                    let done = conn.run_pending_migrations(SQLITE_MIGRATIONS);
                    Ok::<_, diesel::result::Error>(done.map(|versions| versions.len()))
                })?
                .map_err(failed),
            Self::Mysql(conn) => {
                conn.batch_execute("DO GET_LOCK('teahouse_migrate', 60)")?;
                let done = conn
                    .run_pending_migrations(MYSQL_MIGRATIONS)
                    .map(|versions| versions.len());
                conn.batch_execute("DO RELEASE_LOCK('teahouse_migrate')")?;
                done.map_err(failed)
            }
        }
    }

    /// Takes every migration back: all tables and what is in them are gone.
    ///
    /// # Errors
    /// `Unavailable` with the failing migration's error.
    pub fn revert_all_migrations(&mut self) -> Result<usize> {
        let reverted = match self {
            Self::Sqlite(conn) => conn
                .revert_all_migrations(SQLITE_MIGRATIONS)
                .map(|versions| versions.len()),
            Self::Mysql(conn) => conn
                .revert_all_migrations(MYSQL_MIGRATIONS)
                .map(|versions| versions.len()),
        };
        reverted.map_err(|error| Error::Unavailable(format!("migration failed: {error}")))
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
