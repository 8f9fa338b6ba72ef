//! How many sockets and event streams are open, of everybody and of each person, on all workers together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};

/// See the module's description.
#[derive(Debug)]
pub struct Turnstile {
    per_person: Option<usize>,
    total: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    total: usize,
    people: HashMap<i64, usize>,
}

/// Lets one in; it has left when this is dropped.
#[derive(Debug)]
pub struct Pass {
    turnstile: Arc<Turnstile>,
    user_id: i64,
}

impl Turnstile {
    /// So many per person (`None`: any number), so many altogether.
    pub fn new(per_person: Option<usize>, total: usize) -> Arc<Self> {
        Arc::new(Self {
            per_person,
            total,
            inside: Mutex::default(),
        })
    }

    /// Lets one of this person's in.
    ///
    /// # Errors
    /// `TooManySockets` when the person has enough, `Unavailable` when there is no room for anybody.
    pub fn enter(self: &Arc<Self>, user_id: i64) -> Result<Pass> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = inside.people.get(&user_id).copied().unwrap_or_default();
        if self.per_person.is_some_and(|most| theirs >= most) {
            return Err(Error::TooManySockets);
        }
        if inside.total >= self.total {
            return Err(Error::Unavailable(
                "all sockets that there may be are open (socket.total)".into(),
            ));
        }
        inside.total += 1;
        inside.people.insert(user_id, theirs + 1);
        Ok(Pass {
            turnstile: self.clone(),
            user_id,
        })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let inside = self.turnstile.inside.lock();
        let mut inside = inside.unwrap_or_else(PoisonError::into_inner);
        inside.total -= 1;
        if let Some(theirs) = inside.people.get_mut(&self.user_id) {
            *theirs -= 1;
            if *theirs == 0 {
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
        let turnstile = Turnstile::new(Some(2), 3);
        let first = turnstile.enter(1).expect("room");
        let _second = turnstile.enter(1).expect("room");
        assert!(matches!(turnstile.enter(1), Err(Error::TooManySockets)));
        let other = turnstile.enter(2).expect("room");
        assert!(matches!(turnstile.enter(3), Err(Error::Unavailable(_))));
        drop(other);
        drop(first);
        assert!(turnstile.enter(1).is_ok());
        assert!(
            !turnstile
                .inside
                .lock()
                .expect("whole")
                .people
                .contains_key(&2)
        );
    }
}
