//! The connections of the pool, and the threads that may block on them. A client library that waits for a server which
//! never answers cannot be interrupted; so a thread that hangs is given up, with its connection, and others go on.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::r2d2::R2D2Connection;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};
use tokio::task::JoinHandle;

use super::circuit_breaker::Gate;
use super::connection::DbConn;
use super::query_counter;
use super::url::DatabaseUrl;
use crate::error::outage::DATABASE;
use crate::error::{Error, Result};

/// So many times the pool's size of threads may hang, given up, before their permits are kept. An outage costs the
/// pool's size at most, and a thread that hangs costs little; but when the other end has vanished without a word, it may
/// take the system a quarter of an hour to say so.
const GIVEN_UP: usize = 15;
/// A connection that was used so recently is taken for alive: asking costs as much as a query.
const QUIET: Duration = Duration::from_millis(250);

/// An open connection, and when it was opened: one from before the last hang is not trusted any more.
pub(in crate::models) struct Opened {
    pub(in crate::models) conn: DbConn,
    era: u64,
    used: Instant,
}

impl Opened {
    /// The same, used just now.
    pub(in crate::models) fn used(mut self) -> Self {
        self.used = Instant::now();
        self
    }
}

/// What a request holds while its work is under way: its turn to write (SQLite) and its permit.
pub(in crate::models) type Held = (Option<OwnedMutexGuard<()>>, OwnedSemaphorePermit);

/// Work that has begun.
struct Running {
    since: Instant,
    /// Nothing once it was given up.
    held: Option<Held>,
}

#[derive(Default)]
struct State {
    idle: Vec<Opened>,
    era: u64,
    running: HashMap<u64, Running>,
    next: u64,
    given_up: usize,
}

/// See the module's description.
pub(in crate::models) struct Pool {
    state: Mutex<State>,
    gate: Gate,
    threads: Option<Runtime>,
    size: usize,
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Not waiting for those that hang.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl Pool {
    /// A pool of at most `size` connections, which are opened when they are needed.
    ///
    /// # Errors
    /// When the machine has no more threads.
    pub(in crate::models) fn new(url: DatabaseUrl, size: usize) -> io::Result<Self> {
        let threads = Builder::new_current_thread()
            .thread_name("database")
            .max_blocking_threads(size * (GIVEN_UP + 1))
            .build()?;
        Ok(Self {
            state: Mutex::default(),
            gate: Gate::new(url),
            threads: Some(threads),
            size,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a connection that is not of the pool.
    ///
    /// # Errors
    /// `Unavailable` with the cause in the database's words.
    pub(in crate::models) fn open(&self) -> Result<Opened> {
        let era = self.lock().era;
        let conn = self.gate.open()?;
        let used = Instant::now();
        Ok(Opened { conn, era, used })
    }

    fn trusts(&self, opened: &Opened) -> bool {
        opened.era == self.lock().era
    }

    /// A connection that can be used: from after the last hang, and alive when it was `quiet` for so long.
    pub(in crate::models) fn check(&self, mut opened: Opened, quiet: Duration) -> Option<Opened> {
        let is_asked = matches!(opened.conn, DbConn::Mysql(_)) && opened.used.elapsed() >= quiet;
        let lives = self.trusts(&opened) && (!is_asked || opened.conn.ping().is_ok());
        lives.then_some(opened)
    }

    /// An idle connection that answers, or a new one.
    fn take(&self) -> Result<Opened> {
        loop {
            let Some(opened) = self.lock().idle.pop() else {
                return self.open();
            };
            if let Some(opened) = self.check(opened, QUIET) {
                return Ok(opened);
            }
        }
    }

    fn put(&self, mut opened: Opened) {
        if !opened.conn.is_broken() && self.trusts(&opened) {
            self.lock().idle.push(opened.used());
        }
    }

    /// Runs `work` on a thread that may block. What the request holds is free again when the work ends or is given up,
    /// however long the request itself waits. The number is how many queries that needed.
    pub(in crate::models) fn spawn<T: Send + 'static>(
        self: &Arc<Self>,
        held: Held,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Option<JoinHandle<(Result<T>, u64)>> {
        let threads = self.threads.as_ref()?;
        let pool = self.clone();
        let place = Place::take(self.clone(), held);
        Some(threads.spawn_blocking(move || {
            let _place = place;
            let mut opened = match pool.take() {
                Ok(opened) => opened,
                Err(error) => return (Err(error), 0),
            };
            let before = query_counter::on_this_thread();
            let result = work(&mut opened.conn);
            let queries = query_counter::on_this_thread() - before;
            // What failed so may fail for ever, and is not asked whether it lives as long as it is used.
            if !matches!(result, Err(Error::Unavailable(_))) {
                pool.put(opened);
            }
            (result, queries)
        }))
    }

    /// Gives up work that began longer than `limit` ago, and trusts no connection from before.
    pub(in crate::models) fn give_up_what_hangs(&self, limit: Duration) {
        let mut state = self.lock();
        let room = (self.size * GIVEN_UP).saturating_sub(state.given_up);
        let hanging = state
            .running
            .values_mut()
            .filter(|running| running.held.is_some() && running.since.elapsed() > limit);
        let freed: Vec<Option<Held>> = hanging
            .take(room)
            .map(|running| running.held.take())
            .collect();
        if freed.is_empty() {
            return;
        }
        state.given_up += freed.len();
        state.era += 1;
        drop(state);
        let count = freed.len();
        match DATABASE.is_active() {
            true => tracing::debug!(
                count,
                "the database does not answer: its threads are given up"
            ),
            false => tracing::warn!(
                count,
                "the database does not answer: its threads are given up"
            ),
        }
        self.gate.close("the database does not answer");
    }
}

/// A piece of work's place among what is under way; dropped when it ends.
struct Place {
    pool: Arc<Pool>,
    number: u64,
}

impl Place {
    fn take(pool: Arc<Pool>, held: Held) -> Self {
        let mut state = pool.lock();
        state.next += 1;
        let number = state.next;
        let running = Running {
            since: Instant::now(),
            held: Some(held),
        };
        state.running.insert(number, running);
        drop(state);
        Self { pool, number }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        let ended = state.running.remove(&self.number);
        if let Some(Running { held: None, .. }) = ended {
            state.given_up -= 1;
        }
        // The permit wakes whoever waits for it: not under the lock.
        drop(state);
        drop(ended);
    }
}
