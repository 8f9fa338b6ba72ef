//! The secret key: signs cookies, and keys the hashes of low-entropy values such as codes and phone numbers.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use actix_web::cookie::Key;
use rand::RngExt;

use super::database_url::create_data_dir;
use crate::config::{Environment, Settings};
use crate::error::{Error, Result};

/// Requires a configured key in production, because it must be the same on all servers and survive the machine. There, a
/// key file that all users of the machine can read is rejected even if the settings contain a key: it may be the same one.
pub(super) fn require(settings: &Settings) -> Result<()> {
    if let Some(warning) = exposure_warning(&settings.data.dir.join("secret.key")) {
        if settings.environment == Environment::Production {
            return Err(Error::Unavailable(warning));
        }
        tracing::warn!("{warning}");
    }
    let is_missing = settings.data.secret_key.expose().is_empty();
    if is_missing && settings.environment == Environment::Production {
        return Err(Error::Unavailable(
            "TEAHOUSE__DATA__SECRET_KEY is required in production: generate one with `openssl rand -hex 64`".into(),
        ));
    }
    Ok(())
}

/// Returns the configured key, or the one in the data directory's `secret.key`, which is created if missing.
pub(super) fn load(settings: &Settings) -> Result<Key> {
    let configured = settings.data.secret_key.expose();
    if !configured.is_empty() {
        return Ok(Key::derive_from(configured.as_bytes()));
    }
    let path = settings.data.dir.join("secret.key");
    create_data_dir(settings)?;
    let failure = |what: &str, error: &io::Error| {
        let path = path.display();
        Error::Unavailable(format!("the key file {path} cannot be {what}: {error}"))
    };
    // Not `exists`: a dangling link may point to a disk that is not mounted, and must not be replaced.
    if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        create(&path).map_err(|error| failure("created", &error))?;
    }
    let bytes = fs::read(&path).map_err(|error| failure("read", &error))?;
    if bytes.len() < 64 {
        return Err(Error::Unavailable(format!(
            "{} is too short: delete it to generate a new key",
            path.display()
        )));
    }
    Ok(Key::derive_from(&bytes))
}

/// Returns a warning if all users of the machine can access the key file.
fn exposure_warning(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let shown = path.display();
    (mode & 0o007 != 0).then(|| {
        format!("every user of this machine can read {shown} (mode {mode:03o}): chmod 600 {shown}")
    })
}

/// Writes a random key to a temporary file and renames it, so that a process starting concurrently never reads a part.
fn create(path: &Path) -> io::Result<()> {
    let mut bytes = [0_u8; 64];
    rand::rng().fill(&mut bytes);
    // A random name: an earlier process killed here may have left its file behind.
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
