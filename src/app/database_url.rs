//! Which database the settings select, and the data directory.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::models::database::url::DatabaseUrl;

/// Returns the configured database's URL. Creates the data directory if the default SQLite file is to be used.
pub fn database_url(settings: &Settings) -> Result<DatabaseUrl> {
    if settings.database.url.expose().is_empty() {
        create_data_dir(settings)?;
    }
    configured_database_url(settings)
}

/// Like [`database_url`], without creating the data directory.
pub fn configured_database_url(settings: &Settings) -> Result<DatabaseUrl> {
    match settings.database.url.expose() {
        "" => Ok(DatabaseUrl::Sqlite(settings.data.dir.join("teahouse.db"))),
        url => DatabaseUrl::parse(url),
    }
}

/// Creates the data directory and its missing parents with mode 0700. Leaves an existing directory unchanged: its mode is
/// the owner's choice, and `teahouse doctor` reports one that is too open.
pub(super) fn create_data_dir(settings: &Settings) -> Result<()> {
    let dir: &Path = &settings.data.dir;
    let created = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir);
    created.map_err(|error: io::Error| {
        Error::Unavailable(format!(
            "the data directory {} cannot be used: {error}",
            dir.display()
        ))
    })
}
