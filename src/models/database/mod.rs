//! The database as requests use it: reads and writes run on threads that may block, with a deadline and a bounded queue.
//!
//! # Errors
//! Unless a function says otherwise, `Unavailable` with the database's error message, never with the password.

pub(super) mod circuit_breaker;
pub(super) mod connect;
pub mod connection;
pub mod diagnostics;
pub(super) mod json_table;
pub mod metrics;
pub(super) mod migrations;
pub(super) mod mysql_probe;
pub(super) mod pool;
pub mod query_counter;
pub(super) mod transaction;
pub mod url;
pub(super) mod wal;
pub(super) mod write_health;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use self::connection::DbConn;
use self::metrics::DatabaseMetrics;
use self::pool::{Pool, PooledConnection};
use self::url::DatabaseUrl;
use self::write_health::WriteHealth;
use crate::error::outage::DATABASE;
use crate::error::{Error, Result};
use crate::models::room::direct_limits::DirectLimits;
use crate::models::room::name_key;

/// A job that still runs this long after its request's deadline counts as hung.
const HANG_GRACE: Duration = Duration::from_secs(1);
/// Interval of looking for hung jobs while a request waits for a permit.
const HANG_CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// Idle time after which the writer's connection is pinged before use.
const WRITER_PING_AFTER_IDLE: Duration = Duration::from_secs(1);
/// Longest time that one request spends on the database, in all its queries together.
const MAX_WAIT_PER_REQUEST: Duration = Duration::from_secs(4);

/// Limits of concurrent database use.
#[derive(Debug, Clone, Copy)]
pub struct PoolLimits {
    /// Connections.
    pub pool_size: u32,
    /// Requests that may wait for a connection.
    pub queue_size: usize,
    /// Longest time for one job, including its wait for a connection.
    pub deadline: Duration,
}

/// A handle to the database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    /// Metrics of requests' jobs.
    pub metrics: DatabaseMetrics,
    pool: Arc<Pool>,
    /// One per connection. Awaited before a job gets a thread, so that waiting blocks no thread.
    permits: Arc<Semaphore>,
    /// One per running or waiting job.
    queue: Arc<Semaphore>,
    /// Serializes this process's writes on SQLite: fair and without polling, unlike the file's lock.
    sqlite_write_lock: Option<Arc<Mutex<()>>>,
    deadline: Duration,
    direct_limits: Option<Arc<DirectLimits>>,
    pub(super) write_health: WriteHealth,
    /// Wakes the job that truncates SQLite's write-ahead log.
    wal_truncation: Arc<Notify>,
}

impl Database {
    /// Opens the database, creates it if it is missing, and migrates it.
    pub fn open(url: DatabaseUrl, limits: PoolLimits) -> Result<Self> {
        query_counter::install();
        let mut conn = DbConn::open_or_create(&url)?;
        conn.require_working_client_library()?;
        conn.require_utf8mb4()?;
        conn.migrate()?;
        name_key::backfill(&mut conn)?;
        drop(conn);
        let sqlite_write_lock = matches!(url, DatabaseUrl::Sqlite(_)).then(Arc::default);
        let pool_size = limits.pool_size as usize;
        Ok(Self {
            metrics: DatabaseMetrics::default(),
            pool: Arc::new(Pool::new(url, pool_size).map_err(Error::internal)?),
            permits: Arc::new(Semaphore::new(pool_size)),
            queue: Arc::new(Semaphore::new(pool_size + limits.queue_size)),
            sqlite_write_lock,
            deadline: limits.deadline,
            direct_limits: None,
            write_health: WriteHealth::default(),
            wal_truncation: Arc::default(),
        })
    }

    /// Sets the rate limits of look-ups by phone number and of new direct rooms.
    #[must_use]
    pub fn with_direct_limits(mut self, limits: Option<DirectLimits>) -> Self {
        self.direct_limits = limits.map(Arc::new);
        self
    }

    pub(super) fn direct_limits(&self) -> Option<Arc<DirectLimits>> {
        self.direct_limits.clone()
    }

    /// Returns the message writer's connection, which is outside the pool: the `cached` one with its state, or a new one
    /// with default state if that one is unusable.
    pub(super) fn writer_connection<T: Default>(
        &self,
        cached: Option<(PooledConnection, T)>,
    ) -> Result<(PooledConnection, T)> {
        let cached = cached.and_then(|(connection, state)| {
            let connection = self.pool.validate(connection, WRITER_PING_AFTER_IDLE)?;
            Some((connection, state))
        });
        match cached {
            Some(cached) => Ok(cached),
            None => Ok((self.pool.connect()?, T::default())),
        }
    }

    /// Waits for the write lock (SQLite only). Blocks the thread, so not for async code.
    pub fn blocking_write_lock(&self) -> Option<MutexGuard<'_, ()>> {
        let lock = self.sqlite_write_lock.as_ref();
        lock.map(|lock| lock.blocking_lock())
    }

    /// Runs read-only queries on a blocking thread.
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` after the deadline or when the queue is full.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run_job(false, work).await
    }

    /// Runs `work` in a write transaction on a blocking thread; see [`DbConn::write`].
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` after the deadline (the outcome is then unknown) or when the queue is full.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let outcome = self.run_job(true, move |conn| conn.write(work)).await;
        self.write_health.record(&outcome);
        outcome
    }

    /// Fails while the database accepts no writes. Probes it only if the last write failed, at most once a second.
    pub async fn require_writable(&self) -> Result<()> {
        let probe = self.write(write_health::probe_write);
        self.write_health.require_healthy(probe).await
    }

    async fn run_job<T: Send + 'static>(
        &self,
        is_write: bool,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _queued = self.queue.clone().try_acquire_owned().map_err(|_| {
            self.metrics.rejected("queue");
            Error::Unavailable("too many requests wait for the database".into())
        })?;
        let start = Instant::now();
        let left = MAX_WAIT_PER_REQUEST.saturating_sub(query_counter::waited());
        let lock = self.sqlite_write_lock.clone().filter(|_| is_write);
        let outcome = self.run_job_until(start + left.min(self.deadline), lock, work);
        let outcome = outcome.await;
        query_counter::add_wait(start.elapsed());
        match is_write {
            true => DATABASE.record_write(&outcome),
            false => DATABASE.record(&outcome),
        }
        outcome
    }

    async fn run_job_until<T: Send + 'static>(
        &self,
        deadline: Instant,
        lock: Option<Arc<Mutex<()>>>,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let queued_at = Instant::now();
        let timed_out = |elapsed| self.timed_out(elapsed);
        let lock = match lock {
            Some(lock) => {
                let lock = timeout_at(deadline, lock.lock_owned()).await;
                Some(lock.map_err(timed_out)?)
            }
            None => None,
        };
        let permit = self.acquire_permit(deadline).await?;
        let started_at = Instant::now();
        let waited = started_at - queued_at;
        self.metrics.wait_seconds.observe(waited.as_secs_f64());
        let job = self.pool.spawn((lock, permit), work);
        let job = job.ok_or_else(|| Error::Unavailable("the server is shutting down".into()))?;
        let (result, queries) = timeout_at(deadline, job)
            .await
            .map_err(timed_out)?
            .map_err(Error::internal)?;
        let worked = started_at.elapsed().as_secs_f64();
        self.metrics.work_seconds.observe(worked);
        query_counter::add_queries(queries);
        result
    }

    /// Waits for a permit and meanwhile abandons hung jobs, which frees theirs.
    async fn acquire_permit(&self, deadline: Instant) -> Result<OwnedSemaphorePermit> {
        // One future for the whole wait, so that it keeps its position in the semaphore's queue.
        let mut permit = pin!(self.permits.clone().acquire_owned());
        loop {
            let next_check = deadline.min(Instant::now() + HANG_CHECK_INTERVAL);
            match timeout_at(next_check, permit.as_mut()).await {
                Ok(permit) => return permit.map_err(Error::internal),
                Err(elapsed) if next_check == deadline => return Err(self.timed_out(elapsed)),
                Err(_) => self.pool.abandon_hung_jobs(self.deadline + HANG_GRACE),
            }
        }
    }

    fn timed_out(&self, _: tokio::time::error::Elapsed) -> Error {
        self.metrics.rejected("deadline");
        Error::Unavailable("the database did not respond in time".into())
    }
}
