//! The database as the program uses it: how requests get at it without holding up a worker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use diesel::r2d2::{ManageConnection, Pool, R2D2Connection};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::connection::DbConn;
use super::database_url::DatabaseUrl;
use super::query_count;
use crate::error::{Error, Result};

/// Opens the connections of the pool.
#[derive(Debug)]
struct Opener(DatabaseUrl);

impl ManageConnection for Opener {
    type Connection = DbConn;
    type Error = Error;

    fn connect(&self) -> Result<DbConn> {
        DbConn::open(&self.0)
    }

    fn is_valid(&self, conn: &mut DbConn) -> Result<()> {
        Ok(conn.ping()?)
    }

    fn has_broken(&self, conn: &mut DbConn) -> bool {
        conn.is_broken()
    }
}

/// How many requests may use the database at once, and how long they wait for it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections.
    pub pool_size: u32,
    /// Requests that may wait for one.
    pub queue_size: usize,
    /// A request that takes longer is given up.
    pub deadline: Duration,
}

/// The database as the program uses it. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    url: Arc<DatabaseUrl>,
    pool: Pool<Opener>,
    /// In front of the pool, because waiting in it would block threads.
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// SQLite has one writer at a time; taking turns here is fair and needs no polling.
    turn: Option<Arc<Mutex<()>>>,
    deadline: Duration,
}

impl Database {
    /// Opens the database, makes it if it may, and migrates it.
    ///
    /// # Errors
    /// `Unavailable` with a sentence that names the cause and no password.
    pub fn open(url: DatabaseUrl, limits: Limits) -> Result<Self> {
        query_count::count_queries();
        let mut first = DbConn::open_or_create(&url)?;
        first.require_sound_library()?;
        first.require_utf8mb4()?;
        first.migrate()?;
        drop(first);
        let turn = matches!(url, DatabaseUrl::Sqlite(_)).then(Arc::default);
        let pool = Pool::builder()
            .max_size(limits.pool_size)
            .min_idle(Some(1))
            .connection_timeout(limits.deadline)
            .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
            .build_unchecked(Opener(url.clone()));
        Ok(Self {
            url: Arc::new(url),
            pool,
            permits: Arc::new(Semaphore::new(limits.pool_size as usize)),
            waiting: Arc::new(Semaphore::new(
                limits.pool_size as usize + limits.queue_size,
            )),
            turn,
            deadline: limits.deadline,
        })
    }

    /// A connection of one's own, outside the pool, for the one thread that writes messages.
    ///
    /// # Errors
    /// As [`DbConn::open`].
    pub fn dedicated(&self) -> Result<DbConn> {
        DbConn::open(&self.url)
    }

    /// Waits for this thread's turn to write (SQLite); must not be called on an async thread.
    pub fn blocking_turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        self.turn.as_ref().map(|turn| turn.blocking_lock())
    }

    /// Runs queries that only read, on a thread that may block.
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` after the deadline or when too many wait already.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.enter(None, work).await
    }

    /// Runs `work` in one transaction that writes.
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` after the deadline (the outcome is then unknown) or when too many wait already.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.enter(self.turn.clone(), move |conn| conn.write(work))
            .await
    }

    async fn enter<T: Send + 'static>(
        &self,
        turn: Option<Arc<Mutex<()>>>,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place =
            self.waiting.clone().try_acquire_owned().map_err(|_| {
                Error::Unavailable("too many requests wait for the database".into())
            })?;
        let deadline = Instant::now() + self.deadline;
        let late = |_| Error::Unavailable("the database did not answer in time".into());
        let turn = match turn {
            Some(turn) => Some(
                timeout_at(deadline, turn.lock_owned())
                    .await
                    .map_err(late)?,
            ),
            None => None,
        };
        let permit = timeout_at(deadline, self.permits.clone().acquire_owned())
            .await
            .map_err(late)?
            .map_err(Error::internal)?;
        let job = job(self.pool.clone(), turn, permit, work);
        let (result, queries) = timeout_at(deadline, spawn_blocking(job))
            .await
            .map_err(late)?
            .map_err(Error::internal)?;
        query_count::add(queries);
        result
    }
}

/// What runs on the blocking thread, and how many queries that needs. It keeps permit and turn until it really ends, however long its caller waits.
fn job<T>(
    pool: Pool<Opener>,
    turn: Option<OwnedMutexGuard<()>>,
    permit: OwnedSemaphorePermit,
    work: impl FnOnce(&mut DbConn) -> Result<T>,
) -> impl FnOnce() -> (Result<T>, u64) {
    move || {
        let _held = (turn, permit);
        let mut conn = match pool.get() {
            Ok(conn) => conn,
            Err(error) => return (Err(Error::Unavailable(error.to_string())), 0),
        };
        let before = query_count::on_this_thread();
        let result = work(&mut conn);
        (result, query_count::on_this_thread() - before)
    }
}

/// Where the SQLite file is when nothing else is said: in the data directory.
pub fn default_url(data_dir: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(data_dir.join("teahouse.db"))
}
