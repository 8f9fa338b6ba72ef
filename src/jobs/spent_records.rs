//! Forgets what counts no more: tries, codes, links, browsers nobody comes with, and what happened long ago.

use std::time::Duration;

use tokio::time::interval;

use crate::error::outage::warn_unless_outage;
use crate::models::database::Database;
use crate::models::{
    invitation, known_browser, pairing, password_link, reserved_username, security_event, throttle,
    verification,
};

/// How often.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Runs for as long as the program. What happened to accounts is kept for so many days.
pub async fn run(database: Database, event_days: i64) {
    let mut clock = interval(PAUSE);
    loop {
        clock.tick().await;
        let forgotten = database.write(move |conn| {
            throttle::forget_old(conn)?;
            verification::forget_old(conn)?;
            password_link::forget_old(conn)?;
            pairing::forget_old(conn)?;
            invitation::forget_old(conn)?;
            known_browser::forget_old(conn)?;
            reserved_username::forget_old(conn)?;
            security_event::forget_old(conn, event_days)
        });
        if let Err(error) = forgotten.await {
            warn_unless_outage!(error, "old records could not be forgotten");
        }
    }
}
