//! Room for what is still to be said.

use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::finding::Finding;
use crate::app;
use crate::config::Settings;
use crate::models::database::url::DatabaseUrl;

const CHECK: &str = "disk";
const MIB: u64 = 1024 * 1024;
/// With less there is soon none.
const LITTLE: u64 = 1024 * MIB;
/// With less the next minutes are uncertain.
const NONE: u64 = 64 * MIB;

/// Checks the data directory's disk, and the SQLite file's where that is another.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut folders = vec![settings.data.dir.clone()];
    if let Ok(DatabaseUrl::Sqlite(file)) = app::meant_database(settings) {
        folders.extend(file.parent().map(Path::to_path_buf));
    }
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| existing(folder)).collect();
    folders.dedup();
    folders.iter().map(|folder| look(folder)).collect()
}

/// The folder, or the one in which it would be made.
fn existing(folder: &Path) -> PathBuf {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let there = whole.ancestors().find(|folder| folder.exists());
    there.unwrap_or(Path::new("/")).to_owned()
}

fn look(folder: &Path) -> Finding {
    let shown = folder.display();
    let disk = match statvfs(folder) {
        Ok(disk) => disk,
        Err(error) => {
            let what = format!("{shown} cannot be looked at: {error}");
            return Finding::warn(CHECK, what, "run this as whom the program runs as");
        }
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let percent = (disk.f_bavail.saturating_mul(100))
        .checked_div(disk.f_blocks)
        .unwrap_or(0);
    let what = format!("{} MiB free for {shown} ({percent} %)", free / MIB);
    let mend = "make room, or let DATA_DIR be on another disk";
    match free {
        0..NONE => Finding::fail(CHECK, what, mend),
        free if free < LITTLE || percent < 5 => Finding::warn(CHECK, what, mend),
        _ => Finding::ok(CHECK, what),
    }
}
