//! Logs outages of dependencies: a warning at the start with the cause, one at the end with the duration, and for SMS and
//! GitHub one for each further cause. Callers log single failures in between at DEBUG (`warn_unless_outage!`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Error;

/// Number of distinct causes logged per outage of a provider: the operator has to act on each. For the database it is 1,
/// because one outage has many error messages.
const PROVIDER_CAUSES: usize = 8;

/// The process's database.
pub static DATABASE: Outage = Outage::new("database", Duration::from_secs(1), 1);
/// The configured SMS sender.
pub static SMS: Outage = Outage::new("SMS sender", Duration::ZERO, PROVIDER_CAUSES);
/// GitHub's OAuth and user API.
pub static GITHUB: Outage = Outage::new("GitHub", Duration::ZERO, PROVIDER_CAUSES);

/// The availability of one dependency, derived from the results of calls to it.
#[derive(Debug)]
pub struct Outage {
    dependency: &'static str,
    /// How long calls must succeed before the outage is over: during recovery some calls still fail.
    recovery_time: Duration,
    max_causes: usize,
    /// Mirrors `state.is_some()`, readable without the lock.
    is_active: AtomicBool,
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    since: Instant,
    /// Time of the first success after the last failure.
    recovered_at: Option<Instant>,
    /// Only writes failed, so only a successful write ends the outage.
    is_writes_only: bool,
    causes: Vec<String>,
}

impl Outage {
    const fn new(dependency: &'static str, recovery_time: Duration, max_causes: usize) -> Self {
        Self {
            dependency,
            recovery_time,
            max_causes,
            is_active: AtomicBool::new(false),
            state: Mutex::new(None),
        }
    }

    /// Returns whether the dependency is known to be unavailable.
    pub fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }

    /// Records the result of a call. Only `Unavailable` and `GitHubDown` count as failures.
    pub fn record<T>(&self, result: &Result<T, Error>) {
        self.record_call(false, result);
    }

    /// Records the result of a write. A full or locked database fails writes while reads succeed.
    pub fn record_write<T>(&self, result: &Result<T, Error>) {
        self.record_call(true, result);
    }

    fn record_call<T>(&self, is_write: bool, result: &Result<T, Error>) {
        match result {
            Err(Error::Unavailable(cause) | Error::GitHubDown(cause)) => {
                self.record_failure(is_write, cause);
            }
            _ => self.record_success(is_write),
        }
    }

    fn record_failure(&self, is_write: bool, cause: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            Some(state) => {
                state.recovered_at = None;
                state.is_writes_only &= is_write;
                let is_known = state.causes.iter().any(|known| known == cause);
                if !is_known && state.causes.len() < self.max_causes {
                    state.causes.push(cause.to_owned());
                    tracing::warn!(
                        cause,
                        "outage continues: the {} now fails with a different error",
                        self.dependency
                    );
                }
            }
            None => {
                let since = Instant::now();
                *state = Some(State {
                    since,
                    recovered_at: None,
                    is_writes_only: is_write,
                    causes: vec![cause.to_owned()],
                });
                self.is_active.store(true, Ordering::Relaxed);
                tracing::warn!(cause, "outage: the {} is unavailable", self.dependency);
            }
        }
    }

    fn record_success(&self, is_write: bool) {
        if !self.is_active() {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(outage) = &mut *state else {
            return;
        };
        if outage.is_writes_only && !is_write {
            return;
        }
        let recovered_at = *outage.recovered_at.get_or_insert_with(Instant::now);
        if recovered_at.elapsed() < self.recovery_time {
            return;
        }
        let duration = (recovered_at - outage.since).as_secs_f64();
        *state = None;
        self.is_active.store(false, Ordering::Relaxed);
        let seconds = (duration * 10.0).round() / 10.0;
        tracing::warn!(
            seconds,
            "outage over: the {} is available again",
            self.dependency
        );
    }
}

/// Returns whether a known outage caused the error.
pub fn is_caused_by_outage(error: &Error) -> bool {
    match error {
        Error::Unavailable(_) | Error::SerializationFailure(_) => DATABASE.is_active(),
        Error::GitHubDown(_) => GITHUB.is_active(),
        _ => false,
    }
}

/// Logs an error as a warning, or at DEBUG during a known outage: `warn_unless_outage!(error, fields …, "message")`.
macro_rules! warn_unless_outage {
    ($error:expr, $($rest:tt)+) => {
        match $crate::error::outage::is_caused_by_outage(&$error) {
            true => tracing::debug!(error = %$error, $($rest)+),
            false => tracing::warn!(error = %$error, $($rest)+),
        }
    };
}
pub(crate) use warn_unless_outage;

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> Result<(), Error> {
        Err(Error::Unavailable("gone".into()))
    }

    #[test]
    fn outage_ends_after_the_recovery_time_without_failures() {
        let outage = Outage::new("test", Duration::from_millis(20), 1);
        outage.record(&Ok(()));
        outage.record(&Err::<(), _>(Error::NotFound));
        assert!(!outage.is_active());
        outage.record(&down());
        outage.record(&Ok(()));
        assert!(outage.is_active(), "one success is not a recovery");
        std::thread::sleep(Duration::from_millis(25));
        outage.record(&down());
        outage.record(&Ok(()));
        assert!(outage.is_active(), "a failure restarts the recovery time");
        std::thread::sleep(Duration::from_millis(25));
        outage.record(&Err::<(), _>(Error::NotFound));
        assert!(!outage.is_active());
    }

    #[test]
    fn successful_read_does_not_end_an_outage_of_writes() {
        let outage = Outage::new("test", Duration::ZERO, 1);
        outage.record_write(&down());
        outage.record(&Ok(()));
        assert!(outage.is_active());
        outage.record_write(&Ok(()));
        assert!(!outage.is_active());
        outage.record_write(&down());
        outage.record(&down());
        outage.record(&Ok(()));
        assert!(!outage.is_active(), "reads failed too, so a read ends it");
    }
}
