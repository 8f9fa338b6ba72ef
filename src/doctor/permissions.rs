//! Checks whether other users of the machine can read the stored data.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::app;
use crate::config::Settings;
use crate::models::database::url::DatabaseUrl;

const CHECK: &str = "permissions";

/// Checks the data directory and the SQLite files. `secret_key` checks the key file.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let folder = &settings.data.dir;
    if let Some(mode) = exposed_mode(folder) {
        let path = folder.display();
        let what = format!("other users can access {path} (mode {mode:03o})");
        findings.push(Finding::warn(CHECK, what, format!("chmod 700 {path}")));
    }
    if let Ok(DatabaseUrl::Sqlite(file)) = app::configured_database_url(settings) {
        findings.extend(files(&file).iter().filter_map(|file| check_file(file)));
    }
    if findings.is_empty() {
        let what = "only the owner can read the stored data";
        findings.push(Finding::ok(CHECK, what));
    }
    findings
}

/// Returns a file's mode if it gives other users any permission.
fn exposed_mode(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Returns the paths of the database and SQLite's journal files.
fn files(database: &Path) -> Vec<PathBuf> {
    let beside = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm", "-journal"].map(beside).to_vec()
}

fn check_file(file: &Path) -> Option<Finding> {
    let mode = exposed_mode(file)?;
    let path = file.display();
    let what = format!("other users can read {path} (mode {mode:03o})");
    let fix = format!("chmod 600 {path}");
    let folder = file.parent().and_then(|folder| folder.canonicalize().ok());
    // A parent folder without permission for others protects the file.
    let is_reachable = folder.is_some_and(|folder| {
        folder.ancestors().all(|above| {
            fs::metadata(above).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
        })
    });
    Some(match is_reachable && mode & 0o007 != 0 {
        true => Finding::fail(CHECK, what, fix),
        false => Finding::warn(CHECK, what, fix),
    })
}
