//! How much one person may send.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Past so many people with a bucket, the full ones are forgotten.
const SWEEP_AT: usize = 1024;

/// A token bucket per person: `burst` at once, then `per_second`.
#[derive(Debug)]
pub struct Throttle {
    per_second: f64,
    burst: f64,
    enabled: bool,
    buckets: Mutex<HashMap<i64, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Throttle {
    /// Switched off, it lets everything through.
    pub fn new(per_second: u32, burst: u32, enabled: bool) -> Self {
        Self {
            per_second: f64::from(per_second),
            burst: f64::from(burst),
            enabled,
            buckets: Mutex::default(),
        }
    }

    /// Takes one; or says how long to wait for it.
    pub fn take(&self, user_id: i64) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > SWEEP_AT {
            buckets.retain(|_, bucket| self.refilled(*bucket, now) < self.burst);
        }
        let bucket = buckets.entry(user_id).or_insert(Bucket {
            tokens: self.burst,
            at: now,
        });
        bucket.tokens = self.refilled(*bucket, now);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64(
            (1.0 - bucket.tokens) / self.per_second,
        ))
    }

    fn refilled(&self, bucket: Bucket, now: Instant) -> f64 {
        let elapsed = now.duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + elapsed * self.per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_must_wait() {
        let throttle = Throttle::new(5, 20, true);
        assert!((0..20).all(|_| throttle.take(1).is_ok()));
        let wait = throttle.take(1).expect_err("empty");
        assert!(wait <= Duration::from_millis(200), "{wait:?}");
        assert!(throttle.take(2).is_ok(), "others are not held up");
    }
}
