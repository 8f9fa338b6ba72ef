//! SQLite: one transaction for everything, behind the file's write lock.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel_migrations::MigrationHarness;

use super::{SQLITE_MIGRATIONS, Word, failed};
use crate::error::{Error, Result};

/// Longest wait without any change of the write-ahead log. One long statement writes nothing until it ends.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

pub(super) fn migrate(
    conn: &mut SqliteConnection,
    wanted: Option<&BTreeSet<String>>,
) -> Result<usize> {
    exclusively(conn, |conn| {
        // Another program may have migrated while this one waited: this looks again, inside the lock.
        let mut pending = conn.pending_migrations(SQLITE_MIGRATIONS).map_err(failed)?;
        if let Some(wanted) = wanted {
            pending.retain(|migration| wanted.contains(&migration.name().version().to_string()));
        }
        Ok(conn.run_migrations(&pending).map_err(failed)?.len())
    })
}

pub(super) fn revert_all(conn: &mut SqliteConnection) -> Result<usize> {
    exclusively(conn, |conn| {
        let done = conn.revert_all_migrations(SQLITE_MIGRATIONS);
        Ok(done.map_err(failed)?.len())
    })
}

/// Runs `work` in one transaction that holds the write lock from its beginning.
fn exclusively<T>(
    conn: &mut SqliteConnection,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T>,
) -> Result<T> {
    begin(conn)?;
    match work(conn) {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            let _ = AnsiTransactionManager::rollback_transaction(conn);
            Err(error)
        }
    }
}

/// Begins the transaction; waits while another program migrates. The lock ends with its process, so a holder lives.
fn begin(conn: &mut SqliteConnection) -> Result<()> {
    let log_file = log_file(conn)?;
    let size = || {
        std::fs::metadata(log_file.as_deref()?)
            .ok()
            .map(|file| file.len())
    };
    let (mut seen, mut changed) = (size(), Instant::now());
    loop {
        let begun = AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE");
        match begun.map_err(Error::from) {
            Err(Error::Unavailable(cause)) if cause.contains("locked") => {}
            outcome => return outcome,
        }
        let now = size();
        if now != seen {
            (seen, changed) = (now, Instant::now());
        }
        if changed.elapsed() >= PATIENCE {
            return Err(Error::Unavailable(format!(
                "another program has held the database's write lock for {} minutes: \
                 `fuser` on the file names it; stop it and start again",
                PATIENCE.as_secs() / 60
            )));
        }
        // Each attempt waits for `busy_timeout`, 5 seconds.
        tracing::info!("waiting for another program that migrates or writes this database");
    }
}

/// The write-ahead log beside the file.
fn log_file(conn: &mut SqliteConnection) -> Result<Option<PathBuf>> {
    let sql = "SELECT file AS value FROM pragma_database_list WHERE name = 'main'";
    let rows: Vec<Word> = diesel::sql_query(sql).load(conn)?;
    let file = rows.into_iter().map(|row| row.value).next();
    Ok(file.map(|file| PathBuf::from(format!("{file}-wal"))))
}
