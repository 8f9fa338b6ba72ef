//! A counted attempt that is taken back unless a secret was compared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::controllers::App;
use crate::error::{Error, Result};
use crate::models::auth::rate_limit;
use crate::models::auth::rate_limit::Bucket;
use crate::models::database::Database;

/// A refused attempt is answered this much later, so that 18 connections of one address repeat at most 60 a second.
const REFUSAL_DELAY: Duration = Duration::from_millis(300);
/// How often taking an attempt back is tried in the background while the database is away.
const RETRIES: u32 = 8;
/// The pause before the first retry; each later one is twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// What becomes of an attempt when it is dropped.
#[derive(Clone, Copy)]
enum End {
    /// Nothing was compared: it never happened.
    Undone,
    /// The secret was right: it does not count, and neither do the wrong ones before it.
    Forgiven,
    /// The secret was wrong.
    Counted,
}

/// An attempt that was counted before its outcome is known.
///
/// Dropping it takes it back, whatever the reason: an overloaded hasher, a database that fails, or a client that
/// disconnects. Nobody learns anything from an attempt that ends like that, so it is no guess.
pub struct Attempt {
    database: Database,
    buckets: Vec<Bucket>,
    end: End,
}

impl Attempt {
    /// Counts an attempt in all of these buckets.
    ///
    /// # Errors
    /// `RateLimited` when one of them is full; `Unavailable` when the database does not answer.
    pub async fn begin(app: &App, buckets: Vec<Bucket>) -> Result<Self> {
        let mut attempt = Self {
            database: app.database.clone(),
            buckets,
            end: End::Counted,
        };
        if attempt.buckets.is_empty() {
            return Ok(attempt);
        }
        let wanted = attempt.buckets.clone();
        // A transaction may outlive its request: it must not count for a client that was told 503.
        let waiting = Waiting::default();
        let gone = waiting.0.clone();
        let write = app.database.write(move |conn| {
            rate_limit::take(conn, &wanted)?;
            match gone.load(Ordering::Acquire) {
                true => Err(Error::Unavailable("the request was given up".into())),
                false => Ok(()),
            }
        });
        let counted = write.await;
        if let Err(Error::RateLimited { .. }) = counted {
            // Otherwise a client that repeats refused attempts takes the processor from those whose password is hashed.
            sleep(REFUSAL_DELAY).await;
        }
        counted?;
        attempt.end = End::Undone;
        Ok(attempt)
    }

    /// Does something that counts whether it succeeds or not, unless the program was not able to do it.
    ///
    /// # Errors
    /// Those of [`Self::begin`] and of `work`.
    pub async fn spend<T>(
        app: &App,
        buckets: Vec<Bucket>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let attempt = Self::begin(app, buckets).await?;
        match work.await {
            Err(error @ (Error::Unavailable(_) | Error::SerializationFailure(_))) => {
                attempt.undo().await?;
                Err(error)
            }
            done => {
                attempt.count();
                done
            }
        }
    }

    /// The secret was wrong.
    pub fn count(mut self) {
        self.end = End::Counted;
    }

    /// The secret was right.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer; it is then tried again in the background.
    pub async fn forgive(self) -> Result<()> {
        self.settle(End::Forgiven).await
    }

    /// Nothing was compared.
    ///
    /// # Errors
    /// As [`Self::forgive`].
    pub async fn undo(self) -> Result<()> {
        self.settle(End::Undone).await
    }

    /// It counts, but not in these buckets.
    ///
    /// # Errors
    /// As [`Self::forgive`].
    pub async fn count_except(mut self, buckets: Vec<Bucket>) -> Result<()> {
        self.buckets = buckets;
        self.settle(End::Undone).await
    }

    async fn settle(mut self, end: End) -> Result<()> {
        self.end = end;
        let settled = apply(&self.database, &self.buckets, end).await;
        if settled.is_ok() {
            self.end = End::Counted;
        }
        settled
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if matches!(self.end, End::Counted) || self.buckets.is_empty() {
            return;
        }
        let (database, end) = (self.database.clone(), self.end);
        let buckets = std::mem::take(&mut self.buckets);
        // Without a runtime the program ends.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(retry(database, buckets, end));
        }
    }
}

async fn retry(database: Database, buckets: Vec<Bucket>, end: End) {
    for n in 0..RETRIES {
        match apply(&database, &buckets, end).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "an attempt could not be taken back yet"),
        }
        sleep(RETRY_PAUSE * 2_u32.pow(n)).await;
    }
    tracing::warn!("an attempt counts although nothing was compared");
}

async fn apply(database: &Database, buckets: &[Bucket], end: End) -> Result<()> {
    if buckets.is_empty() {
        return Ok(());
    }
    let buckets = buckets.to_vec();
    let write = database.write(move |conn| match end {
        End::Undone => rate_limit::undo(conn, &buckets),
        End::Forgiven => rate_limit::forgive(conn, &buckets),
        End::Counted => Ok(()),
    });
    write.await
}

/// Tells a transaction whether its request still waits.
#[derive(Default)]
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
