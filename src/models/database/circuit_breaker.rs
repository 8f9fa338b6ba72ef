//! Circuit breaker for new connections. After a failure it is open: connection attempts fail at once, except that one
//! thread at a time probes the server, so no thread waits for a greeting that may never come.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connect::{TimeoutProfile, connect};
use super::connection::DbConn;
use super::mysql_probe::probe_mysql;
use super::url::DatabaseUrl;
use crate::error::{Error, Result};

/// Least time between two probes; attempts in between fail with the last probe's cause.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// The breaker's open state: why and when the last attempt failed.
struct OpenCircuit {
    probed_at: Instant,
    cause: String,
}

/// Opens connections to one database unless it is known to be unavailable.
pub(in crate::models) struct CircuitBreaker {
    url: DatabaseUrl,
    open: Mutex<Option<OpenCircuit>>,
}

impl CircuitBreaker {
    pub(in crate::models) fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            open: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<OpenCircuit>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a connection; a failure opens the circuit.
    pub(in crate::models) fn connect(&self) -> Result<DbConn> {
        self.check()?;
        connect(TimeoutProfile::Request, &self.url)
            .inspect_err(|error| self.trip(&error.to_string()))
    }

    /// Opens the circuit: later attempts probe the server first.
    pub(in crate::models) fn trip(&self, cause: &str) {
        self.lock().get_or_insert_with(|| OpenCircuit {
            probed_at: Instant::now(),
            cause: cause.to_owned(),
        });
    }

    /// Fails while the circuit is open; closes it after a successful probe. Threads that wait for the lock during a
    /// probe share its result.
    fn check(&self) -> Result<()> {
        let mut open = self.lock();
        let Some(circuit) = open.as_mut() else {
            return Ok(());
        };
        if circuit.probed_at.elapsed() >= PROBE_INTERVAL {
            match probe_mysql(&self.url) {
                Ok(()) => {
                    *open = None;
                    return Ok(());
                }
                Err(error) => {
                    circuit.cause = format!("cannot connect to the database: {error}");
                    circuit.probed_at = Instant::now();
                }
            }
        }
        Err(Error::Unavailable(circuit.cause.clone()))
    }
}
