//! Checks free disk space.

use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::finding::Finding;
use crate::app;
use crate::config::Settings;
use crate::models::database::url::DatabaseUrl;

const CHECK: &str = "disk";
const MIB: u64 = 1024 * 1024;
const WARN_BELOW: u64 = 1024 * MIB;
const FAIL_BELOW: u64 = 64 * MIB;

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut folders = vec![settings.data.dir.clone()];
    if let Ok(DatabaseUrl::Sqlite(file)) = app::configured_database_url(settings) {
        folders.extend(file.parent().map(Path::to_path_buf));
    }
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| existing(folder)).collect();
    folders.dedup();
    folders.iter().map(|folder| check_folder(folder)).collect()
}

/// Returns the folder, or its nearest existing ancestor.
fn existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let existing = absolute.ancestors().find(|folder| folder.exists());
    existing.unwrap_or(Path::new("/")).to_owned()
}

fn check_folder(folder: &Path) -> Finding {
    let path = folder.display();
    let disk = match statvfs(folder) {
        Ok(disk) => disk,
        Err(error) => {
            let what = format!("cannot read the free space of {path}: {error}");
            return Finding::warn(CHECK, what, "run this command as the server's user");
        }
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let percent = (disk.f_bavail.saturating_mul(100))
        .checked_div(disk.f_blocks)
        .unwrap_or(0);
    let what = format!("{} MiB free for {path} ({percent} %)", free / MIB);
    let fix = "free some space, or move DATA_DIR to another disk";
    match free {
        0..FAIL_BELOW => Finding::fail(CHECK, what, fix),
        free if free < WARN_BELOW || percent < 5 => Finding::warn(CHECK, what, fix),
        _ => Finding::ok(CHECK, what),
    }
}
