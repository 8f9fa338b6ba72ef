//! What a MySQL or MariaDB server must be set to, so that every message fits and everybody gets in.

use super::finding::Finding;
use crate::config::Settings;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::database::diagnostics::Variables;

/// 256 messages of 4,000 characters go into one statement, at 4 bytes each, and as much again for the rest.
const PACKET: u64 = 8 * 1024 * 1024;
/// Connections beside the pool: the writer's, an admin's, a command's.
const BESIDE: u64 = 4;

/// Checks texts, transactions, sizes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub(super) fn check(
    conn: &mut DbConn,
    variables: &Variables,
    settings: &Settings,
) -> Result<Vec<Finding>> {
    let mut findings = texts(conn, variables)?;
    findings.push(isolation(variables));
    findings.push(packet(variables));
    findings.push(connections(variables, settings));
    if variables.get("read_only").eq_ignore_ascii_case("on") {
        findings.push(Finding::fail(
            "writing",
            "the server only lets itself be read",
            "SET GLOBAL read_only = OFF, or the address of the primary in DATABASE_URL",
        ));
    }
    Ok(findings)
}

fn texts(conn: &mut DbConn, variables: &Variables) -> Result<Vec<Finding>> {
    const CHECK: &str = "characters";
    let charset = variables.get("character_set_database");
    let collation = variables.get("collation_database");
    let mut findings = Vec::new();
    if charset != "utf8mb4" {
        findings.push(Finding::fail(
            CHECK,
            format!("the database's character set is {charset}, which cannot hold every message"),
            "ALTER DATABASE … CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ));
    }
    for table in diagnostics::odd_tables(conn)? {
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
            format!("{charset}, {collation}; tables likewise, in InnoDB"),
        ));
    }
    Ok(findings)
}

fn isolation(variables: &Variables) -> Finding {
    const CHECK: &str = "isolation";
    // Older MariaDB knows the second name only.
    let level = match variables.get("transaction_isolation") {
        "" => variables.get("tx_isolation"),
        level => level,
    };
    let is_logged = variables.get("log_bin").eq_ignore_ascii_case("on");
    let format = variables.get("binlog_format");
    if level != "READ-COMMITTED" {
        let what = format!("the session is {level} although READ COMMITTED was asked for");
        return Finding::fail(
            CHECK,
            what,
            "DATABASE_URL must lead to the server itself, not to a proxy that shares sessions",
        );
    }
    if is_logged && format.eq_ignore_ascii_case("statement") {
        let what = "the binary log is kept by statement, which refuses READ COMMITTED";
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
    match bytes >= PACKET {
        true => Finding::ok(CHECK, what),
        false => Finding::fail(
            CHECK,
            format!("{what}: a busy moment's messages do not fit"),
            "SET GLOBAL max_allowed_packet = 16777216, and in the server's configuration",
        ),
    }
}

fn connections(variables: &Variables, settings: &Settings) -> Finding {
    const CHECK: &str = "connections";
    let needed = u64::from(settings.database.pool_size) + BESIDE;
    let own = variables
        .number("max_user_connections")
        .filter(|most| *most > 0);
    let most = variables.number("max_connections").unwrap_or(0);
    let most = own.map_or(most, |own| own.min(most));
    let what =
        format!("the server allows {most}, a program takes up to {needed} (database.pool_size)");
    let mend = format!(
        "SET GLOBAL max_connections = {}, and in the server's configuration",
        (needed * 4).max(151)
    );
    match most {
        most if most < needed => Finding::fail(CHECK, what, mend),
        most if most < 2 * needed => {
            Finding::warn(CHECK, format!("{what}: too few for a second one"), mend)
        }
        _ => Finding::ok(CHECK, what),
    }
}
