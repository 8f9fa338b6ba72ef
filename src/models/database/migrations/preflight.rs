//! What must be true before the first statement of a migration, and what its failures mean.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::Word;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;

/// A table that nobody has: both servers check the account's rights before they look for a table.
const ABSENT: &str = "teahouse_rights_probe";

/// What a migration does, each on tables that do not exist: it fails in any case, and the error says why.
const PROBES: [(&str, &str); 10] = [
    ("SELECT", "SELECT 1 FROM teahouse_rights_probe"),
    (
        "INSERT",
        "INSERT INTO teahouse_rights_probe (id) VALUES (1)",
    ),
    ("UPDATE", "UPDATE teahouse_rights_probe SET id = 1"),
    ("DELETE", "DELETE FROM teahouse_rights_probe"),
    (
        "CREATE",
        "CREATE TABLE teahouse_rights_probe_2 (id INT, id INT)",
    ),
    ("DROP", "DROP TABLE teahouse_rights_probe"),
    (
        "ALTER",
        "ALTER TABLE teahouse_rights_probe ADD COLUMN id INT",
    ),
    ("INDEX", "CREATE INDEX i ON teahouse_rights_probe (id)"),
    (
        "CREATE VIEW",
        "CREATE VIEW teahouse_rights_probe_2 AS SELECT id FROM teahouse_rights_probe",
    ),
    // A column twice: it fails also where `foreign_key_checks` is off.
    (
        "REFERENCES",
        "CREATE TABLE teahouse_rights_probe_2 (id INT, id INT, FOREIGN KEY (id) REFERENCES teahouse_rights_probe (id))",
    ),
];

/// Refuses a server whose binary log cannot hold what READ COMMITTED writes: every write would fail (1665).
pub(super) fn require_usable_binlog(conn: &mut DbConn) -> Result<()> {
    let DbConn::Mysql(conn) = conn else {
        return Ok(());
    };
    let sql = "SELECT IF(@@log_bin = 1 AND UPPER(@@binlog_format) = 'STATEMENT', 'refused', 'usable') AS value";
    // A server without these variables has no such log.
    let row: QueryResult<Word> = diesel::sql_query(sql).get_result(conn);
    if row.is_ok_and(|row| row.value == "refused") {
        return Err(Error::Unavailable(
            "the server's binary log is kept by statement (binlog_format = STATEMENT), which refuses READ COMMITTED: \
             SET GLOBAL binlog_format = 'ROW', and in the server's configuration"
                .into(),
        ));
    }
    Ok(())
}

/// Refuses an account that may not do what migrations do, before anything is made.
pub(super) fn require_rights(conn: &mut DbConn) -> Result<()> {
    let DbConn::Mysql(conn) = conn else {
        return Ok(());
    };
    let mut missing = Vec::new();
    for (right, statement) in PROBES {
        let Err(error) = conn.batch_execute(statement) else {
            tracing::warn!(
                right,
                "{ABSENT} exists: whether the account has this right is unknown"
            );
            continue;
        };
        let cause = error.to_string();
        if is_read_only(&cause) {
            return Err(explain("none", error.into()));
        }
        if cause.contains("denied") {
            missing.push(right);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let account =
        "SELECT CONCAT('`', REPLACE(CURRENT_USER(), '@', '`@`'), '` ', DATABASE()) AS value";
    let row: Word = diesel::sql_query(account).get_result(conn)?;
    let (account, database) = row.value.rsplit_once(' ').unwrap_or_default();
    Err(Error::Unavailable(format!(
        "the account {account} lacks rights that migrations need ({}): GRANT ALL ON `{database}`.* TO {account}",
        missing.join(", ")
    )))
}

fn is_read_only(cause: &str) -> bool {
    let cause = cause.to_lowercase();
    ["read-only", "read only", "read_only"]
        .iter()
        .any(|sign| cause.contains(sign))
}

/// A failure of a migration as a sentence that says what to do. What was done stays, and the next start goes on there.
pub(super) fn explain(name: &str, error: Error) -> Error {
    let cause = match error {
        Error::Unavailable(cause) | Error::SerializationFailure(cause) => cause,
        Error::Internal(cause) => cause.to_string(),
        other => return other,
    };
    let advice = if is_read_only(&cause) {
        "the server only lets itself be read: SET GLOBAL read_only = OFF, or the address of the primary in DATABASE_URL"
    } else if cause.contains("Lock wait timeout") {
        "another connection has held the table for too long: SHOW PROCESSLIST names it; end it and start again"
    } else if cause.contains("denied") {
        "the account in DATABASE_URL lacks a right: GRANT ALL on the database, and start again"
    } else if cause.contains("READ COMMITTED") || cause.contains("binlog") {
        "SET GLOBAL binlog_format = 'ROW', and start again"
    } else if cause.contains("already exists") || cause.contains("of another program") {
        "Teahouse needs a database of its own"
    } else {
        "mend the cause and start again: it goes on where it stopped"
    };
    Error::Unavailable(format!("migration {name} failed: {cause} ({advice})"))
}
