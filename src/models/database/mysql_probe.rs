//! Checks that a MySQL server accepts connections. The server speaks first, and the client library has no timeout for
//! its greeting.

use std::io::{ErrorKind, Read, Result};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use url::Host;

use super::url::DatabaseUrl;

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const GREETING_TIMEOUT: Duration = Duration::from_millis(1000);
const DEFAULT_PORT: u16 = 3306;

/// Connects to a MySQL server by TCP and waits for its greeting. Does nothing for SQLite and Unix sockets.
pub(in crate::models) fn probe_mysql(url: &DatabaseUrl) -> Result<()> {
    let DatabaseUrl::Mysql(url) = url else {
        return Ok(());
    };
    let host = match url.host() {
        // The client library uses a Unix socket for these.
        None | Some(Host::Domain("localhost")) => return Ok(()),
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => host.to_string(),
    };
    let mut outcome = Err(ErrorKind::AddrNotAvailable.into());
    for address in (host.as_str(), url.port().unwrap_or(DEFAULT_PORT)).to_socket_addrs()? {
        outcome = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).and_then(|mut stream| {
            stream.set_read_timeout(Some(GREETING_TIMEOUT))?;
            stream.read_exact(&mut [0])
        });
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
