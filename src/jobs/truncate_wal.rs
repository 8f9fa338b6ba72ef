//! Truncates SQLite's write-ahead log after personal data was deleted, so that the log keeps no copy of it.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::models::database::Database;

/// Interval without notification: other jobs delete expired rows, and another process may have been killed.
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Delay before the first retry; doubled each time.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(10);

/// Runs the job, first at start.
pub async fn run(database: Database) {
    loop {
        let mut delay = MIN_RETRY_DELAY;
        while !truncate(&database).await {
            sleep(delay).await;
            delay = (delay * 2).min(MAX_RETRY_DELAY);
        }
        let _ = timeout(INTERVAL, database.wal_truncation_requested()).await;
    }
}

/// Returns whether the log was truncated; readers and other writers prevent it.
async fn truncate(database: &Database) -> bool {
    let outcome = database.truncate_wal().await;
    outcome.unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot truncate the write-ahead log");
        false
    })
}
