//! Limits the number of open WebSockets and event streams, in total and per user, across all workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::realtime::rate_limit::UserRateLimiter;

/// How often a user may have one of their own connections evicted: sustained rate, and burst.
const EVICTIONS_PER_SECOND: u32 = 1;
const EVICTION_BURST: u32 = 5;

/// Counts open connections and limits them.
#[derive(Debug)]
pub struct ConnectionLimiter {
    per_user: Option<usize>,
    total: usize,
    evictions: UserRateLimiter,
    connections: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    total: usize,
    next_id: u64,
    /// Each user's connections, oldest first.
    by_user: HashMap<i64, Vec<OpenConnection>>,
}

#[derive(Debug)]
struct OpenConnection {
    id: u64,
    /// Whether its client reported that the window is hidden or its user idle.
    is_away: bool,
}

/// An open connection's slot, which is released when this is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    connection_limiter: Arc<ConnectionLimiter>,
    user_id: i64,
    id: u64,
}

impl ConnectionLimiter {
    /// Allows `per_user` connections for each user (`None`: unlimited) and `total` altogether.
    pub fn new(per_user: Option<usize>, total: usize) -> Arc<Self> {
        Arc::new(Self {
            per_user,
            total,
            evictions: UserRateLimiter::new(
                EVICTIONS_PER_SECOND,
                EVICTION_BURST,
                per_user.is_some(),
            ),
            connections: Mutex::default(),
        })
    }

    /// Takes a slot for a connection of this user.
    ///
    /// # Errors
    /// `TooManySockets` at the user's limit, `Unavailable` at the total limit.
    pub fn acquire(self: &Arc<Self>, user_id: i64) -> Result<ConnectionPermit> {
        let mut connections = self.lock();
        self.check(&connections, user_id)?;
        connections.total += 1;
        connections.next_id += 1;
        let id = connections.next_id;
        let is_away = false;
        (connections.by_user.entry(user_id).or_default()).push(OpenConnection { id, is_away });
        Ok(ConnectionPermit {
            connection_limiter: self.clone(),
            user_id,
            id,
        })
    }

    /// Returns the number of the user's connections if another one would be accepted.
    ///
    /// # Errors
    /// Those of [`ConnectionLimiter::acquire`].
    pub fn check_capacity(&self, user_id: i64) -> Result<usize> {
        let connections = self.lock();
        self.check(&connections, user_id)?;
        Ok(connections.by_user.get(&user_id).map_or(0, Vec::len))
    }

    /// Returns the limit per user; `None`: unlimited.
    pub fn per_user(&self) -> Option<usize> {
        self.per_user
    }

    /// Releases the slot of the user's oldest connection that is away, or else of the oldest, and returns its id. The
    /// caller closes that connection.
    ///
    /// # Errors
    /// `NotFound` when the user has no connection, `RateLimited` when called too often.
    pub fn evict(&self, user_id: i64) -> Result<u64> {
        self.evictions
            .try_acquire(user_id)
            .map_err(|wait| Error::RateLimited {
                seconds: wait.as_secs() + 1,
            })?;
        let mut connections = self.lock();
        let open = connections
            .by_user
            .get_mut(&user_id)
            .ok_or(Error::NotFound)?;
        let index = open.iter().position(|one| one.is_away).unwrap_or(0);
        let id = open.remove(index).id;
        if open.is_empty() {
            connections.by_user.remove(&user_id);
        }
        Ok(id)
    }

    fn check(&self, connections: &OpenConnections, user_id: i64) -> Result<()> {
        let count = connections.by_user.get(&user_id).map_or(0, Vec::len);
        if self.per_user.is_some_and(|limit| count >= limit) {
            return Err(Error::TooManySockets);
        }
        if connections.total >= self.total {
            return Err(Error::Unavailable(
                "connection limit reached (socket.total)".into(),
            ));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPermit {
    /// Returns the connection's id, unique across all workers.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Records whether the window is hidden or its user idle.
    pub fn set_away(&self, is_away: bool) {
        let mut connections = self.connection_limiter.lock();
        let open = connections.by_user.get_mut(&self.user_id);
        if let Some(one) = open.and_then(|open| open.iter_mut().find(|one| one.id == self.id)) {
            one.is_away = is_away;
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut connections = self.connection_limiter.lock();
        connections.total -= 1;
        if let Some(open) = connections.by_user.get_mut(&self.user_id) {
            open.retain(|one| one.id != self.id);
            if open.is_empty() {
                connections.by_user.remove(&self.user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_slot_can_be_acquired_again() {
        let limiter = ConnectionLimiter::new(Some(2), 3);
        let first = limiter.acquire(1).expect("a slot");
        let _second = limiter.acquire(1).expect("a slot");
        assert!(matches!(limiter.acquire(1), Err(Error::TooManySockets)));
        let other = limiter.acquire(2).expect("a slot");
        assert!(matches!(limiter.acquire(3), Err(Error::Unavailable(_))));
        drop(other);
        drop(first);
        assert!(limiter.acquire(1).is_ok());
        assert!(!limiter.lock().by_user.contains_key(&2));
    }

    #[test]
    fn eviction_prefers_the_oldest_away_connection_and_frees_its_slot() {
        let limiter = ConnectionLimiter::new(Some(3), 10);
        let permits: Vec<_> = (0..3)
            .map(|_| limiter.acquire(1).expect("a slot"))
            .collect();
        let _other = limiter.acquire(2).expect("a slot");
        permits[1].set_away(true);
        permits[2].set_away(true);
        assert!(limiter.check_capacity(1).is_err());
        assert_eq!(limiter.evict(1).ok(), Some(permits[1].id()));
        assert_eq!(limiter.check_capacity(1).ok(), Some(2));
        permits[2].set_away(false);
        assert_eq!(limiter.evict(1).ok(), Some(permits[0].id()));
        // An evicted connection closes later and is not counted twice.
        drop(permits);
        assert!(matches!(limiter.evict(1), Err(Error::NotFound)));
        assert_eq!(limiter.check_capacity(2).ok(), Some(1));
        assert_eq!(limiter.lock().total, 1);
    }

    #[test]
    fn evictions_are_rate_limited() {
        let limiter = ConnectionLimiter::new(Some(10), 100);
        let _passes: Vec<_> = (0..10).map(|_| limiter.acquire(1)).collect();
        let evicted = (0..10).filter(|_| limiter.evict(1).is_ok());
        assert_eq!(evicted.count(), EVICTION_BURST as usize);
    }
}
