//! Truncates SQLite's write-ahead log after a deletion. `secure_delete`, which every connection sets, overwrites deleted
//! rows in the database file, but the log keeps the old pages until it is copied back and truncated.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::Database;
use super::connection::DbConn;
use crate::error::Result;

impl Database {
    /// Wakes the job that truncates the log. Called after personal data was deleted.
    pub fn request_wal_truncation(&self) {
        self.wal_truncation.notify_one();
    }

    /// Waits for [`Database::request_wal_truncation`].
    pub async fn wal_truncation_requested(&self) {
        self.wal_truncation.notified().await;
    }

    /// Copies the log into the database file and truncates it. Returns false while other connections prevent that, and
    /// always true on MySQL.
    pub async fn truncate_wal(&self) -> Result<bool> {
        self.run_job(true, truncate_wal).await
    }
}

fn truncate_wal(conn: &mut DbConn) -> Result<bool> {
    let DbConn::Sqlite(conn) = conn else {
        return Ok(true);
    };
    // The checkpoint blocks writers of other processes, so it waits only briefly; the job retries.
    conn.batch_execute("PRAGMA busy_timeout = 100")?;
    // Its columns are busy, log and checkpointed.
    let checkpoint = sql::<(Integer, Integer, Integer)>("PRAGMA wal_checkpoint(TRUNCATE)");
    let outcome = checkpoint.get_result::<(i32, i32, i32)>(conn);
    conn.batch_execute("PRAGMA busy_timeout = 1000")?;
    Ok(outcome?.0 == 0)
}
