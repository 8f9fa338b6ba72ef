//! Forgets what every server has heard of long since.

use std::time::Duration;

use tokio::time::interval;

use crate::error::outage::warn_of;
use crate::models::change_notice;
use crate::models::database::Database;

/// How often.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Runs for as long as the program.
pub async fn run(database: Database) {
    let mut clock = interval(PAUSE);
    loop {
        clock.tick().await;
        if let Err(error) = database.write(change_notice::forget_old).await {
            warn_of!(error, "old notices could not be forgotten");
        }
    }
}
