//! Token buckets: one per connection, or one per user.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Above this number of buckets, full ones are removed.
const SWEEP_AT: usize = 1024;

/// A rate limit: `burst` events at once, `per_second` sustained.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Sustained events per second.
    pub per_second: u32,
    /// Events at once.
    pub burst: u32,
}

/// Remaining tokens at a point in time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn new(rate: Rate, now: Instant) -> Self {
        Self {
            tokens: f64::from(rate.burst),
            at: now,
        }
    }

    /// Takes one token, or returns the time until one is available.
    fn try_acquire(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.tokens = self.refilled(rate, now);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64(
            (1.0 - self.tokens) / f64::from(rate.per_second),
        ))
    }

    fn is_full(&self, rate: Rate, now: Instant) -> bool {
        self.refilled(rate, now) >= f64::from(rate.burst)
    }

    fn refilled(&self, rate: Rate, now: Instant) -> f64 {
        let elapsed = now.duration_since(self.at).as_secs_f64();
        (self.tokens + elapsed * f64::from(rate.per_second)).min(f64::from(rate.burst))
    }
}

/// A token bucket.
#[derive(Debug)]
pub struct TokenBucket {
    rate: Rate,
    bucket: Bucket,
}

impl TokenBucket {
    /// Starts with a full bucket.
    pub fn new(rate: Rate) -> Self {
        let bucket = Bucket::new(rate, Instant::now());
        Self { rate, bucket }
    }

    /// Takes one token; returns whether one was available.
    pub fn try_acquire(&mut self) -> bool {
        self.bucket.try_acquire(self.rate, Instant::now()).is_ok()
    }
}

/// A token bucket for each user.
#[derive(Debug)]
pub struct UserRateLimiter {
    rate: Rate,
    enabled: bool,
    buckets: Mutex<HashMap<i64, Bucket>>,
}

impl UserRateLimiter {
    /// If not `enabled`, every request passes.
    pub fn new(per_second: u32, burst: u32, enabled: bool) -> Self {
        Self {
            rate: Rate { per_second, burst },
            enabled,
            buckets: Mutex::default(),
        }
    }

    /// Takes one of the user's tokens, or returns the time until one is available.
    pub fn try_acquire(&self, user_id: i64) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > SWEEP_AT {
            buckets.retain(|_, bucket| !bucket.is_full(self.rate, now));
        }
        let bucket = buckets
            .entry(user_id)
            .or_insert_with(|| Bucket::new(self.rate, now));
        bucket.try_acquire(self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_after_the_burst_have_to_wait() {
        let rate_limiter = UserRateLimiter::new(5, 20, true);
        assert!((0..20).all(|_| rate_limiter.try_acquire(1).is_ok()));
        let wait = rate_limiter.try_acquire(1).expect_err("empty");
        assert!(wait <= Duration::from_millis(200), "{wait:?}");
        assert!(
            rate_limiter.try_acquire(2).is_ok(),
            "other users are not limited"
        );
    }
}
