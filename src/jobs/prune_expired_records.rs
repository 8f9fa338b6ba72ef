//! Deletes expired records: counted attempts, codes, links, invitations, trusted browsers, reserved usernames and
//! security events.

use std::time::Duration;

use tokio::time::interval;

use crate::error::outage::warn_unless_outage;
use crate::models::auth::{
    pairing, password_reset_link, phone_verification, rate_limit, security_event, trusted_browser,
};
use crate::models::database::Database;
use crate::models::room::invitation;
use crate::models::user::reserved_username;

const INTERVAL: Duration = Duration::from_secs(10 * 60);

/// Runs the job. Security events are kept for `event_days`.
pub async fn run(database: Database, event_days: i64) {
    let mut clock = interval(INTERVAL);
    loop {
        clock.tick().await;
        let pruned = database.write(move |conn| {
            rate_limit::forget_old(conn)?;
            phone_verification::forget_old(conn)?;
            password_reset_link::forget_old(conn)?;
            pairing::forget_old(conn)?;
            invitation::delete_expired(conn)?;
            trusted_browser::forget_old(conn)?;
            reserved_username::delete_expired(conn)?;
            security_event::forget_old(conn, event_days)
        });
        if let Err(error) = pruned.await {
            warn_unless_outage!(error, "cannot delete expired records");
        }
    }
}
