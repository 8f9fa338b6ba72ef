//! Write transactions, repeated after serialization failures.

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;

use super::connection::DbConn;
use crate::error::{Error, Result};

const MAX_ATTEMPTS: u64 = 10;
/// Upper limit of the first random delay; doubled each time.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(2);
const MAX_RETRY_DELAY: Duration = Duration::from_millis(60);

impl DbConn {
    /// Runs `work` in a write transaction, again after a deadlock or a concurrent insert of the same key: the next attempt
    /// sees what the other transaction wrote. On SQLite the transaction takes the write lock at its beginning, because one
    /// that begins with a read cannot wait for the lock later.
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` when the commit's outcome is unknown; `SerializationFailure` after the last attempt.
    pub fn write<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let mut delay = MIN_RETRY_DELAY;
        for _ in 1..MAX_ATTEMPTS {
            match self.write_once(&mut work) {
                Err(Error::SerializationFailure(_)) => {}
                outcome => return outcome,
            }
            // Random, so that the conflicting transactions do not meet again.
            std::thread::sleep(delay.mul_f64(rand::random()));
            delay = (delay * 2).min(MAX_RETRY_DELAY);
        }
        self.write_once(work)
    }

    fn write_once<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        type Manager = <DbConn as Connection>::TransactionManager;
        match self {
            Self::Sqlite(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?;
            }
            Self::Mysql(conn) => AnsiTransactionManager::begin_transaction(conn)?,
        }
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
}
