//! The key that signs cookies, and with which whatever could be guessed is hashed.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use actix_web::cookie::Key;
use rand::RngExt;

use super::data_dir_error;
use crate::config::{Environment, Settings};
use crate::error::{Error, Result};

/// In production none is made: it must outlive the machine, and be the same on all servers.
///
/// # Errors
/// `Unavailable` with the command that makes one.
pub(super) fn require(settings: &Settings) -> Result<()> {
    let is_missing = settings.data.secret_key.expose().is_empty();
    if is_missing && settings.environment == Environment::Production {
        return Err(Error::Unavailable(
            "TEAHOUSE__DATA__SECRET_KEY is required in production: `openssl rand -hex 64` makes one".into(),
        ));
    }
    Ok(())
}

/// The configured one, or one that is made once and kept in the data directory.
///
/// # Errors
/// `Unavailable` with a sentence about the file.
pub(super) fn read(settings: &Settings) -> Result<Key> {
    let configured = settings.data.secret_key.expose();
    if !configured.is_empty() {
        return Ok(Key::derive_from(configured.as_bytes()));
    }
    let path = settings.data.dir.join("secret.key");
    fs::create_dir_all(&settings.data.dir).map_err(|error| data_dir_error(settings, &error))?;
    let fault = |what: &str, error: &io::Error| {
        let path = path.display();
        Error::Unavailable(format!("the key file {path} cannot be {what}: {error}"))
    };
    // A link to nothing is there too: what it leads to may be a disk that is not mounted.
    if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        write(&path).map_err(|error| fault("made", &error))?;
    }
    let bytes = fs::read(&path).map_err(|error| fault("read", &error))?;
    if bytes.len() < 64 {
        return Err(Error::Unavailable(format!(
            "{} is too short: remove it to get another",
            path.display()
        )));
    }
    Ok(Key::derive_from(&bytes))
}

/// Written whole under another name first, so that a program that starts at the same moment never reads half of it.
fn write(path: &Path) -> io::Result<()> {
    let mut bytes = [0_u8; 64];
    rand::rng().fill(&mut bytes);
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
