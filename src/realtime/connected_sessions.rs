//! Index of the users and sessions that have connections to this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A session: user id and hash of the session key.
pub type SessionRef = (i64, Arc<str>);

/// The users and sessions with connections to this process, on all workers.
#[derive(Default)]
pub struct ConnectedSessions {
    /// Number of connections by user and session.
    users: Mutex<HashMap<i64, HashMap<Arc<str>, usize>>>,
}

impl ConnectedSessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<i64, HashMap<Arc<str>, usize>>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, user_id: i64, session: &Arc<str>) {
        let mut users = self.lock();
        let sessions = users.entry(user_id).or_default();
        *sessions.entry(session.clone()).or_default() += 1;
    }

    pub(super) fn remove(&self, user_id: i64, session: &Arc<str>) {
        let mut users = self.lock();
        let Some(sessions) = users.get_mut(&user_id) else {
            return;
        };
        if let Some(count) = sessions.get_mut(session) {
            *count -= 1;
            if *count == 0 {
                sessions.remove(session);
            }
        }
        if sessions.is_empty() {
            users.remove(&user_id);
        }
    }

    /// Returns whether a user has a connection to this process.
    pub fn contains_user(&self, user_id: i64) -> bool {
        self.lock().contains_key(&user_id)
    }

    /// Returns the connected sessions of these users.
    pub fn sessions_of(&self, user_ids: &[i64]) -> Vec<SessionRef> {
        let users = self.lock();
        let mut refs = Vec::new();
        for user_id in user_ids {
            let sessions = users.get(user_id).into_iter().flatten();
            refs.extend(sessions.map(|(session, _)| (*user_id, session.clone())));
        }
        refs
    }

    /// Returns all connected sessions.
    pub fn sessions(&self) -> Vec<SessionRef> {
        let user_ids: Vec<i64> = self.lock().keys().copied().collect();
        self.sessions_of(&user_ids)
    }
}
