//! Deletes change notices that every server has read.

use std::time::Duration;

use tokio::time::interval;

use crate::error::outage::warn_unless_outage;
use crate::models::change_notice;
use crate::models::database::Database;

const INTERVAL: Duration = Duration::from_secs(10 * 60);

/// Runs the job.
pub async fn run(database: Database) {
    let mut clock = interval(INTERVAL);
    loop {
        clock.tick().await;
        if let Err(error) = database.write(change_notice::delete_expired).await {
            warn_unless_outage!(error, "cannot delete old change notices");
        }
    }
}
