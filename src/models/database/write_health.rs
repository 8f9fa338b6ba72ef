//! Tells `/readyz` whether the database accepts writes: known from the last write, and probed at most once a second after
//! a failed one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use tokio::time::Instant;
use uuid::Uuid;

use super::connection::DbConn;
use crate::error::{Error, Result};
use crate::models::now;
use crate::models::schema::avatars;

const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes written by a probe: on a full disk, a failed message may leave a smaller amount of usable space behind the end of
/// the write-ahead log.
const PROBE_BYTES: usize = 64 * 1024;

/// The result of the last write. Clones share it.
#[derive(Debug, Clone, Default)]
pub(in crate::models) struct WriteHealth {
    /// Why the last write failed; `None` if it succeeded.
    failure: Arc<Mutex<Option<String>>>,
    /// Time of the last probe; locked while one runs.
    probed_at: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

impl WriteHealth {
    /// Records a write's result. Errors other than `Unavailable` say nothing about the database.
    pub(in crate::models) fn record<T>(&self, outcome: &Result<T>) {
        let failure = match outcome {
            Ok(_) => None,
            Err(Error::Unavailable(cause)) => Some(cause.clone()),
            Err(_) => return,
        };
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    fn failure(&self) -> Option<String> {
        let failure = self.failure.lock();
        failure.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fails while the database accepts no writes. Runs `probe`, which records its result, only if the last write failed.
    pub(in crate::models) async fn require_healthy(
        &self,
        probe: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        if self.failure().is_none() {
            return Ok(());
        }
        let mut probed_at = self.probed_at.lock().await;
        // Another caller's probe may have succeeded meanwhile.
        let Some(failure) = self.failure() else {
            return Ok(());
        };
        if probed_at.is_some_and(|probed_at| probed_at.elapsed() < PROBE_INTERVAL) {
            return Err(Error::Unavailable(failure));
        }
        *probed_at = Some(Instant::now());
        let outcome = probe.await;
        *probed_at = Some(Instant::now());
        outcome
    }
}

/// Inserts and deletes a row in one transaction.
pub(in crate::models) fn probe_write(conn: &mut DbConn) -> Result<()> {
    let hash = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    diesel::insert_into(avatars::table)
        .values((
            avatars::hash.eq(&hash),
            avatars::picture.eq(vec![0_u8; PROBE_BYTES]),
            avatars::created_at.eq(now()),
        ))
        .execute(conn)?;
    diesel::delete(avatars::table.find(&hash)).execute(conn)?;
    Ok(())
}
