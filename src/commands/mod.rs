//! Administrative commands, which work directly on the database.
//!
//! # Errors
//! Unless a function says otherwise, `Unavailable` with a sentence for the operator.

pub mod backup;
pub mod fixtures;
pub mod user;

use std::io::{self, Write};

use crate::error::{Error, Result};

/// Writes to standard output. Ignores a closed pipe, as with `| head`.
///
/// # Errors
/// `Internal` on any other failure, such as a full disk.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::internal(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
