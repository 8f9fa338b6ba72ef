//! Deletes expired sessions.

use std::time::Duration;

use tokio::time::interval;

use crate::error::outage::warn_unless_outage;
use crate::models::auth::session;
use crate::models::database::Database;

const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Runs the job.
pub async fn run(database: Database) {
    let mut clock = interval(INTERVAL);
    loop {
        clock.tick().await;
        match database.write(session::delete_expired).await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "expired sessions deleted"),
            Err(error) => warn_unless_outage!(error, "cannot delete expired sessions"),
        }
    }
}
