//! Checks the settings of a MySQL or MariaDB server.

use chrono::Utc;

use super::finding::{Finding, problems_or};
use crate::config::Settings;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics::{self, Variables};

/// One statement inserts up to 256 messages of 4,000 characters at 4 bytes; doubled for other columns and escaping.
const MIN_PACKET_BYTES: u64 = 8 * 1024 * 1024;
/// Connections besides the pool: the message writer, an admin, a command.
const RESERVE: u64 = 4;
/// The program writes all times itself, but a difference makes its log and the server's hard to compare.
const CLOCK_TOLERANCE_MS: i64 = 2000;

pub(super) fn check(
    conn: &mut DbConn,
    variables: &Variables,
    settings: &Settings,
) -> Result<Vec<Finding>> {
    let mut findings = character_set(conn, variables)?;
    findings.extend(isolation(variables));
    findings.push(packet(variables));
    findings.push(connections(variables, settings));
    if variables.is_on("read_only") {
        findings.push(Finding::fail(
            "writing",
            "the server is read-only",
            "SET GLOBAL read_only = OFF, or use the primary's address in DATABASE_URL",
        ));
    }
    findings.extend(durability(variables));
    findings.extend(clock(conn, variables)?);
    Ok(findings)
}

fn character_set(conn: &mut DbConn, variables: &Variables) -> Result<Vec<Finding>> {
    const CHECK: &str = "characters";
    let charset = variables.get("character_set_database");
    let collation = variables.get("collation_database");
    let mut problems = vec![(
        charset != "utf8mb4",
        Finding::fail(
            CHECK,
            format!("the database's character set is {charset}, which cannot store all characters"),
            "ALTER DATABASE … CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
    )];
    for table in diagnostics::misconfigured_tables(conn)? {
        let name = table.split(' ').next().unwrap_or_default();
        let fix = format!(
            "ALTER TABLE {name} ENGINE = InnoDB, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        );
        let what = format!("the table {table} must be InnoDB and utf8mb4");
        problems.push((true, Finding::fail(CHECK, what, fix)));
    }
    let what = format!("{charset}, {collation}; all tables are InnoDB and utf8mb4");
    Ok(problems_or(Finding::ok(CHECK, what), problems))
}

fn isolation(variables: &Variables) -> Vec<Finding> {
    const CHECK: &str = "isolation";
    // Older MariaDB versions only have the second variable.
    let level = match variables.get("transaction_isolation") {
        "" => variables.get("tx_isolation"),
        level => level,
    };
    let is_statement = variables
        .get("binlog_format")
        .eq_ignore_ascii_case("statement");
    let problems = [
        (
            level != "READ-COMMITTED",
            Finding::fail(
                CHECK,
                format!("the session's level is {level} although READ COMMITTED was requested"),
                "connect DATABASE_URL to the server itself, not to a proxy that shares sessions",
            ),
        ),
        (
            variables.is_on("log_bin") && is_statement,
            Finding::fail(
                CHECK,
                "the binary log format is STATEMENT, which does not allow READ COMMITTED",
                "SET GLOBAL binlog_format = 'MIXED', and in the server's configuration",
            ),
        ),
    ];
    problems_or(Finding::ok(CHECK, level), problems)
}

fn packet(variables: &Variables) -> Finding {
    const CHECK: &str = "packets";
    let bytes = variables.number("max_allowed_packet").unwrap_or(0);
    let what = format!("up to {} MiB (max_allowed_packet)", bytes / 1024 / 1024);
    if bytes >= MIN_PACKET_BYTES {
        return Finding::ok(CHECK, what);
    }
    Finding::fail(
        CHECK,
        format!("{what}: too small for a large batch of messages"),
        "SET GLOBAL max_allowed_packet = 16777216, and in the server's configuration",
    )
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

/// Checks that commits survive a power failure.
fn durability(variables: &Variables) -> Vec<Finding> {
    const CHECK: &str = "durability";
    let flush = variables.get("innodb_flush_log_at_trx_commit");
    let sync = variables.get("sync_binlog");
    let doublewrite = variables.get("innodb_doublewrite");
    let is_logged = variables.is_on("log_bin");
    let problems = [
        (
            flush != "1",
            Finding::fail(
                CHECK,
                format!(
                    "innodb_flush_log_at_trx_commit is {flush}: a power failure loses acknowledged messages"
                ),
                "SET GLOBAL innodb_flush_log_at_trx_commit = 1, and in the server's configuration",
            ),
        ),
        (
            is_logged && sync != "1",
            Finding::warn(
                CHECK,
                format!(
                    "sync_binlog is {sync}: after a power failure the binary log and replicas may differ from the data"
                ),
                "SET GLOBAL sync_binlog = 1, and in the server's configuration",
            ),
        ),
        (
            ["off", "detect_only", "0"].contains(&doublewrite.to_lowercase().as_str()),
            Finding::warn(
                CHECK,
                format!(
                    "innodb_doublewrite is {doublewrite}: a power failure can leave a page partially written"
                ),
                "innodb_doublewrite = ON in the server's configuration, unless the file system writes pages atomically (ZFS)",
            ),
        ),
    ];
    let what = match is_logged {
        true => "every commit is flushed to disk, including the binary log",
        false => "every commit is flushed to disk",
    };
    problems_or(Finding::ok(CHECK, what), problems)
}

fn clock(conn: &mut DbConn, variables: &Variables) -> Result<[Finding; 2]> {
    let before = Utc::now().naive_utc();
    let (server_time, offset) = diagnostics::clock(conn)?;
    let after = Utc::now().naive_utc();
    // Any time between request and response counts as equal.
    let ahead = (server_time - after).num_milliseconds();
    let behind = (before - server_time).num_milliseconds();
    let difference = ahead.max(behind).max(0);
    let what = format!("the clocks of the database and this machine differ by {difference} ms");
    let fix = "synchronize both by NTP (timedatectl set-ntp true)";
    let clock = match difference > CLOCK_TOLERANCE_MS {
        false => Finding::ok("clock", what),
        true => Finding::warn("clock", what, fix),
    };
    let zone = variables.get("time_zone");
    let zone = match offset {
        0 => Finding::ok("time zone", format!("sessions use UTC ({zone})")),
        seconds => Finding::warn(
            "time zone",
            format!("sessions are {seconds} seconds off UTC ({zone})"),
            "SET GLOBAL time_zone = '+00:00', and in the server's configuration",
        ),
    };
    Ok([clock, zone])
}
