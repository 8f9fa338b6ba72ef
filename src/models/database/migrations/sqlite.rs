//! Migrates SQLite: in one transaction that holds the file's write lock.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

use super::{SQLITE_MIGRATIONS, failed};
use crate::error::{Error, Result};

/// Longest wait for the write lock without any change of the write-ahead log. A single long statement does not change it
/// until it ends.
const LOCK_TIMEOUT: Duration = Duration::from_secs(15 * 60);

pub(super) fn migrate(
    conn: &mut SqliteConnection,
    wanted: Option<&BTreeSet<String>>,
) -> Result<usize> {
    in_exclusive_transaction(conn, |conn| {
        // Another program may have migrated while this one waited for the lock, so the pending migrations are read again.
        let mut pending = conn.pending_migrations(SQLITE_MIGRATIONS).map_err(failed)?;
        if let Some(wanted) = wanted {
            pending.retain(|migration| wanted.contains(&migration.name().version().to_string()));
        }
        Ok(conn.run_migrations(&pending).map_err(failed)?.len())
    })
}

pub(super) fn revert_all(conn: &mut SqliteConnection) -> Result<usize> {
    in_exclusive_transaction(conn, |conn| {
        let done = conn.revert_all_migrations(SQLITE_MIGRATIONS);
        Ok(done.map_err(failed)?.len())
    })
}

/// Runs `work` in a transaction that holds the write lock from its beginning.
fn in_exclusive_transaction<T>(
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

/// Begins the transaction; waits while another program migrates. The system releases the locks of a dead process.
fn begin(conn: &mut SqliteConnection) -> Result<()> {
    let wal_path = wal_path(conn)?;
    let size = || {
        std::fs::metadata(wal_path.as_deref()?)
            .ok()
            .map(|file| file.len())
    };
    let (mut last_size, mut changed_at) = (size(), Instant::now());
    loop {
        let begun = AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE");
        match begun.map_err(Error::from) {
            Err(Error::Unavailable(cause)) if cause.contains("locked") => {}
            outcome => return outcome,
        }
        let new_size = size();
        if new_size != last_size {
            (last_size, changed_at) = (new_size, Instant::now());
        }
        if changed_at.elapsed() >= LOCK_TIMEOUT {
            return Err(Error::Unavailable(format!(
                "another program has held the database's write lock for {} minutes: \
                 find it with `fuser` on the file, stop it and start again",
                LOCK_TIMEOUT.as_secs() / 60
            )));
        }
        // Each attempt waits for `busy_timeout`, 5 seconds.
        tracing::info!("waiting for another program to release the write lock of this database");
    }
}

/// Returns the path of the write-ahead log.
fn wal_path(conn: &mut SqliteConnection) -> Result<Option<PathBuf>> {
    let file = sql::<Text>("SELECT file FROM pragma_database_list WHERE name = 'main'");
    let file: Option<String> = file.get_result(conn).optional()?;
    Ok(file.map(|file| PathBuf::from(format!("{file}-wal"))))
}
