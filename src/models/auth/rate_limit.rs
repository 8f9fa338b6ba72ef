//! Rate limits on attempts, such as sign-ins and codes. They are counted in the database, so they hold across restarts
//! and servers.

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, insert_or_keep};
use crate::models::now;
use crate::models::schema::throttles;
use crate::models::statement::Statement;

/// A limit on the number of attempts.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Maximum number of attempts in the window.
    pub attempts: i32,
    /// Length of the window, which begins with the first attempt.
    pub window: TimeDelta,
    /// Delay before the next attempt once the maximum is reached; doubled by each further attempt, up to the window.
    /// `None`: until the window ends.
    pub backoff: Option<TimeDelta>,
}

/// A counter of attempts, for example of one user or from one address.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Hash of the counted subject, by [`HmacKey::sign`](crate::models::values::signing::HmacKey::sign).
    pub key_hash: String,
    /// The limit.
    pub rule: Rule,
}

/// `open_at` of buckets that are not full. It is not the current time: with differing clocks, or when transactions lock
/// the row in another order than they read the clock, that could be in the future.
const OPEN_SINCE_EPOCH: NaiveDateTime = DateTime::UNIX_EPOCH.naive_utc();

/// The stored state of a bucket.
#[derive(Debug, Clone, Copy, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = throttles)]
struct State {
    tries: i32,
    ends_at: NaiveDateTime,
    open_at: NaiveDateTime,
}

impl State {
    /// Returns the state after one more attempt, or the time to wait before it.
    fn after_attempt(self, rule: &Rule, now: NaiveDateTime) -> Result<Self, TimeDelta> {
        if self.open_at > now {
            return Err(self.open_at - now);
        }
        let (tries, ends_at) = match self.ends_at <= now {
            true => (1, now + rule.window),
            false => (self.tries + 1, self.ends_at),
        };
        let (ends_at, open_at) = match (u32::try_from(tries - rule.attempts), rule.backoff) {
            (Err(_), _) => (ends_at, OPEN_SINCE_EPOCH),
            (Ok(_), None) => (ends_at, ends_at),
            (Ok(doublings), Some(backoff)) => {
                let open_at = now + (backoff * (1 << doublings.min(16))).min(rule.window);
                // Attempts during the backoff keep the window open.
                (open_at + rule.window, open_at)
            }
        };
        Ok(Self {
            tries,
            ends_at,
            open_at,
        })
    }

    /// Returns the state without the latest attempt. The bucket is open then: an earlier backoff had ended before it.
    fn without_last_attempt(self) -> Self {
        Self {
            tries: (self.tries - 1).max(0),
            open_at: OPEN_SINCE_EPOCH,
            ..self
        }
    }
}

/// Counts an attempt in all buckets. Attempts are counted before their outcome is known, so that concurrent ones cannot
/// exceed the limit.
///
/// # Errors
/// `RateLimited` when a bucket is full; no bucket is changed then.
pub fn count_attempt(conn: &mut DbConn, buckets: &[Bucket]) -> Result<()> {
    let now = now();
    let mut longest = TimeDelta::zero();
    let mut counted = Vec::new();
    for bucket in in_lock_order(buckets) {
        match lock(conn, bucket, now)?.after_attempt(&bucket.rule, now) {
            Ok(state) => counted.push((bucket, state)),
            Err(wait) => longest = longest.max(wait),
        }
    }
    if longest > TimeDelta::zero() {
        let seconds = longest.num_milliseconds().unsigned_abs().div_ceil(1000);
        return Err(Error::RateLimited { seconds });
    }
    for (bucket, state) in counted {
        set(conn, bucket, state)?;
    }
    Ok(())
}

/// Counts several attempts, one per bucket; the same bucket may occur more than once.
///
/// # Errors
/// `RateLimited` when a bucket is full; the transaction must then be rolled back.
pub fn count_attempts(conn: &mut DbConn, buckets: &[Bucket]) -> Result<()> {
    buckets
        .iter()
        .try_for_each(|bucket| count_attempt(conn, std::slice::from_ref(bucket)))
}

/// Uncounts a successful attempt. In buckets with backoff, the failed attempts before it are uncounted too.
pub fn reset_after_success(conn: &mut DbConn, buckets: &[Bucket]) -> Result<()> {
    for bucket in in_lock_order(buckets) {
        match bucket.rule.backoff {
            Some(_) => diesel::delete(throttles::table.find(&bucket.key_hash)).run(conn)?,
            None => uncount_one(conn, bucket)?,
        }
    }
    Ok(())
}

/// Uncounts an attempt that was not made. Unlike [`reset_after_success`], it leaves earlier attempts counted.
pub fn uncount(conn: &mut DbConn, buckets: &[Bucket]) -> Result<()> {
    let mut buckets = in_lock_order(buckets).into_iter();
    buckets.try_for_each(|bucket| uncount_one(conn, bucket))
}

fn uncount_one(conn: &mut DbConn, bucket: &Bucket) -> Result<()> {
    let state = lock(conn, bucket, now())?;
    set(conn, bucket, state.without_last_attempt())
}

/// Returns the buckets in the order in which they are locked, which is always the same to prevent deadlocks.
fn in_lock_order(buckets: &[Bucket]) -> Vec<&Bucket> {
    let mut all: Vec<&Bucket> = buckets.iter().collect();
    all.sort_by(|one, other| one.key_hash.cmp(&other.key_hash));
    all
}

/// Inserts the row if it is missing, and locks it until the transaction ends.
fn lock(conn: &mut DbConn, bucket: &Bucket, now: NaiveDateTime) -> Result<State> {
    let key_hash = &bucket.key_hash;
    let empty = (
        throttles::key_hash.eq(key_hash),
        throttles::tries.eq(0),
        throttles::ends_at.eq(now),
        throttles::open_at.eq(OPEN_SINCE_EPOCH),
    );
    insert_or_keep!(conn, throttles::table, throttles::key_hash, empty)?;
    let row = throttles::table.find(key_hash);
    Ok(row.select(State::as_select()).get_result(conn)?)
}

fn set(conn: &mut DbConn, bucket: &Bucket, state: State) -> Result<()> {
    diesel::update(throttles::table.find(&bucket.key_hash))
        .set(state)
        .run(conn)
}

/// Deletes buckets whose window and backoff have ended; returns their number.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    let old = throttles::ends_at
        .lt(now())
        .and(throttles::open_at.lt(now()));
    Ok(diesel::delete(throttles::table.filter(old)).execute(conn)?)
}

#[cfg(test)]
mod tests;
