//! Deletes what has expired: sessions, counted attempts, codes, links, invitations, trusted browsers, reserved usernames,
//! security events, and change notices that every server has read.

use std::time::Duration;

use tokio::time::interval;

use crate::error::Result;
use crate::error::outage::warn_unless_outage;
use crate::models::auth::{
    pairing, password_reset_link, phone_verification, rate_limit, security_event, session,
    trusted_browser,
};
use crate::models::change_notice;
use crate::models::database::Database;
use crate::models::database::connection::DbConn;
use crate::models::room::invitation;
use crate::models::user::reserved_username;

const INTERVAL: Duration = Duration::from_secs(10 * 60);

type Delete = fn(&mut DbConn) -> Result<usize>;

/// What has its own time of expiry, and how it is deleted.
const EXPIRING: &[(&str, Delete)] = &[
    ("change notices", change_notice::delete_expired),
    ("sessions", session::delete_expired),
    ("counted attempts", rate_limit::delete_expired),
    ("verification codes", phone_verification::delete_expired),
    ("password links", password_reset_link::delete_expired),
    ("pairings", pairing::delete_expired),
    ("invitations", invitation::delete_expired),
    ("trusted browsers", trusted_browser::delete_expired),
    ("reserved usernames", reserved_username::delete_expired),
];

/// Runs the job. Security events are kept for `event_days`.
pub async fn run(database: Database, event_days: i64) {
    let mut clock = interval(INTERVAL);
    loop {
        clock.tick().await;
        // Separate transactions, so that none is long.
        for (what, delete) in EXPIRING {
            if let Err(error) = database.write(*delete).await {
                warn_unless_outage!(error, "cannot delete expired {what}");
            }
        }
        let events =
            database.write(move |conn| security_event::delete_older_than(conn, event_days));
        if let Err(error) = events.await {
            warn_unless_outage!(error, "cannot delete expired security events");
        }
    }
}
