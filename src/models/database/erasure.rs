//! Removes what was deleted from SQLite's files. `secure_delete`, which every connection sets, overwrites deleted rows
//! in their pages; the write-ahead log still holds the pages from before, until it is copied back and cut to nothing.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::Database;
use super::connection::DbConn;
use crate::error::Result;

/// What `PRAGMA wal_checkpoint` returns.
#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

impl Database {
    /// Lets the write-ahead log be cleared soon: something that nobody may find again was just deleted.
    pub fn erase_traces(&self) {
        self.erased.notify_one();
    }

    /// Waits for [`Database::erase_traces`].
    pub async fn traces(&self) {
        self.erased.notified().await;
    }

    /// Copies the write-ahead log into the file and cuts it to nothing. Returns whether that is done; not while others
    /// read or write. Always done on a server, which looks after its own files.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn clear_log(&self) -> Result<bool> {
        self.enter(true, clear_log).await
    }
}

fn clear_log(conn: &mut DbConn) -> Result<bool> {
    let DbConn::Sqlite(conn) = conn else {
        return Ok(true);
    };
    // Writers of other programs wait meanwhile: a short try, and another one later.
    conn.batch_execute("PRAGMA busy_timeout = 100")?;
    let outcome = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn);
    conn.batch_execute("PRAGMA busy_timeout = 1000")?;
    let checkpoint: Checkpoint = outcome?;
    Ok(checkpoint.busy == 0)
}
