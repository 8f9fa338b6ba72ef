//! Whose connections this process serves, and by which sessions they came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A session of a person: whose, and the hash of its key.
pub type SessionRef = (i64, Arc<str>);

/// See the module's description.
#[derive(Default)]
pub struct ConnectedSessions {
    /// How many connections each session of each person has.
    people: Mutex<HashMap<i64, HashMap<Arc<str>, usize>>>,
}

impl ConnectedSessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<i64, HashMap<Arc<str>, usize>>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection came.
    pub(super) fn add(&self, user_id: i64, session: &Arc<str>) {
        let mut people = self.lock();
        let sessions = people.entry(user_id).or_default();
        *sessions.entry(session.clone()).or_default() += 1;
    }

    /// A connection is gone.
    pub(super) fn remove(&self, user_id: i64, session: &Arc<str>) {
        let mut people = self.lock();
        let Some(sessions) = people.get_mut(&user_id) else {
            return;
        };
        if let Some(count) = sessions.get_mut(session) {
            *count -= 1;
            if *count == 0 {
                sessions.remove(session);
            }
        }
        if sessions.is_empty() {
            people.remove(&user_id);
        }
    }

    /// Whether somebody has a connection here.
    pub fn has(&self, user_id: i64) -> bool {
        self.lock().contains_key(&user_id)
    }

    /// The sessions of these people.
    pub fn sessions_of(&self, user_ids: &[i64]) -> Vec<SessionRef> {
        let people = self.lock();
        let mut signed = Vec::new();
        for user_id in user_ids {
            let sessions = people.get(user_id).into_iter().flatten();
            signed.extend(sessions.map(|(session, _)| (*user_id, session.clone())));
        }
        signed
    }

    /// The sessions of everybody.
    pub fn sessions(&self) -> Vec<SessionRef> {
        let user_ids: Vec<i64> = self.lock().keys().copied().collect();
        self.sessions_of(&user_ids)
    }
}
