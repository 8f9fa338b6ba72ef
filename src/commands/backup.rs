//! `teahouse backup` and `teahouse restore`: write the database to one file, and read it back.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::Utc;
use clap::Args;

use super::print;
use crate::error::{Error, Result};
use crate::models::backup::{self, Summary};
use crate::models::database::connection::DbConn;
use crate::models::database::url::DatabaseUrl;

/// Arguments of `teahouse backup`.
#[derive(Debug, Args)]
pub struct BackupArguments {
    /// A folder, in which the file is named by its time, or a file that does not exist yet
    #[arg(value_name = "FOLDER_OR_FILE")]
    to: PathBuf,
}

/// Arguments of `teahouse restore`.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// Only check the file, without a database; exit with 1 if it is damaged
    #[arg(long)]
    check: bool,
    /// The backup
    file: PathBuf,
}

impl RestoreArguments {
    /// Returns the file if only a check was requested.
    pub fn file_to_check(&self) -> Option<&Path> {
        self.check.then_some(&self.file)
    }
}

/// Writes the database into a new file, readable by its owner only, while servers run. The file gets its name
/// once it is complete and synced.
///
/// # Errors
/// `Unavailable` with one sentence; no file is left behind.
pub fn back_up(url: &DatabaseUrl, arguments: &BackupArguments) -> Result<()> {
    let start = Instant::now();
    let path = output_path(&arguments.to);
    let shown = path.display();
    let write_error =
        |error: io::Error| Error::Unavailable(format!("{shown} cannot be written: {error}"));
    if fs::symlink_metadata(&path).is_ok() {
        return Err(Error::Unavailable(format!(
            "{shown} already exists; backups never overwrite files"
        )));
    }
    let mut conn = DbConn::open(url).map_err(|error| {
        let cause = error.into_cause();
        Error::Unavailable(format!("cannot use the database {url}: {cause}"))
    })?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    // Created with mode 0600, and removed if it is not finished.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".partial")
        .tempfile_in(folder)
        .map_err(write_error)?;
    let out = BufWriter::with_capacity(1 << 20, draft);
    let (out, summary) = backup::dump(&mut conn, out)?;
    let finish = || -> io::Result<u64> {
        let draft = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        draft.as_file().sync_all()?;
        let file = draft.persist_noclobber(&path)?;
        File::open(folder)?.sync_all()?;
        Ok(file.metadata()?.len())
    };
    let bytes = finish().map_err(write_error)?;
    print(&format!(
        "{shown}: {}, {bytes} bytes, {:.1} s\n",
        format_summary(&summary),
        start.elapsed().as_secs_f64()
    ))
}

/// Returns the path of the new file: in a folder, one named by the time.
fn output_path(to: &Path) -> PathBuf {
    match to.is_dir() {
        true => {
            let time = Utc::now().format("%Y%m%dT%H%M%SZ");
            to.join(format!("teahouse-{time}.jsonl.gz"))
        }
        false => to.to_owned(),
    }
}

/// Checks a backup without a database, and prints a line for each fault.
pub fn check(file: &Path) -> Result<()> {
    let report = backup::check(read(file)?)?;
    let shown = file.display();
    for warning in &report.warnings.listed {
        print(&format!("warning: {warning} (a restore repairs this)\n"))?;
    }
    for fault in &report.faults.listed {
        print(&format!("{fault}\n"))?;
    }
    match report.faults.count {
        0 => print(&format!(
            "{shown}: valid, from {}: {}\n",
            report.summary.created_at,
            format_summary(&report.summary)
        )),
        _ => Err(Error::Unavailable(format!("{shown} has {}", report.faults))),
    }
}

/// Restores a backup into the empty database of the settings.
pub fn restore(url: &DatabaseUrl, arguments: &RestoreArguments) -> Result<()> {
    let start = Instant::now();
    let file = &arguments.file;
    read(file)?;
    let mut conn = DbConn::open_or_create(url)?;
    conn.require_working_client_library()?;
    conn.require_utf8mb4()?;
    let summary = backup::restore(&mut conn, || read(file))?;
    print(&format!(
        "restored {} into {url}: {}; no message is missing; all users must sign in again; {:.1} s\n",
        file.display(),
        format_summary(&summary),
        start.elapsed().as_secs_f64()
    ))
}

fn read(file: &Path) -> Result<BufReader<File>> {
    let shown = file.display();
    let opened = File::open(file).and_then(|opened| match opened.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(opened),
    });
    let opened =
        opened.map_err(|error| Error::Unavailable(format!("{shown} cannot be read: {error}")))?;
    Ok(BufReader::with_capacity(1 << 20, opened))
}

fn format_summary(summary: &Summary) -> String {
    format!(
        "{} people, {} rooms, {} messages, {} pictures, {} rows in all",
        summary.count("users"),
        summary.count("rooms"),
        summary.count("messages"),
        summary.count("avatars"),
        summary.total()
    )
}
