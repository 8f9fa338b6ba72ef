//! The connections of one worker, and the timer that checks them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::anonymous_limiter::AnonymousLimiter;
use crate::connection::Connection;
use crate::eviction_queue::EvictionQueue;
use crate::timeouts::{Clock, Timeouts};
use crate::trusted_proxies::TrustedProxies;

/// Beyond this multiple of the limit, a new connection evicts the oldest one without waiting for the next sweep.
const FLOOD_FACTOR: usize = 3;

pub(crate) struct ConnectionTable {
    clock: Clock,
    timeouts: Timeouts,
    limiter: Arc<AnonymousLimiter>,
    /// Connections of proxies are not counted: their requests are, by client address.
    trusted_proxies: TrustedProxies,
    connections: RefCell<Vec<Weak<Connection>>>,
    /// Anonymous connections by address prefix.
    queues: RefCell<HashMap<IpAddr, EvictionQueue>>,
}

impl ConnectionTable {
    /// Creates the worker's table, which is swept once a second until it is dropped.
    pub(crate) fn start(
        timeouts: Timeouts,
        limiter: Arc<AnonymousLimiter>,
        trusted_proxies: TrustedProxies,
    ) -> Rc<Self> {
        let table = Rc::new(Self {
            clock: Rc::new(Cell::new(0)),
            timeouts,
            limiter,
            trusted_proxies,
            connections: RefCell::default(),
            queues: RefCell::default(),
        });
        actix_web::rt::spawn(run_sweeps(Rc::downgrade(&table)));
        table
    }

    /// Adds a connection. When its address is over the limit, the next sweep evicts the oldest idle ones: the second
    /// until then lets a client that sends its request at once be served.
    pub(crate) fn add(&self, peer: Option<IpAddr>) -> Rc<Connection> {
        let peer = peer.filter(|peer| !self.trusted_proxies.contains(*peer));
        let guard = peer.and_then(|peer| self.limiter.track(peer));
        let Some(guard) = guard else {
            return self.insert(Connection::new(self.clock.clone(), None));
        };
        let mut queues = self.queues.borrow_mut();
        let queue = queues.entry(guard.prefix()).or_default();
        if guard.exceeds(FLOOD_FACTOR) {
            queue.evict_oldest();
        }
        let connection = Connection::new(self.clock.clone(), Some(guard));
        queue.push(&connection);
        self.insert(connection)
    }

    fn insert(&self, connection: Rc<Connection>) -> Rc<Connection> {
        let mut connections = self.connections.borrow_mut();
        connections.push(Rc::downgrade(&connection));
        connection
    }

    fn sweep_timeouts(&self) {
        self.clock.set(self.clock.get() + 1);
        self.queues.borrow_mut().retain(|_, queue| {
            queue.evict_excess();
            !queue.is_empty()
        });
        // Taken out: callbacks of `check_timeouts` may reach the table.
        let mut connections = self.connections.take();
        connections.retain(|connection| {
            let connection = connection.upgrade();
            if let Some(connection) = &connection {
                connection.check_timeouts(&self.timeouts);
            }
            connection.is_some()
        });
        connections.append(&mut self.connections.borrow_mut());
        self.connections.replace(connections);
    }
}

async fn run_sweeps(table: Weak<ConnectionTable>) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        match table.upgrade() {
            Some(table) => table.sweep_timeouts(),
            None => return,
        }
    }
}
