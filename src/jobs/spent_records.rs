//! Forgets what counts no more: tries, codes, links, browsers nobody comes with, and what happened long ago.

use std::time::Duration;

use tokio::time::interval;

use crate::error::outage::warn_of;
use crate::models::auth::{
    pairing, password_reset_link, phone_verification, rate_limit, security_event, trusted_browser,
};
use crate::models::database::Database;
use crate::models::room::invitation;
use crate::models::user::reserved_username;

/// How often.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Runs for as long as the program. What happened to accounts is kept for so many days.
pub async fn run(database: Database, event_days: i64) {
    let mut clock = interval(PAUSE);
    loop {
        clock.tick().await;
        let forgotten = database.write(move |conn| {
            rate_limit::forget_old(conn)?;
            phone_verification::forget_old(conn)?;
            password_reset_link::forget_old(conn)?;
            pairing::forget_old(conn)?;
            invitation::forget_old(conn)?;
            trusted_browser::forget_old(conn)?;
            reserved_username::forget_old(conn)?;
            security_event::forget_old(conn, event_days)
        });
        if let Err(error) = forgotten.await {
            warn_of!(error, "old records could not be forgotten");
        }
    }
}
