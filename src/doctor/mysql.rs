//! Checks the settings of a MySQL or MariaDB server.

use super::finding::Finding;
use crate::config::Settings;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::database::diagnostics::Variables;

/// One statement inserts up to 256 messages of 4,000 characters at 4 bytes; doubled for other columns and escaping.
const MIN_PACKET_BYTES: u64 = 8 * 1024 * 1024;
/// Connections besides the pool: the message writer, an admin, a command.
const RESERVE: u64 = 4;

/// Checks character set, isolation level, packet size, connection limit and writability.
///
/// # Errors
/// `Unavailable` when a query fails.
pub(super) fn check(
    conn: &mut DbConn,
    variables: &Variables,
    settings: &Settings,
) -> Result<Vec<Finding>> {
    let mut findings = character_set(conn, variables)?;
    findings.push(isolation(variables));
    findings.push(packet(variables));
    findings.push(connections(variables, settings));
    if variables.get("read_only").eq_ignore_ascii_case("on") {
        findings.push(Finding::fail(
            "writing",
            "the server is read-only",
            "SET GLOBAL read_only = OFF, or use the primary's address in DATABASE_URL",
        ));
    }
    Ok(findings)
}

fn character_set(conn: &mut DbConn, variables: &Variables) -> Result<Vec<Finding>> {
    const CHECK: &str = "characters";
    let charset = variables.get("character_set_database");
    let collation = variables.get("collation_database");
    let mut findings = Vec::new();
    if charset != "utf8mb4" {
        findings.push(Finding::fail(
            CHECK,
            format!("the database's character set is {charset}, which cannot store all characters"),
            "ALTER DATABASE … CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ));
    }
    for table in diagnostics::misconfigured_tables(conn)? {
        let name = table.split(' ').next().unwrap_or_default();
        findings.push(Finding::fail(
            CHECK,
            format!("the table {table} must be InnoDB and utf8mb4"),
            format!("ALTER TABLE {name} ENGINE = InnoDB, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            CHECK,
            format!("{charset}, {collation}; all tables are InnoDB and utf8mb4"),
        ));
    }
    Ok(findings)
}

fn isolation(variables: &Variables) -> Finding {
    const CHECK: &str = "isolation";
    // Older MariaDB versions only have the second variable.
    let level = match variables.get("transaction_isolation") {
        "" => variables.get("tx_isolation"),
        level => level,
    };
    let is_logged = variables.get("log_bin").eq_ignore_ascii_case("on");
    let format = variables.get("binlog_format");
    if level != "READ-COMMITTED" {
        let what = format!("the session's level is {level} although READ COMMITTED was requested");
        return Finding::fail(
            CHECK,
            what,
            "connect DATABASE_URL to the server itself, not to a proxy that shares sessions",
        );
    }
    if is_logged && format.eq_ignore_ascii_case("statement") {
        let what = "the binary log format is STATEMENT, which does not allow READ COMMITTED";
        return Finding::fail(
            CHECK,
            what,
            "SET GLOBAL binlog_format = 'MIXED', and in the server's configuration",
        );
    }
    Finding::ok(CHECK, level)
}

fn packet(variables: &Variables) -> Finding {
    const CHECK: &str = "packets";
    let bytes = variables.number("max_allowed_packet").unwrap_or(0);
    let what = format!("up to {} MiB (max_allowed_packet)", bytes / 1024 / 1024);
    match bytes >= MIN_PACKET_BYTES {
        true => Finding::ok(CHECK, what),
        false => Finding::fail(
            CHECK,
            format!("{what}: too small for a large batch of messages"),
            "SET GLOBAL max_allowed_packet = 16777216, and in the server's configuration",
        ),
    }
}

fn connections(variables: &Variables, settings: &Settings) -> Finding {
    const CHECK: &str = "connections";
    let needed = u64::from(settings.database.pool_size) + RESERVE;
    let user_limit = variables
        .number("max_user_connections")
        .filter(|limit| *limit > 0);
    let server_limit = variables.number("max_connections").unwrap_or(0);
    let limit = user_limit.map_or(server_limit, |limit| limit.min(server_limit));
    let what = format!(
        "the database server allows {limit}; Teahouse uses up to {needed} (database.pool_size)"
    );
    let fix = format!(
        "SET GLOBAL max_connections = {}, and in the server's configuration",
        (needed * 4).max(151)
    );
    match limit {
        limit if limit < needed => Finding::fail(CHECK, what, fix),
        limit if limit < 2 * needed => {
            Finding::warn(CHECK, format!("{what}: too few for a second server"), fix)
        }
        _ => Finding::ok(CHECK, what),
    }
}
