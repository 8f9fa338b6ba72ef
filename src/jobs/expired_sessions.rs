//! Forgets sessions that ended by themselves.

use std::time::Duration;

use tokio::time::interval;

use crate::error::outage::warn_unless_outage;
use crate::models::database::Database;
use crate::models::session;

/// How often.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// Runs for as long as the program.
pub async fn run(database: Database) {
    let mut clock = interval(PAUSE);
    loop {
        clock.tick().await;
        match database.write(session::delete_expired).await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "expired sessions are forgotten"),
            Err(error) => warn_unless_outage!(error, "expired sessions could not be forgotten"),
        }
    }
}
