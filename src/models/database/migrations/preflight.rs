//! Checks before migrations, and explanations of their failures.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;

/// A table that does not exist; the probes call it `probe`. Both servers check privileges before they look for the table.
const PROBE_TABLE: &str = "teahouse_rights_probe";

/// Privileges that migrations need, each with a statement that always fails and whose error tells whether the privilege is
/// granted.
const PROBES: [(&str, &str); 10] = [
    ("SELECT", "SELECT 1 FROM probe"),
    ("INSERT", "INSERT INTO probe (id) VALUES (1)"),
    ("UPDATE", "UPDATE probe SET id = 1"),
    ("DELETE", "DELETE FROM probe"),
    ("CREATE", "CREATE TABLE probe_2 (id INT, id INT)"),
    ("DROP", "DROP TABLE probe"),
    ("ALTER", "ALTER TABLE probe ADD COLUMN id INT"),
    ("INDEX", "CREATE INDEX i ON probe (id)"),
    ("CREATE VIEW", "CREATE VIEW probe_2 AS SELECT id FROM probe"),
    // The duplicate column makes it fail even if `foreign_key_checks` is off.
    (
        "REFERENCES",
        "CREATE TABLE probe_2 (id INT, id INT, FOREIGN KEY (id) REFERENCES probe (id))",
    ),
];

/// Fails on a server with a statement-based binary log: with READ COMMITTED, every write would fail (error 1665).
pub(super) fn require_usable_binlog(conn: &mut DbConn) -> Result<()> {
    let DbConn::Mysql(conn) = conn else {
        return Ok(());
    };
    let format = sql::<Text>("SELECT IF(@@log_bin = 1, UPPER(@@binlog_format), '')");
    // A server without these variables has no binary log.
    let format: QueryResult<String> = format.get_result(conn);
    if format.is_ok_and(|format| format == "STATEMENT") {
        return Err(Error::Unavailable(
            "the server's binlog_format is STATEMENT, which does not support READ COMMITTED: \
             SET GLOBAL binlog_format = 'ROW', also in the server's configuration"
                .into(),
        ));
    }
    Ok(())
}

/// Fails if the account lacks privileges that migrations need.
pub(super) fn require_privileges(conn: &mut DbConn) -> Result<()> {
    let DbConn::Mysql(conn) = conn else {
        return Ok(());
    };
    let mut missing = Vec::new();
    for (privilege, statement) in PROBES {
        let Err(error) = conn.batch_execute(&statement.replace("probe", PROBE_TABLE)) else {
            tracing::warn!(
                privilege,
                "cannot check a privilege, because the table {PROBE_TABLE} exists"
            );
            continue;
        };
        let cause = error.to_string();
        if is_read_only(&cause) {
            return Err(explain("none", error.into()));
        }
        if cause.contains("denied") {
            missing.push(privilege);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let account = "SELECT CONCAT('`', REPLACE(CURRENT_USER(), '@', '`@`'), '`'), DATABASE()";
    let (account, database): (String, String) = sql::<(Text, Text)>(account).get_result(conn)?;
    Err(Error::Unavailable(format!(
        "the account {account} lacks privileges that migrations need ({}): GRANT ALL ON `{database}`.* TO {account}",
        missing.join(", ")
    )))
}

fn is_read_only(cause: &str) -> bool {
    let cause = cause.to_lowercase();
    ["read-only", "read only", "read_only"]
        .iter()
        .any(|text| cause.contains(text))
}

/// Adds the remedy to a migration's error. Statements that were executed stay; the next start resumes after them.
pub(super) fn explain(name: &str, error: Error) -> Error {
    let cause = match error {
        Error::Unavailable(cause) | Error::SerializationFailure(cause) => cause,
        Error::Internal(cause) => cause.to_string(),
        other => return other,
    };
    let advice = if is_read_only(&cause) {
        "the server is read-only: SET GLOBAL read_only = OFF, or set DATABASE_URL to the primary"
    } else if cause.contains("Lock wait timeout") {
        "another connection locked the table for too long: find it with SHOW PROCESSLIST, end it and start again"
    } else if cause.contains("denied") {
        "the account in DATABASE_URL lacks a privilege: GRANT ALL on the database and start again"
    } else if cause.contains("READ COMMITTED") || cause.contains("binlog") {
        "SET GLOBAL binlog_format = 'ROW' and start again"
    } else if cause.contains("already exists") || cause.contains("belongs to another program") {
        "Teahouse needs a separate database"
    } else {
        "fix the cause and start again: migration resumes where it stopped"
    };
    Error::Unavailable(format!("migration {name} failed: {cause} ({advice})"))
}
