//! Database connections and the threads that block on them. A client library that waits for an unresponsive server
//! cannot be interrupted, so a hung job is abandoned together with its thread and connection, and other threads go on.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::r2d2::R2D2Connection;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};
use tokio::task::JoinHandle;

use super::circuit_breaker::CircuitBreaker;
use super::connection::DbConn;
use super::query_counter;
use super::url::DatabaseUrl;
use crate::error::outage::DATABASE;
use crate::error::{Error, Result};

/// Limits abandoned jobs to this multiple of the pool's size; further hung jobs keep their permits. One outage abandons
/// at most the pool's size, but the system may take 15 minutes to report that a peer has vanished.
const ABANDONED_FACTOR: usize = 15;
/// Idle time after which a connection is pinged before use. A ping costs as much as a query.
const PING_AFTER_IDLE: Duration = Duration::from_millis(250);

/// An open connection. One that was opened before the last hang (an earlier generation) is not used again.
pub(in crate::models) struct PooledConnection {
    pub(in crate::models) conn: DbConn,
    generation: u64,
    used_at: Instant,
}

impl PooledConnection {
    pub(in crate::models) fn touched(mut self) -> Self {
        self.used_at = Instant::now();
        self
    }
}

/// What a job holds while it runs: the write lock (SQLite writes only) and a permit of the pool.
pub(in crate::models) type Permits = (Option<OwnedMutexGuard<()>>, OwnedSemaphorePermit);

struct RunningJob {
    started_at: Instant,
    /// `None` once the job is abandoned.
    permits: Option<Permits>,
}

#[derive(Default)]
struct State {
    idle: Vec<PooledConnection>,
    generation: u64,
    running: HashMap<u64, RunningJob>,
    last_job_id: u64,
    /// Number of running jobs without permits.
    abandoned: usize,
}

/// A pool of connections, opened on demand, with a thread for each job.
pub(in crate::models) struct Pool {
    state: Mutex<State>,
    circuit_breaker: CircuitBreaker,
    threads: Option<Runtime>,
    size: usize,
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Does not wait for hung threads.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl Pool {
    /// Creates a pool of at most `size` connections; the caller limits the number of jobs.
    pub(in crate::models) fn new(url: DatabaseUrl, size: usize) -> io::Result<Self> {
        let threads = Builder::new_current_thread()
            .thread_name("database")
            .max_blocking_threads(size * (ABANDONED_FACTOR + 1))
            .build()?;
        Ok(Self {
            state: Mutex::default(),
            circuit_breaker: CircuitBreaker::new(url),
            threads: Some(threads),
            size,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::models) fn connect(&self) -> Result<PooledConnection> {
        let generation = self.lock().generation;
        let conn = self.circuit_breaker.connect()?;
        Ok(PooledConnection {
            conn,
            generation,
            used_at: Instant::now(),
        })
    }

    fn is_current(&self, connection: &PooledConnection) -> bool {
        connection.generation == self.lock().generation
    }

    /// Returns the connection if it is usable: of the current generation and, after `ping_after_idle` without use,
    /// responding to a ping (MySQL).
    pub(in crate::models) fn validate(
        &self,
        mut connection: PooledConnection,
        ping_after_idle: Duration,
    ) -> Option<PooledConnection> {
        let needs_ping = matches!(connection.conn, DbConn::Mysql(_))
            && connection.used_at.elapsed() >= ping_after_idle;
        let is_usable =
            self.is_current(&connection) && (!needs_ping || connection.conn.ping().is_ok());
        is_usable.then_some(connection)
    }

    /// Returns a usable idle connection, or a new one.
    fn acquire(&self) -> Result<PooledConnection> {
        loop {
            let Some(connection) = self.lock().idle.pop() else {
                return self.connect();
            };
            if let Some(connection) = self.validate(connection, PING_AFTER_IDLE) {
                return Ok(connection);
            }
        }
    }

    fn release(&self, mut connection: PooledConnection) {
        if !connection.conn.is_broken() && self.is_current(&connection) {
            self.lock().idle.push(connection.touched());
        }
    }

    /// Runs `work` on a blocking thread; returns its result and number of queries, or `None` during shutdown. The permits
    /// are released when the job ends or is abandoned, even if the caller has stopped waiting before.
    pub(in crate::models) fn spawn<T: Send + 'static>(
        self: &Arc<Self>,
        permits: Permits,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Option<JoinHandle<(Result<T>, u64)>> {
        let threads = self.threads.as_ref()?;
        let pool = self.clone();
        let guard = JobGuard::new(self.clone(), permits);
        Some(threads.spawn_blocking(move || {
            let _guard = guard;
            let mut connection = match pool.acquire() {
                Ok(connection) => connection,
                Err(error) => return (Err(error), 0),
            };
            let before = query_counter::thread_queries();
            let result = work(&mut connection.conn);
            let queries = query_counter::thread_queries() - before;
            // A connection that failed this way is dropped: it may be dead, and one in constant use is never pinged.
            if !matches!(result, Err(Error::Unavailable(_))) {
                pool.release(connection);
            }
            (result, queries)
        }))
    }

    /// Abandons jobs that have run for longer than `limit`. Connections opened before are not used again, and new ones
    /// are opened only after a successful probe.
    pub(in crate::models) fn abandon_hung_jobs(&self, limit: Duration) {
        let mut state = self.lock();
        let allowed = (self.size * ABANDONED_FACTOR).saturating_sub(state.abandoned);
        let hung = state
            .running
            .values_mut()
            .filter(|job| job.permits.is_some() && job.started_at.elapsed() > limit);
        let freed: Vec<Option<Permits>> =
            hung.take(allowed).map(|job| job.permits.take()).collect();
        if freed.is_empty() {
            return;
        }
        state.abandoned += freed.len();
        state.generation += 1;
        drop(state);
        let count = freed.len();
        match DATABASE.is_active() {
            true => tracing::debug!(count, "abandoned hung database threads"),
            false => tracing::warn!(count, "abandoned hung database threads"),
        }
        self.circuit_breaker.trip("the database does not respond");
    }
}

/// Registers a running job; removes it when dropped.
struct JobGuard {
    pool: Arc<Pool>,
    id: u64,
}

impl JobGuard {
    fn new(pool: Arc<Pool>, permits: Permits) -> Self {
        let mut state = pool.lock();
        state.last_job_id += 1;
        let id = state.last_job_id;
        let job = RunningJob {
            started_at: Instant::now(),
            permits: Some(permits),
        };
        state.running.insert(id, job);
        drop(state);
        Self { pool, id }
    }
}

impl Drop for JobGuard {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        let job = state.running.remove(&self.id);
        if let Some(RunningJob { permits: None, .. }) = job {
            state.abandoned -= 1;
        }
        // Releasing the permit wakes a waiting task, which must not happen under the lock.
        drop(state);
        drop(job);
    }
}
