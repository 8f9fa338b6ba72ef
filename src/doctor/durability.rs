//! Checks that commits of a MySQL or MariaDB server survive a power failure.

use super::finding::Finding;
use crate::models::database::diagnostics::Variables;

const CHECK: &str = "durability";

/// Checks the server's flush and doublewrite settings.
pub(super) fn check(variables: &Variables) -> Vec<Finding> {
    let mut findings = Vec::new();
    let flush = variables.get("innodb_flush_log_at_trx_commit");
    if flush != "1" {
        findings.push(Finding::fail(
            CHECK,
            format!("innodb_flush_log_at_trx_commit is {flush}: a power failure loses acknowledged messages"),
            "SET GLOBAL innodb_flush_log_at_trx_commit = 1, and in the server's configuration",
        ));
    }
    let is_logged = variables.get("log_bin").eq_ignore_ascii_case("on");
    let sync = variables.get("sync_binlog");
    if is_logged && sync != "1" {
        findings.push(Finding::warn(
            CHECK,
            format!("sync_binlog is {sync}: after a power failure the binary log and replicas may differ from the data"),
            "SET GLOBAL sync_binlog = 1, and in the server's configuration",
        ));
    }
    let doublewrite = variables.get("innodb_doublewrite");
    if ["off", "detect_only", "0"]
        .iter()
        .any(|off| doublewrite.eq_ignore_ascii_case(off))
    {
        findings.push(Finding::warn(
            CHECK,
            format!("innodb_doublewrite is {doublewrite}: a power failure can leave a page partially written"),
            "innodb_doublewrite = ON in the server's configuration, unless the file system writes pages atomically (ZFS)",
        ));
    }
    if findings.is_empty() {
        let binary_log = if is_logged {
            ", including the binary log"
        } else {
            ""
        };
        findings.push(Finding::ok(
            CHECK,
            format!("every commit is flushed to disk{binary_log}"),
        ));
    }
    findings
}
