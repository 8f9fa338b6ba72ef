//! Files of the server are readable by its own user only.

use crate::support::database::requires_sqlite;
use crate::support::{DoctorReport, Person, Teahouse, random_secret, words};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

fn mode(path: &Path) -> u32 {
    let meta = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    meta.permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

/// Starts a server with umask 022; returns when it listens.
fn serve(folder: &Path) -> Child {
    use std::io::{BufRead, BufReader};
    let run = format!("umask 022; exec {}", env!("CARGO_BIN_EXE_teahouse"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &run]).current_dir(folder);
    shell
        .env("PORT", "0")
        .env("DATABASE_URL", "")
        .env("DATA_DIR", "deep/data");
    shell
        .env_remove("TEAHOUSE_ENV")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut program = shell.spawn().expect("a shell");
    let mut lines = BufReader::new(program.stdout.take().expect("piped")).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains("listening on"))));
    program
}

#[test]
fn files_are_private_independent_of_umask() {
    let folder = TempDir::new().expect("a folder");
    let mut program = serve(folder.path());
    let data = folder.path().join("deep/data");
    let modes: Vec<(String, u32)> = fs::read_dir(&data)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            (
                path.file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                mode(&path),
            )
        })
        .collect();
    let folders = [mode(&data), mode(&folder.path().join("deep"))];
    program.kill().expect("it was running");
    program.wait().expect("it ended");
    assert_eq!(folders, [0o700, 0o700]);
    for name in words("teahouse.db teahouse.db-wal teahouse.db-shm secret.key") {
        let is_shown = modes.contains(&(name.to_owned(), 0o600));
        assert!(is_shown, "{name}: {modes:?}");
    }
    assert!(modes.iter().all(|(_, mode)| mode & 0o077 == 0), "{modes:?}");
    // An existing folder keeps its mode.
    set_mode(&data, 0o750);
    let mut program = serve(folder.path());
    let after = mode(&data);
    program.kill().expect("it was running");
    program.wait().expect("it ended");
    assert_eq!(after, 0o750);
}

#[test]
fn doctor_reports_readable_files_with_the_command_that_restricts_them() {
    if !requires_sqlite() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let settings = [("DATA_DIR", "data"), ("PORT", "1")];
    Teahouse::run(&["migrate"], &settings, folder.path()).expect_success();
    DoctorReport::of(&settings, folder.path()).expect_ok(&["permissions"]);
    for (path, closed, open) in [
        (data.clone(), 0o700, 0o755),
        (data.join("teahouse.db"), 0o600, 0o644),
        (data.join("teahouse.db"), 0o600, 0o640),
    ] {
        set_mode(&path, open);
        let report = DoctorReport::of(&settings, folder.path());
        set_mode(&path, closed);
        report.expect("permissions", "warn", &format!("chmod {closed:o}"));
    }
    // Readable by everyone: a fault.
    for path in [folder.path(), &data] {
        set_mode(path, 0o755);
    }
    set_mode(&data.join("teahouse.db"), 0o644);
    let report = DoctorReport::of(&settings, folder.path());
    let findings = serde_json::to_string(&report.findings).expect("JSON");
    let is_shown = findings.contains("chmod 600") && findings.contains("teahouse.db");
    assert!(is_shown, "{findings}");
    assert!(!report.is_healthy);
}

#[tokio::test]
async fn readable_secret_key_is_rejected_in_production_and_reported_elsewhere() {
    let folder = TempDir::new().expect("a folder");
    let key = folder.path().join("secret.key");
    fs::write(&key, [7; 64]).expect("written");
    let secret = random_secret();
    let data = folder.path().to_str().expect("UTF-8");
    let production = [
        ("TEAHOUSE_ENV", "production"),
        ("PUBLIC_ORIGIN", "https://chat.example.org"),
        ("PORT", "0"),
        ("DATA_DIR", data),
        ("TEAHOUSE__DATA__SECRET_KEY", secret.as_str()),
        // The key file's mode is checked before other settings.
        ("DATABASE_URL", "sqlite:///nonexistent-folder/chat.db"),
    ];
    for (mode, is_refused) in [
        (0o644, true),
        (0o604, true),
        (0o602, true),
        (0o640, false),
        (0o600, false),
    ] {
        set_mode(&key, mode);
        let outcome = Teahouse::run(&["serve"], &production, folder.path());
        let found = outcome.stderr.contains("chmod 600");
        assert_eq!(found, is_refused, "{mode:o}: {outcome:?}");
        let report = DoctorReport::of(&production, folder.path());
        report.expect("secret key", if is_refused { "fail" } else { "ok" }, "");
    }
    set_mode(&key, 0o644);
    let server = Teahouse::with(&[("DATA_DIR", data)]);
    Person::register(&server, "Ming").await;
    let log = server.log().join("\n");
    assert!(log.contains("chmod 600"), "{log}");
}
