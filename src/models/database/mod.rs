//! The database as the program uses it: how requests get at it without holding up a worker.

pub(super) mod circuit_breaker;
pub(super) mod connect;
pub mod connection;
pub mod diagnostics;
pub(super) mod erasure;
pub(super) mod json_table;
pub mod metrics;
pub(super) mod migrations;
pub(super) mod pool;
pub mod query_counter;
pub mod url;
pub(super) mod write_health;

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use self::connection::DbConn;
use self::metrics::Figures;
use self::pool::{Opened, Pool};
use self::url::DatabaseUrl;
use self::write_health::WriteHealth;
use crate::error::outage::DATABASE;
use crate::error::{Error, Result};
use crate::models::room::direct_limits::DirectLimits;
use crate::models::room::name_key;

/// Work that goes on for so long after its request was given up hangs.
const GRACE: Duration = Duration::from_secs(1);
/// The writer's connection is asked whether it still lives when it was not used for so long.
const QUIET: Duration = Duration::from_secs(1);
/// A request that asks several times waits so long in all.
const REQUEST: Duration = Duration::from_secs(4);
/// Who waits for a permit looks so often whether those who have one hang.
const LOOK: Duration = Duration::from_millis(200);

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
    /// What is counted.
    pub figures: Figures,
    pool: Arc<Pool>,
    /// In front of the pool, because waiting in it would block threads.
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// SQLite has one writer at a time; taking turns here is fair and needs no polling.
    pub(super) turn: Option<Arc<Mutex<()>>>,
    deadline: Duration,
    direct_limits: Option<Arc<DirectLimits>>,
    pub(super) write_health: WriteHealth,
    /// Wakes the job that clears the write-ahead log (SQLite).
    pub(super) erased: Arc<Notify>,
}

impl Database {
    /// Opens the database, makes it if it may, and migrates it.
    ///
    /// # Errors
    /// `Unavailable` with a sentence that names the cause and no password.
    pub fn open(url: DatabaseUrl, limits: Limits) -> Result<Self> {
        query_counter::count_queries();
        let mut first = DbConn::open_or_create(&url)?;
        first.require_sound_library()?;
        first.require_utf8mb4()?;
        first.migrate()?;
        name_key::backfill(&mut first)?;
        drop(first);
        let turn = matches!(url, DatabaseUrl::Sqlite(_)).then(Arc::default);
        let pool = Pool::new(url, limits.pool_size as usize).map_err(Error::internal)?;
        Ok(Self {
            figures: Figures::default(),
            pool: Arc::new(pool),
            permits: Arc::new(Semaphore::new(limits.pool_size as usize)),
            waiting: Arc::new(Semaphore::new(
                limits.pool_size as usize + limits.queue_size,
            )),
            turn,
            deadline: limits.deadline,
            direct_limits: None,
            write_health: WriteHealth::default(),
            erased: Arc::default(),
        })
    }

    /// Limits how often one person looks others up by number and begins to write to others.
    #[must_use]
    pub fn limiting_directs(mut self, limits: Option<DirectLimits>) -> Self {
        self.direct_limits = limits.map(Arc::new);
        self
    }

    pub(super) fn direct_limits(&self) -> Option<Arc<DirectLimits>> {
        self.direct_limits.clone()
    }

    /// A connection of one's own, outside the pool, for the one thread that writes messages: the one that it `kept`, with
    /// what belongs to it, or another when that one is lost.
    ///
    /// # Errors
    /// `Unavailable` with the cause in the database's words.
    pub(super) fn dedicated<T: Default>(&self, kept: Option<(Opened, T)>) -> Result<(Opened, T)> {
        let kept = kept.and_then(|(kept, its)| Some((self.pool.check(kept, QUIET)?, its)));
        match kept {
            Some(kept) => Ok(kept),
            None => Ok((self.pool.open()?, T::default())),
        }
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
        self.enter(false, work).await
    }

    /// Runs `work` in one transaction that writes; again when others wrote the same at that moment.
    ///
    /// # Errors
    /// Those of `work`; `Unavailable` after the deadline (the outcome is then unknown) or when too many wait already.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let outcome = self.enter(true, move |conn| conn.write(work)).await;
        self.write_health.record(&outcome);
        outcome
    }

    pub(super) async fn enter<T: Send + 'static>(
        &self,
        is_write: bool,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.waiting.clone().try_acquire_owned().map_err(|_| {
            self.figures.refused("queue");
            Error::Unavailable("too many requests wait for the database".into())
        })?;
        let start = Instant::now();
        let left = REQUEST.saturating_sub(query_counter::waited());
        let turn = self.turn.clone().filter(|_| is_write);
        let outcome = self.enter_before(start + left.min(self.deadline), turn, work);
        let outcome = outcome.await;
        query_counter::add_wait(start.elapsed());
        match is_write {
            true => DATABASE.record_write(&outcome),
            false => DATABASE.record(&outcome),
        }
        outcome
    }

    async fn enter_before<T: Send + 'static>(
        &self,
        deadline: Instant,
        turn: Option<Arc<Mutex<()>>>,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let asked = Instant::now();
        let late = |elapsed| self.late(elapsed);
        let turn = match turn {
            Some(turn) => Some(
                timeout_at(deadline, turn.lock_owned())
                    .await
                    .map_err(late)?,
            ),
            None => None,
        };
        let permit = self.permit(deadline).await?;
        let begun = Instant::now();
        self.figures.waited(begun - asked);
        let work = self.pool.spawn((turn, permit), work);
        let work = work.ok_or_else(|| Error::Unavailable("the program ends".into()))?;
        let (result, queries) = timeout_at(deadline, work)
            .await
            .map_err(late)?
            .map_err(Error::internal)?;
        self.figures.worked(begun.elapsed());
        query_counter::add(queries);
        result
    }

    /// Waits for a permit, and meanwhile gives up those who hang on to theirs.
    async fn permit(&self, deadline: Instant) -> Result<OwnedSemaphorePermit> {
        // One wait from beginning to end: it keeps its place among the others.
        let mut permit = pin!(self.permits.clone().acquire_owned());
        loop {
            let look = deadline.min(Instant::now() + LOOK);
            match timeout_at(look, permit.as_mut()).await {
                Ok(permit) => return permit.map_err(Error::internal),
                Err(elapsed) if look == deadline => return Err(self.late(elapsed)),
                Err(_) => self.pool.give_up_what_hangs(self.deadline + GRACE),
            }
        }
    }

    fn late(&self, _: tokio::time::error::Elapsed) -> Error {
        self.figures.refused("deadline");
        Error::Unavailable("the database did not answer in time".into())
    }
}

/// Where the SQLite file is when nothing else is said: in the data directory.
pub fn default_url(data_dir: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(data_dir.join("teahouse.db"))
}
