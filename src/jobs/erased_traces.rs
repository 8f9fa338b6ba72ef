//! Clears SQLite's write-ahead log after something was deleted that nobody may find again, such as a phone number.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::models::database::Database;

/// Also without being told: rows that expired are deleted by other jobs, and another program may have been killed.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// Between two tries; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// Runs for as long as the program, and once when it starts.
pub async fn run(database: Database) {
    loop {
        let mut retry = FIRST_RETRY;
        while !is_cleared(&database).await {
            sleep(retry).await;
            retry = (retry * 2).min(LONGEST_RETRY);
        }
        let _ = timeout(PAUSE, database.traces()).await;
    }
}

async fn is_cleared(database: &Database) -> bool {
    let outcome = database.clear_log().await;
    outcome.unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot clear the write-ahead log yet");
        false
    })
}
