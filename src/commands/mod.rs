//! What admins do from the command line, on the database itself.

pub mod backup;
pub mod user;

use std::io::{self, Write};

use crate::error::{Error, Result};

/// Writes to standard output. Whoever reads only the first lines and hangs up is no failure.
///
/// # Errors
/// `Internal` with the cause, such as a full disk.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::internal(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
