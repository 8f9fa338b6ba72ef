//! `teahouse doctor` reports faults of a machine, a database or a setting, each with its fix.

use crate::support::database::{on_server, required_mysql};
use crate::support::{Database, DoctorReport, MariaDb, Teahouse};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use tempfile::TempDir;

#[tokio::test]
async fn development_settings_and_keys_are_reported() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().to_str().expect("text");
    let key = folder.path().join("secret.key");
    std::fs::write(&key, [7; 64]).expect("written");
    let mode =
        |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("set");
    mode(0o644);
    let report = DoctorReport::of(&[("DATA_DIR", data), ("PORT", "1")], folder.path());
    report.expect("secret key", "fail", "chmod 600");
    mode(0o600);
    DoctorReport::of(&[("DATA_DIR", data), ("PORT", "1")], folder.path())
        .expect_ok(&["secret key"]);
    let production = [
        ("DATA_DIR", data),
        ("PORT", "1"),
        ("TEAHOUSE_ENV", "production"),
    ];
    // Without a public origin the server would not start.
    DoctorReport::of(&production, folder.path()).expect("settings", "fail", "default.toml");
    let with = |more: &[(&'static str, &'static str)]| {
        let settings: Vec<_> = production
            .iter()
            .copied()
            .chain(more.iter().copied())
            .collect();
        DoctorReport::of(&settings, folder.path())
    };
    let report = with(&[("PUBLIC_ORIGIN", "http://127.0.0.1:1")]);
    report.expect("secret key", "fail", "openssl rand -hex 64");
    let report = with(&[("PUBLIC_ORIGIN", "http://tea.invalid")]);
    report.expect("settings", "warn", "PUBLIC_ORIGIN=https://");
    let report = with(&[("PUBLIC_ORIGIN", "https://tea.invalid")]);
    report.expect(
        "settings",
        "warn",
        "TEAHOUSE__SERVER__TRUSTED_PROXIES=127.0.0.1",
    );
}

#[tokio::test]
async fn low_file_limit_and_full_disk_are_reported() {
    let folder = TempDir::new().expect("a folder");
    let doctor = |before: &str, data: &std::path::Path| {
        let run = format!(
            "{before}; exec {} doctor --json",
            env!("CARGO_BIN_EXE_teahouse")
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &run]).env("DATA_DIR", data);
        shell.env("PORT", "1").env("DATABASE_URL", "");
        let done = shell.current_dir(folder.path()).output().expect("a shell");
        let findings = serde_json::from_slice(&done.stdout).expect("JSON");
        DoctorReport {
            findings,
            is_healthy: done.status.success(),
        }
    };
    doctor("ulimit -n 300", folder.path()).expect("open files", "fail", "LimitNOFILE");
    doctor("ulimit -n 4000", folder.path()).expect("open files", "warn", "LimitNOFILE");
    let small = TempDir::new().expect("a folder");
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
        .arg(small.path())
        .output();
    if mount.is_ok_and(|done| done.status.success()) {
        let report = doctor("true", small.path());
        let undone = Command::new("umount").arg(small.path()).status();
        report.expect("disk", "fail", "free some space");
        assert!(undone.is_ok_and(|status| status.success()));
    } else {
        println!("SKIPPED: mounting a full disk requires root");
    }
}

#[test]
fn server_raises_its_file_limit_to_the_hard_limit() {
    let folder = TempDir::new().expect("a folder");
    let run = format!("ulimit -Sn 300; exec {}", env!("CARGO_BIN_EXE_teahouse"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &run]).env("DATA_DIR", folder.path());
    shell.env("PORT", "0").env("DATABASE_URL", "");
    shell.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut program = shell.current_dir(folder.path()).spawn().expect("a shell");
    let output = BufReader::new(program.stdout.take().expect("piped"));
    let mut lines = output.lines().map_while(Result::ok);
    let serves = lines.any(|line| line.contains("listening on"));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", program.id()));
    program.kill().expect("it was running");
    program.wait().expect("it ended");
    let limits = limits.expect("Linux");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .expect("a line");
    let words: Vec<_> = line.split_whitespace().collect();
    assert!(serves);
    assert_eq!(words[3], words[4], "soft equals hard: {line}");
}

#[tokio::test]
async fn unsuitable_database_server_is_reported() {
    let Some(mysql) = required_mysql() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let report = |url: &str| {
        DoctorReport::of(
            &[("DATABASE_URL", url), ("DATA_DIR", "."), ("PORT", "1")],
            folder.path(),
        )
    };
    // Its database is dropped with it.
    let latin = Database::new(folder.path());
    report(&latin.url).expect("database", "fail", "CREATE DATABASE");
    let name = latin.url.rsplit('/').next().expect("a name");
    on_server(
        &mysql,
        &format!("CREATE DATABASE {name} CHARACTER SET latin1"),
    );
    report(&latin.url).expect(
        "characters",
        "fail",
        "ALTER DATABASE … CHARACTER SET utf8mb4",
    );
    let wrong = latin.url.replacen("://root:", "://root:not-", 1);
    let wrong = report(&wrong);
    wrong.expect("database", "fail", "GRANT ALL");
    let is_hidden = !wrong.finding("database").to_string().contains("not-");
    assert!(is_hidden, "no password is shown");
    report("mysql://tea:pot@127.0.0.1:1/teahouse").expect("database", "fail", "start the server");
    let server = Teahouse::start();
    server.execute("ALTER TABLE blocks CONVERT TO CHARACTER SET latin1");
    report(&server.database().url).expect("characters", "fail", "ALTER TABLE blocks");
}

#[tokio::test]
async fn database_server_that_may_lose_or_reject_messages_is_reported() {
    let Some(mariadb) = MariaDb::start() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let database = Database::on(&mariadb.url);
    let name = database.url.rsplit('/').next().expect("a name");
    on_server(
        &mariadb.url,
        &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
    );
    let report = || {
        let settings = [
            ("DATABASE_URL", database.url.as_str()),
            ("DATA_DIR", "."),
            ("PORT", "1"),
        ];
        DoctorReport::of(&settings, folder.path())
    };
    report().expect_ok(&[
        "durability",
        "packets",
        "connections",
        "isolation",
        "clock",
        "time zone",
    ]);
    for (check, variable, wrong, right) in [
        ("durability", "innodb_flush_log_at_trx_commit", "0", "1"),
        ("durability", "innodb_flush_log_at_trx_commit", "2", "1"),
        ("packets", "max_allowed_packet", "1048576", "16777216"),
        ("connections", "max_connections", "10", "151"),
        ("writing", "read_only", "ON", "OFF"),
    ] {
        let fix = format!("{variable} = {right}");
        on_server(&mariadb.url, &format!("SET GLOBAL {variable} = {wrong}"));
        report().expect(check, "fail", &fix);
        on_server(&mariadb.url, &format!("SET GLOBAL {fix}"));
    }
    assert!(report().is_healthy);
}
