//! Limits work to one piece per user at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// The permits of all users, at most one each. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct UserPermits(Arc<Mutex<HashSet<i64>>>);

/// Permit of one user, until it is dropped.
#[derive(Debug)]
pub struct UserPermit {
    permits: UserPermits,
    user_id: i64,
}

impl UserPermits {
    /// Returns a permit for a user.
    ///
    /// # Errors
    /// `RateLimited` when the user has one already; `Unavailable` when `max_users` have one.
    pub fn acquire(
        &self,
        user_id: i64,
        max_users: usize,
        retry_seconds: u64,
    ) -> Result<UserPermit> {
        let mut users = self.lock();
        if users.contains(&user_id) {
            return Err(Error::RateLimited {
                seconds: retry_seconds,
            });
        }
        if users.len() >= max_users {
            return Err(Error::Unavailable("too many concurrent users".into()));
        }
        users.insert(user_id);
        Ok(UserPermit {
            permits: self.clone(),
            user_id,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UserPermit {
    fn drop(&mut self) {
        self.permits.lock().remove(&self.user_id);
    }
}
