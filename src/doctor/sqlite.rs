//! What SQLite does with its file.

use super::finding::Finding;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::database::url::DatabaseUrl;

/// Checks the file's journal and how it is written.
///
/// # Errors
/// `Unavailable` when the file cannot be read.
pub(super) fn check(conn: &mut DbConn, url: &DatabaseUrl) -> Result<Vec<Finding>> {
    const FULL: &str = "2";
    let version = diagnostics::sqlite_version(conn)?;
    let journal = diagnostics::pragma(conn, "journal_mode")?;
    let synchronous = diagnostics::pragma(conn, "synchronous")?;
    let encoding = diagnostics::pragma(conn, "encoding")?;
    let mut findings = vec![Finding::ok(
        "database",
        format!("{url} is SQLite {version}"),
    )];
    findings.push(match journal == "wal" {
        true => Finding::ok(
            "journal",
            "WAL: readers and the writer do not wait for each other",
        ),
        false => Finding::fail(
            "journal",
            format!("the journal mode is {journal}: the file system does not allow WAL"),
            "let DATA_DIR be on a local disk, not on a network file system",
        ),
    });
    findings.push(match synchronous == FULL {
        true => Finding::ok("durability", "every commit is on disk"),
        false => Finding::fail(
            "durability",
            format!(
                "synchronous is {synchronous}: a power cut loses messages that were acknowledged"
            ),
            "PRAGMA synchronous = FULL",
        ),
    });
    findings.push(match encoding.starts_with("UTF-8") {
        true => Finding::ok("characters", encoding),
        false => Finding::warn(
            "characters",
            encoding,
            "PRAGMA encoding = 'UTF-8', in a new file",
        ),
    });
    Ok(findings)
}
