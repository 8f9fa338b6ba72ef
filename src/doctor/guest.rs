//! Somebody who tries the public address: the first admin, by a session that this command makes and ends again.

use chrono::TimeDelta;

use crate::error::Result;
use crate::models::auth::session;
use crate::models::auth::session::{KeyHash, Kind, NewSession};
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::installation;

/// If it should not come to its end, it ends by itself.
const LIFETIME: TimeDelta = TimeDelta::minutes(2);

/// A session that is there to try.
pub(super) struct Guest {
    /// What a program signs in with.
    pub(super) token: String,
    /// The name of the database.
    pub(super) epoch: String,
    key_hash: KeyHash,
}

impl Guest {
    /// Makes the session; `None` when nobody has registered yet.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be written.
    pub(super) fn arrive(conn: &mut DbConn) -> Result<Option<Self>> {
        let Some(somebody) = diagnostics::somebody(conn)? else {
            return Ok(None);
        };
        let epoch = installation::epoch(conn)?;
        let (token, key_hash) = session::new_key();
        let new = NewSession {
            kind: Kind::Token,
            user_id: somebody.id,
            epoch: somebody.session_epoch,
            by: None,
            user_agent: "teahouse doctor".to_owned(),
            ip: String::new(),
            lifetime: LIFETIME,
            by_github: false,
            // Nobody is signed out by being examined.
            most: i64::MAX,
        };
        conn.write(|conn| session::create(conn, &key_hash, &new))?;
        Ok(Some(Self {
            token,
            epoch,
            key_hash,
        }))
    }

    /// Ends the session.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be written.
    pub(super) fn leave(self, conn: &mut DbConn) -> Result<()> {
        conn.write(|conn| session::end(conn, &self.key_hash))
    }
}
