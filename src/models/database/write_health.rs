//! Whether the database can be written, for `/readyz`: known from the last write, and tried again only after a failed
//! one, at most once a second however many ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use tokio::time::Instant;
use uuid::Uuid;

use super::Database;
use super::connection::DbConn;
use crate::error::{Error, Result};
use crate::models::now;
use crate::models::schema::avatars;

/// Least time between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// Bytes that a try writes: more than what a refused message may have left unused behind the write-ahead log's end.
const SIZE: usize = 64 * 1024;

/// How the last write ended. Clones share it.
#[derive(Debug, Clone, Default)]
pub(in crate::models) struct WriteHealth {
    /// Why the last write failed; `None` when it did not.
    failure: Arc<Mutex<Option<String>>>,
    /// When the last try ended; held while one runs.
    tried: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

impl WriteHealth {
    /// Takes note of a write's outcome. What people did wrong, or the same at once, says nothing about the database.
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
}

impl Database {
    /// Fails while nothing can be written. Writes only when the last write failed, at most once a second.
    ///
    /// # Errors
    /// `Unavailable` with the cause in the database's words.
    pub async fn require_writable(&self) -> Result<()> {
        if self.write_health.failure().is_none() {
            return Ok(());
        }
        let mut tried = self.write_health.tried.lock().await;
        let Some(failure) = self.write_health.failure() else {
            return Ok(());
        };
        if tried.is_some_and(|tried| tried.elapsed() < PAUSE) {
            return Err(Error::Unavailable(failure));
        }
        *tried = Some(Instant::now());
        let outcome = self.write(try_to_write).await;
        *tried = Some(Instant::now());
        outcome
    }
}

/// Adds a row that nobody sees and takes it away again, in one transaction that reaches the disk.
fn try_to_write(conn: &mut DbConn) -> Result<()> {
    let hash = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    diesel::insert_into(avatars::table)
        .values((
            avatars::hash.eq(&hash),
            avatars::picture.eq(vec![0_u8; SIZE]),
            avatars::created_at.eq(now()),
        ))
        .execute(conn)?;
    diesel::delete(avatars::table.find(&hash)).execute(conn)?;
    Ok(())
}
