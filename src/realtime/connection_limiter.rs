//! How many sockets and event streams are open, of everybody and of each person, on all workers together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::realtime::rate_limit::UserRateLimiter;

/// How often a person may make one of their connections yield: per second in the long run, and at once.
const YIELDS_PER_SECOND: u32 = 1;
const YIELD_BURST: u32 = 5;

/// See the module's description.
#[derive(Debug)]
pub struct ConnectionLimiter {
    per_person: Option<usize>,
    total: usize,
    yields: UserRateLimiter,
    inside: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    total: usize,
    next_id: u64,
    /// In the order in which they came.
    people: HashMap<i64, Vec<OpenConnection>>,
}

/// A connection of a person.
#[derive(Debug)]
struct OpenConnection {
    id: u64,
    /// Whether nobody looks at its window, as far as it said.
    is_away: bool,
}

/// Lets one in; it has left when this is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    turnstile: Arc<ConnectionLimiter>,
    user_id: i64,
    id: u64,
}

impl ConnectionLimiter {
    /// So many per person (`None`: any number), so many altogether.
    pub fn new(per_person: Option<usize>, total: usize) -> Arc<Self> {
        Arc::new(Self {
            per_person,
            total,
            yields: UserRateLimiter::new(YIELDS_PER_SECOND, YIELD_BURST, per_person.is_some()),
            inside: Mutex::default(),
        })
    }

    /// Lets one of this person's in.
    ///
    /// # Errors
    /// `TooManySockets` when the person has enough, `Unavailable` when there is no room for anybody.
    pub fn enter(self: &Arc<Self>, user_id: i64) -> Result<ConnectionPermit> {
        let mut inside = self.lock();
        self.check(&inside, user_id)?;
        inside.total += 1;
        inside.next_id += 1;
        let id = inside.next_id;
        let is_away = false;
        (inside.people.entry(user_id).or_default()).push(OpenConnection { id, is_away });
        Ok(ConnectionPermit {
            turnstile: self.clone(),
            user_id,
            id,
        })
    }

    /// How many connections a person has here, when another one would be let in.
    ///
    /// # Errors
    /// As [`ConnectionLimiter::enter`].
    pub fn check_place(&self, user_id: i64) -> Result<usize> {
        let inside = self.lock();
        self.check(&inside, user_id)?;
        Ok(inside.people.get(&user_id).map_or(0, Vec::len))
    }

    /// How many connections a person may have; `None`: any number.
    pub fn per_person(&self) -> Option<usize> {
        self.per_person
    }

    /// Takes the place of the person's oldest connection that is away, or else of the oldest. Its id, with which it is to
    /// be closed: it does not count any more.
    ///
    /// # Errors
    /// `NotFound` when the person has none, `RateLimited` when this is asked too often.
    pub fn take_place(&self, user_id: i64) -> Result<u64> {
        self.yields
            .take(user_id)
            .map_err(|wait| Error::RateLimited {
                seconds: wait.as_secs() + 1,
            })?;
        let mut inside = self.lock();
        let open = inside.people.get_mut(&user_id).ok_or(Error::NotFound)?;
        let index = open.iter().position(|one| one.is_away).unwrap_or(0);
        let id = open.remove(index).id;
        if open.is_empty() {
            inside.people.remove(&user_id);
        }
        Ok(id)
    }

    fn check(&self, inside: &OpenConnections, user_id: i64) -> Result<()> {
        let theirs = inside.people.get(&user_id).map_or(0, Vec::len);
        if self.per_person.is_some_and(|most| theirs >= most) {
            return Err(Error::TooManySockets);
        }
        if inside.total >= self.total {
            return Err(Error::Unavailable(
                "all sockets that there may be are open (socket.total)".into(),
            ));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPermit {
    /// Names the connection, on all workers together.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The window is hidden, or its person went away; or they are back.
    pub fn set_away(&self, is_away: bool) {
        let mut inside = self.turnstile.lock();
        let open = inside.people.get_mut(&self.user_id);
        if let Some(one) = open.and_then(|open| open.iter_mut().find(|one| one.id == self.id)) {
            one.is_away = is_away;
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut inside = self.turnstile.lock();
        inside.total -= 1;
        if let Some(open) = inside.people.get_mut(&self.user_id) {
            open.retain(|one| one.id != self.id);
            if open.is_empty() {
                inside.people.remove(&self.user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_leaves_and_another_may_enter() {
        let turnstile = ConnectionLimiter::new(Some(2), 3);
        let first = turnstile.enter(1).expect("room");
        let _second = turnstile.enter(1).expect("room");
        assert!(matches!(turnstile.enter(1), Err(Error::TooManySockets)));
        let other = turnstile.enter(2).expect("room");
        assert!(matches!(turnstile.enter(3), Err(Error::Unavailable(_))));
        drop(other);
        drop(first);
        assert!(turnstile.enter(1).is_ok());
        assert!(!turnstile.lock().people.contains_key(&2));
    }

    #[test]
    fn the_oldest_away_connection_yields_and_counts_no_more() {
        let turnstile = ConnectionLimiter::new(Some(3), 10);
        let passes: Vec<_> = (0..3).map(|_| turnstile.enter(1).expect("room")).collect();
        let _other = turnstile.enter(2).expect("room");
        passes[1].set_away(true);
        passes[2].set_away(true);
        assert!(turnstile.check_place(1).is_err());
        assert_eq!(turnstile.take_place(1).ok(), Some(passes[1].id()));
        assert_eq!(turnstile.check_place(1).ok(), Some(2));
        passes[2].set_away(false);
        assert_eq!(turnstile.take_place(1).ok(), Some(passes[0].id()));
        // What yielded leaves later, and is not counted twice.
        drop(passes);
        assert!(matches!(turnstile.take_place(1), Err(Error::NotFound)));
        assert_eq!(turnstile.check_place(2).ok(), Some(1));
        assert_eq!(turnstile.lock().total, 1);
    }

    #[test]
    fn places_are_not_taken_without_end() {
        let turnstile = ConnectionLimiter::new(Some(10), 100);
        let _passes: Vec<_> = (0..10).map(|_| turnstile.enter(1)).collect();
        let taken = (0..10).filter(|_| turnstile.take_place(1).is_ok());
        assert_eq!(taken.count(), YIELD_BURST as usize);
    }
}
