//! Checks SQLite's journal mode, synchronization and encoding.

use super::finding::Finding;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::database::url::DatabaseUrl;

pub(super) fn check(conn: &mut DbConn, url: &DatabaseUrl) -> Result<Vec<Finding>> {
    const FULL: &str = "2";
    let version = diagnostics::sqlite_version(conn)?;
    let journal = diagnostics::pragma(conn, "journal_mode")?;
    let synchronous = diagnostics::pragma(conn, "synchronous")?;
    let encoding = diagnostics::pragma(conn, "encoding")?;
    Ok(vec![
        Finding::ok("database", format!("{url} is SQLite {version}")),
        match journal == "wal" {
            true => Finding::ok("journal", "WAL: readers do not block the writer"),
            false => Finding::fail(
                "journal",
                format!("the journal mode is {journal}: the file system does not allow WAL"),
                "move DATA_DIR from the network file system to a local disk",
            ),
        },
        match synchronous == FULL {
            true => Finding::ok("durability", "every commit is flushed to disk"),
            false => Finding::fail(
                "durability",
                format!(
                    "synchronous is {synchronous}: a power failure loses acknowledged messages"
                ),
                "PRAGMA synchronous = FULL",
            ),
        },
        match encoding.starts_with("UTF-8") {
            true => Finding::ok("characters", encoding),
            false => Finding::warn(
                "characters",
                encoding,
                "PRAGMA encoding = 'UTF-8' in a new file",
            ),
        },
    ])
}
