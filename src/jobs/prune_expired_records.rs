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
            rate_limit::delete_expired(conn)?;
            phone_verification::delete_expired(conn)?;
            password_reset_link::delete_expired(conn)?;
            pairing::delete_expired(conn)?;
            invitation::delete_expired(conn)?;
            trusted_browser::delete_expired(conn)?;
            reserved_username::delete_expired(conn)?;
            security_event::delete_older_than(conn, event_days)
        });
        if let Err(error) = pruned.await {
            warn_unless_outage!(error, "cannot delete expired records");
        }
    }
}
