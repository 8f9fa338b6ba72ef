//! Logs an outage of what the program needs once when it begins, and once when it ends, with its length. Between the two
//! each failed request would say the same again: such lines are logged at DEBUG.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Error;

/// Each of so many different causes is logged once in an outage. A database that is away has many names for that, and
/// only the first is; what a provider says is what its operator has to mend.
const CAUSES: usize = 8;

/// The database of this process.
pub static DATABASE: Outage = Outage::of("database", Duration::from_secs(1), 1);
/// Whatever carries messages to phones.
pub static SMS: Outage = Outage::of("SMS sender", Duration::ZERO, CAUSES);
/// GitHub.
pub static GITHUB: Outage = Outage::of("GitHub", Duration::ZERO, CAUSES);

/// Whether something answers, as far as its users noticed.
#[derive(Debug)]
pub struct Outage {
    what: &'static str,
    /// It must answer for so long without a failure: a server that is coming back refuses some and answers others.
    calm: Duration,
    causes: usize,
    /// The same as whether there is a state, for those who only ask.
    is_on: AtomicBool,
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    since: Instant,
    /// When it first answered after the last failure.
    back_at: Option<Instant>,
    /// Reading never failed: then only a write says that it is over.
    is_of_writes: bool,
    causes: Vec<String>,
}

impl Outage {
    const fn of(what: &'static str, calm: Duration, causes: usize) -> Self {
        Self {
            what,
            calm,
            causes,
            is_on: AtomicBool::new(false),
            state: Mutex::new(None),
        }
    }

    /// Whether it is known that there is one.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Takes note of a result: every error but `Unavailable` and its kind is an answer too.
    pub fn note<T>(&self, result: &Result<T, Error>) {
        self.note_of(false, result);
    }

    /// The same for something that was to be written: a full or locked database answers readers all the time.
    pub fn note_write<T>(&self, result: &Result<T, Error>) {
        self.note_of(true, result);
    }

    fn note_of<T>(&self, is_write: bool, result: &Result<T, Error>) {
        match result {
            Err(Error::Unavailable(cause) | Error::GitHubDown(cause)) => {
                self.failed(is_write, cause);
            }
            _ => self.answered(is_write),
        }
    }

    fn failed(&self, is_write: bool, cause: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            Some(state) => {
                state.back_at = None;
                state.is_of_writes &= is_write;
                let is_known = state.causes.iter().any(|known| known == cause);
                if !is_known && state.causes.len() < self.causes {
                    state.causes.push(cause.to_owned());
                    tracing::warn!(cause, "the {} is unavailable for another reason", self.what);
                }
            }
            None => {
                let since = Instant::now();
                *state = Some(State {
                    since,
                    back_at: None,
                    is_of_writes: is_write,
                    causes: vec![cause.to_owned()],
                });
                self.is_on.store(true, Ordering::Relaxed);
                tracing::warn!(cause, "outage: the {} is unavailable", self.what);
            }
        }
    }

    fn answered(&self, is_write: bool) {
        if !self.is_on() {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(outage) = &mut *state else {
            return;
        };
        if outage.is_of_writes && !is_write {
            return;
        }
        let back_at = *outage.back_at.get_or_insert_with(Instant::now);
        if back_at.elapsed() < self.calm {
            return;
        }
        let lasted = (back_at - outage.since).as_secs_f64();
        *state = None;
        self.is_on.store(false, Ordering::Relaxed);
        let seconds = (lasted * 10.0).round() / 10.0;
        tracing::warn!(seconds, "outage over: the {} is available again", self.what);
    }
}

/// Whether an outage that was logged when it began is the reason of this.
pub fn explains(error: &Error) -> bool {
    match error {
        Error::Unavailable(_) | Error::Collided(_) => DATABASE.is_on(),
        Error::GitHubDown(_) => GITHUB.is_on(),
        _ => false,
    }
}

/// Logs an error as a warning, or at DEBUG when an outage explains it: `warn_of!(error, fields …, "message")`.
macro_rules! warn_of {
    ($error:expr, $($rest:tt)+) => {
        match $crate::error::outage::explains(&$error) {
            true => tracing::debug!(error = %$error, $($rest)+),
            false => tracing::warn!(error = %$error, $($rest)+),
        }
    };
}
pub(crate) use warn_of;

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> Result<(), Error> {
        Err(Error::Unavailable("gone".into()))
    }

    #[test]
    fn an_outage_ends_when_all_was_calm_for_a_while() {
        let outage = Outage::of("test", Duration::from_millis(20), 1);
        outage.note(&Ok(()));
        outage.note(&Err::<(), _>(Error::NotFound));
        assert!(!outage.is_on());
        outage.note(&down());
        outage.note(&Ok(()));
        assert!(outage.is_on(), "it may have been one answer among failures");
        std::thread::sleep(Duration::from_millis(25));
        outage.note(&down());
        outage.note(&Ok(()));
        assert!(outage.is_on(), "there was a failure in between");
        std::thread::sleep(Duration::from_millis(25));
        outage.note(&Err::<(), _>(Error::NotFound));
        assert!(!outage.is_on());
    }

    #[test]
    fn reading_does_not_end_an_outage_of_writes() {
        let outage = Outage::of("test", Duration::ZERO, 1);
        outage.note_write(&down());
        outage.note(&Ok(()));
        assert!(outage.is_on());
        outage.note_write(&Ok(()));
        assert!(!outage.is_on());
        outage.note_write(&down());
        outage.note(&down());
        outage.note(&Ok(()));
        assert!(!outage.is_on(), "all of it was away, and is back");
    }
}
