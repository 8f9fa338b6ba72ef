//! The way to new connections. While the database is away, one thread at a time asks whether it is back, and nobody
//! hangs in a greeting that never comes.

use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use url::Host;

use super::connection::DbConn;
use super::url::DatabaseUrl;
use crate::error::{Error, Result};

/// What the last attempt found holds for so long; whoever comes meanwhile gets the same answer.
const PAUSE: Duration = Duration::from_millis(250);
/// A server that is there accepts a connection within this time,
const ACCEPT: Duration = Duration::from_millis(500);
/// and says its greeting within this.
const GREETING: Duration = Duration::from_millis(1000);
/// Where a MySQL server listens when the URL does not say.
const MYSQL_PORT: u16 = 3306;

/// Why no connection can be opened, and since when that is known.
struct Closed {
    at: Instant,
    why: String,
}

/// See the module's description.
pub(in crate::models) struct Gate {
    url: DatabaseUrl,
    closed: Mutex<Option<Closed>>,
}

impl Gate {
    /// An open gate to this database.
    pub(in crate::models) fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            closed: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Closed>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a connection, after a look at the server when it was away.
    ///
    /// # Errors
    /// `Unavailable` with the cause in the database's words.
    pub(in crate::models) fn open(&self) -> Result<DbConn> {
        self.pass()?;
        DbConn::open_to_serve(&self.url).inspect_err(|error| self.close(&error.to_string()))
    }

    /// From now on, whoever wants a connection looks first.
    pub(in crate::models) fn close(&self, why: &str) {
        let mut closed = self.lock();
        if closed.is_none() {
            *closed = Some(Closed {
                at: Instant::now(),
                why: why.to_owned(),
            });
        }
    }

    /// Whoever waits here for another one's look shares what it found.
    fn pass(&self) -> Result<()> {
        let mut closed = self.lock();
        let Some(known) = closed.as_mut() else {
            return Ok(());
        };
        if known.at.elapsed() >= PAUSE {
            match look(&self.url) {
                Ok(()) => {
                    *closed = None;
                    return Ok(());
                }
                Err(error) => {
                    known.why = format!("the database cannot be reached: {error}");
                    known.at = Instant::now();
                }
            }
        }
        Err(Error::Unavailable(known.why.clone()))
    }
}

/// Whether a MySQL server is there: it speaks first. The client library has no time-out for that, and this has.
pub(in crate::models) fn look(url: &DatabaseUrl) -> std::io::Result<()> {
    let DatabaseUrl::Mysql(url) = url else {
        return Ok(());
    };
    let host = match url.host() {
        // The library goes through a Unix socket then.
        None => return Ok(()),
        Some(Host::Domain("localhost")) => return Ok(()),
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => host.to_string(),
    };
    let mut found = Err(std::io::ErrorKind::AddrNotAvailable.into());
    for address in (host.as_str(), url.port().unwrap_or(MYSQL_PORT)).to_socket_addrs()? {
        found = TcpStream::connect_timeout(&address, ACCEPT).and_then(|mut stream| {
            stream.set_read_timeout(Some(GREETING))?;
            stream.read_exact(&mut [0])
        });
        if found.is_ok() {
            break;
        }
    }
    found
}
