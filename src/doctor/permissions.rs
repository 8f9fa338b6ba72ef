//! Whether other users of this machine can read what is stored.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::app;
use crate::config::Settings;
use crate::models::database::url::DatabaseUrl;

const CHECK: &str = "permissions";

/// Checks the data directory and the SQLite database's files. The secret key has a check of its own.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let folder = &settings.data.dir;
    if let Some(mode) = mode(folder).filter(|mode| mode & 0o077 != 0) {
        let shown = folder.display();
        findings.push(Finding::warn(
            CHECK,
            format!("others may look into {shown} (mode {mode:03o})"),
            format!("chmod 700 {shown}"),
        ));
    }
    if let Ok(DatabaseUrl::Sqlite(file)) = app::meant_database(settings) {
        findings.extend(files(&file).iter().filter_map(|file| look(file)));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "nobody else may read what is stored"));
    }
    findings
}

fn mode(path: &Path) -> Option<u32> {
    fs::metadata(path)
        .ok()
        .map(|meta| meta.permissions().mode() & 0o777)
}

/// The database and what SQLite keeps beside it.
fn files(database: &Path) -> Vec<PathBuf> {
    let beside = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm", "-journal"].map(beside).to_vec()
}

fn look(file: &Path) -> Option<Finding> {
    let mode = mode(file).filter(|mode| mode & 0o077 != 0)?;
    let shown = file.display();
    let what = format!("others may read {shown} (mode {mode:03o})");
    let mend = format!("chmod 600 {shown}");
    let folder = file
        .parent()
        .and_then(|folder| fs::canonicalize(folder).ok());
    // A closed folder above keeps everybody out.
    let is_reached = folder.is_some_and(|folder| {
        folder.ancestors().all(|above| {
            fs::metadata(above).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
        })
    });
    Some(match is_reached && mode & 0o007 != 0 {
        true => Finding::fail(CHECK, what, mend),
        false => Finding::warn(CHECK, what, mend),
    })
}
