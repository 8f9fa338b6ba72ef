//! Forgets what every server has heard of long since.

use std::time::Duration;

use tokio::time::interval;

use crate::error::outage::warn_unless_outage;
use crate::models::database::Database;
use crate::models::notice;

/// How often.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Runs for as long as the program.
pub async fn run(database: Database) {
    let mut clock = interval(PAUSE);
    loop {
        clock.tick().await;
        if let Err(error) = database.write(notice::forget_old).await {
            warn_unless_outage!(error, "old notices could not be forgotten");
        }
    }
}
