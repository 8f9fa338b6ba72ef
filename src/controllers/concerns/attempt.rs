//! Rate-limited attempts to present a secret. Attempts are counted first, and uncounted if no secret was compared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::controllers::App;
use crate::error::{Error, Result};
use crate::models::auth::rate_limit::{self, Bucket};
use crate::models::database::Database;

/// Delay of the response to a rejected attempt, so that the 18 connections of one address send at most 60 per second.
const REJECTION_DELAY: Duration = Duration::from_millis(300);
/// Background retries of uncounting an attempt while the database is unavailable.
const RETRIES: u32 = 8;
/// Pause before the first retry; doubled for each later one.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// How an attempt is settled.
#[derive(Clone, Copy)]
enum Outcome {
    /// No secret was compared: the attempt is uncounted.
    Uncounted,
    /// The secret was correct: the attempt is uncounted, and so are earlier failures in buckets whose wait grows.
    Succeeded,
    /// The secret was wrong: the attempt stays counted.
    Counted,
}

/// An attempt that is counted before its outcome is known.
///
/// Dropping it uncounts it: after an overloaded hasher, a database failure or a disconnect the client has learned nothing
/// about the secret.
pub struct Attempt {
    database: Database,
    buckets: Vec<Bucket>,
    on_drop: Outcome,
}

impl Attempt {
    /// Counts an attempt in all of these buckets.
    ///
    /// # Errors
    /// `RateLimited` when one of them is full; `Unavailable` when the database is.
    pub async fn begin(app: &App, buckets: Vec<Bucket>) -> Result<Self> {
        let mut attempt = Self {
            database: app.database.clone(),
            buckets,
            on_drop: Outcome::Counted,
        };
        if attempt.buckets.is_empty() {
            return Ok(attempt);
        }
        let wanted = attempt.buckets.clone();
        // A transaction may outlive its request. It is rolled back if the client was sent a 503 meanwhile.
        let cancel_on_drop = CancelOnDrop::default();
        let is_cancelled = cancel_on_drop.0.clone();
        let write = app.database.write(move |conn| {
            rate_limit::count_attempt(conn, &wanted)?;
            match is_cancelled.load(Ordering::Acquire) {
                true => Err(Error::Unavailable("the request was cancelled".into())),
                false => Ok(()),
            }
        });
        let counted = write.await;
        if let Err(Error::RateLimited { .. }) = counted {
            // Without the delay, a client that repeats rejected attempts would take CPU time from password hashing.
            sleep(REJECTION_DELAY).await;
        }
        counted?;
        attempt.on_drop = Outcome::Uncounted;
        Ok(attempt)
    }

    /// Runs `work` as an attempt that counts whether it succeeds or fails, except when it fails with `Unavailable`.
    ///
    /// # Errors
    /// Those of [`Self::begin`] and of `work`.
    pub async fn run<T>(
        app: &App,
        buckets: Vec<Bucket>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let attempt = Self::begin(app, buckets).await?;
        match work.await {
            Err(error @ (Error::Unavailable(_) | Error::SerializationFailure(_))) => {
                attempt.uncount().await?;
                Err(error)
            }
            result => {
                attempt.count();
                result
            }
        }
    }

    /// Settles the attempt after a wrong secret: it stays counted.
    pub fn count(mut self) {
        self.on_drop = Outcome::Counted;
    }

    /// Settles the attempt after a correct secret: uncounts it, and earlier failures in buckets whose wait grows.
    ///
    /// # Errors
    /// `Unavailable` when the database is; it is then retried in the background.
    pub async fn succeed(self) -> Result<()> {
        self.settle(Outcome::Succeeded).await
    }

    /// Uncounts the attempt, because no secret was compared.
    ///
    /// # Errors
    /// As [`Self::succeed`].
    pub async fn uncount(self) -> Result<()> {
        self.settle(Outcome::Uncounted).await
    }

    /// Uncounts the attempt in these buckets only.
    ///
    /// # Errors
    /// As [`Self::succeed`].
    pub async fn count_except(mut self, buckets: Vec<Bucket>) -> Result<()> {
        self.buckets = buckets;
        self.settle(Outcome::Uncounted).await
    }

    async fn settle(mut self, outcome: Outcome) -> Result<()> {
        self.on_drop = outcome;
        let settled = apply(&self.database, &self.buckets, outcome).await;
        if settled.is_ok() {
            self.on_drop = Outcome::Counted;
        }
        settled
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if matches!(self.on_drop, Outcome::Counted) || self.buckets.is_empty() {
            return;
        }
        let (database, outcome) = (self.database.clone(), self.on_drop);
        let buckets = std::mem::take(&mut self.buckets);
        // There is no runtime only while the process exits.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(retry(database, buckets, outcome));
        }
    }
}

async fn retry(database: Database, buckets: Vec<Bucket>, outcome: Outcome) {
    for n in 0..RETRIES {
        let Err(error) = apply(&database, &buckets, outcome).await else {
            return;
        };
        if n + 1 == RETRIES {
            tracing::warn!(%error, "gave up undoing a counted attempt");
            return;
        }
        tracing::debug!(%error, "cannot undo a counted attempt; retrying");
        sleep(RETRY_PAUSE * 2_u32.pow(n)).await;
    }
}

async fn apply(database: &Database, buckets: &[Bucket], outcome: Outcome) -> Result<()> {
    if buckets.is_empty() {
        return Ok(());
    }
    let buckets = buckets.to_vec();
    let write = database.write(move |conn| match outcome {
        Outcome::Uncounted => rate_limit::uncount(conn, &buckets),
        Outcome::Succeeded => rate_limit::reset_after_success(conn, &buckets),
        Outcome::Counted => Ok(()),
    });
    write.await
}

/// Tells a transaction that its request was dropped.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
