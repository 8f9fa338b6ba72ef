//! The anonymous connections of one address prefix at one worker, oldest first.

use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use crate::connection::Connection;

#[derive(Default)]
pub(crate) struct EvictionQueue(VecDeque<Weak<Connection>>);

impl EvictionQueue {
    pub(crate) fn push(&mut self, connection: &Rc<Connection>) {
        self.0.push_back(Rc::downgrade(connection));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes closed and authenticated connections, then evicts the oldest idle ones until the address is within its
    /// limit.
    pub(crate) fn evict_excess(&mut self) {
        let mut is_over_limit = true;
        self.0.retain(|connection| {
            let connection = connection.upgrade().filter(|it| it.is_anonymous());
            connection.is_some_and(|connection| {
                is_over_limit = is_over_limit && connection.is_over_limit();
                !(is_over_limit && connection.evict())
            })
        });
    }

    /// Evicts the oldest connection that is not being served.
    pub(crate) fn evict_oldest(&mut self) {
        let evict =
            |connection: &Weak<Connection>| connection.upgrade().is_some_and(|it| it.evict());
        if let Some(at) = self.0.iter().position(evict) {
            self.0.remove(at);
        }
    }
}
