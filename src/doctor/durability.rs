//! Whether a server keeps what it said was stored, through a power cut.

use super::finding::Finding;
use crate::models::database::diagnostics::Variables;

const CHECK: &str = "durability";

/// Checks what a server does at each commit.
pub(super) fn check(variables: &Variables) -> Vec<Finding> {
    let mut findings = Vec::new();
    let flush = variables.get("innodb_flush_log_at_trx_commit");
    if flush != "1" {
        findings.push(Finding::fail(
            CHECK,
            format!("innodb_flush_log_at_trx_commit is {flush}: a power cut loses messages that were acknowledged"),
            "SET GLOBAL innodb_flush_log_at_trx_commit = 1, and in the server's configuration",
        ));
    }
    let is_logged = variables.get("log_bin").eq_ignore_ascii_case("on");
    let sync = variables.get("sync_binlog");
    if is_logged && sync != "1" {
        findings.push(Finding::warn(
            CHECK,
            format!("sync_binlog is {sync}: after a power cut replicas and the binary log may differ from the data"),
            "SET GLOBAL sync_binlog = 1, and in the server's configuration",
        ));
    }
    let double = variables.get("innodb_doublewrite");
    if ["off", "detect_only", "0"]
        .iter()
        .any(|off| double.eq_ignore_ascii_case(off))
    {
        findings.push(Finding::warn(
            CHECK,
            format!("innodb_doublewrite is {double}: a page that is half written when the power goes is lost"),
            "innodb_doublewrite = ON in the server's configuration, unless the file system writes pages whole (ZFS)",
        ));
    }
    if findings.is_empty() {
        let log = if is_logged {
            ", the binary log too"
        } else {
            ""
        };
        findings.push(Finding::ok(CHECK, format!("every commit is on disk{log}")));
    }
    findings
}
