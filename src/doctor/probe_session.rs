//! A temporary session of the first admin, with which the public address is tested.

use chrono::TimeDelta;

use crate::error::Result;
use crate::models::auth::security_event::ClientInfo;
use crate::models::auth::session::{self, KeyHash, NewSession, SessionKind};
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::installation;

/// Ends the session even if this command is killed.
const LIFETIME: TimeDelta = TimeDelta::minutes(2);

pub(super) struct ProbeSession {
    pub(super) token: String,
    /// The database's epoch, to recognize a server on another database.
    pub(super) epoch: String,
    key_hash: KeyHash,
}

impl ProbeSession {
    /// Creates a session, or returns `None` if there are no users.
    pub(super) fn create(conn: &mut DbConn) -> Result<Option<Self>> {
        let Some(admin) = diagnostics::first_admin(conn)? else {
            return Ok(None);
        };
        let epoch = installation::epoch(conn)?;
        let (token, key_hash) = session::new_key();
        let new = NewSession {
            kind: SessionKind::Token,
            user_id: admin.id,
            epoch: admin.session_epoch,
            by: None,
            client: ClientInfo {
                ip: String::new(),
                user_agent: "teahouse doctor".to_owned(),
            },
            lifetime: LIFETIME,
            is_github_sign_in: false,
            // Must not evict the admin's oldest session.
            max_sessions: i64::MAX,
        };
        conn.write(|conn| session::create(conn, &key_hash, &new))?;
        Ok(Some(Self {
            token,
            epoch,
            key_hash,
        }))
    }

    pub(super) fn end(self, conn: &mut DbConn) -> Result<()> {
        conn.write(|conn| session::end(conn, &self.key_hash))
    }
}
