//! The key that signs cookies, and with which whatever could be guessed is hashed.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use actix_web::cookie::Key;
use rand::RngExt;

use super::{data_dir_error, make_data_dir};
use crate::config::{Environment, Settings};
use crate::error::{Error, Result};

/// In production none is made: it must outlive the machine, and be the same on all servers. A key file that every user
/// of the machine can read is refused there, also when the key comes from the settings: it may be the same key.
///
/// # Errors
/// `Unavailable` with the command that makes one, or that closes the file.
pub(super) fn require(settings: &Settings) -> Result<()> {
    if let Some(fault) = exposed(&settings.data.dir.join("secret.key")) {
        if settings.environment == Environment::Production {
            return Err(Error::Unavailable(fault));
        }
        tracing::warn!("{fault}");
    }
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
    make_data_dir(&settings.data.dir).map_err(|error| data_dir_error(settings, &error))?;
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

/// Says how to close a key file that every user of the machine can read or write.
fn exposed(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let shown = path.display();
    (mode & 0o007 != 0).then(|| {
        format!("every user of this machine can read {shown} (mode {mode:03o}): chmod 600 {shown}")
    })
}

/// Written whole under another name first, so that a program that starts at the same moment never reads half of it.
fn write(path: &Path) -> io::Result<()> {
    let mut bytes = [0_u8; 64];
    rand::rng().fill(&mut bytes);
    // A name of its own: a program that was killed here may have had the same process id.
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new()
        .prefix("secret.key.")
        .tempfile_in(folder)?;
    draft.write_all(&bytes)?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => fs::File::open(folder)?.sync_all(),
    }
}
