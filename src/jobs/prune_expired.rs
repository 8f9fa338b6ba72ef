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

/// Runs the job. Security events are kept for `event_days`.
pub async fn run(database: Database, event_days: i64) {
    let mut clock = interval(INTERVAL);
    loop {
        clock.tick().await;
        // Separate transactions, so that none is long.
        let notices = database.write(change_notice::delete_expired).await;
        let sessions = database.write(session::delete_expired).await;
        let records = database.write(move |conn| delete_records(conn, event_days));
        for (what, outcome) in [
            ("change notices", notices),
            ("sessions", sessions),
            ("records", records.await),
        ] {
            if let Err(error) = outcome {
                warn_unless_outage!(error, "cannot delete expired {what}");
            }
        }
    }
}

fn delete_records(conn: &mut DbConn, event_days: i64) -> Result<usize> {
    rate_limit::delete_expired(conn)?;
    phone_verification::delete_expired(conn)?;
    password_reset_link::delete_expired(conn)?;
    pairing::delete_expired(conn)?;
    invitation::delete_expired(conn)?;
    trusted_browser::delete_expired(conn)?;
    reserved_username::delete_expired(conn)?;
    security_event::delete_older_than(conn, event_days)
}
