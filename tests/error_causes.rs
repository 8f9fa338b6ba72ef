//! Faults are reported with their cause: on the command line, in settings, and once in the log.

use crate::support::{Database, LOBBY, MariaDb, Person, SmsProvider, Teahouse, until};
use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Returns the log lines at WARN and ERROR.
fn warnings(server: &Teahouse) -> Vec<String> {
    let is_warning = |line: &String| line.contains("WARN") || line.contains("ERROR");
    server.log().into_iter().filter(is_warning).collect()
}

#[test]
fn full_disk_is_reported_on_the_command_line() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let data = folder.path().display().to_string();
    Teahouse::run(&["migrate"], &[("DATA_DIR", &data)], folder.path()).expect_success();
    for args in [
        &["user", "list"][..],
        &["routes"],
        &["migrate"],
        &["doctor"],
    ] {
        let outcome = Command::new(env!("CARGO_BIN_EXE_teahouse"))
            .args(args)
            .current_dir(folder.path())
            .env("DATA_DIR", folder.path())
            .env("TEAHOUSE_ENV", "test")
            .env_remove("DATABASE_URL")
            .stdout(File::create("/dev/full").expect("Linux"))
            .stderr(Stdio::piped())
            .output()
            .expect("it runs");
        let message = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.status.code(), Some(1), "{args:?}: {message}");
        let is_shown = message.contains("No space left on device");
        assert!(is_shown, "{args:?}: {message}");
        assert!(!message.contains("panicked"), "{args:?}: {message}");
        let is_expected = message.lines().count() <= 1 || args == ["doctor"];
        assert!(is_expected, "{message}");
    }
}

#[test]
fn unreadable_key_file_is_reported() {
    for is_link in [false, true] {
        let folder = tempfile::TempDir::new().expect("a folder");
        let key = folder.path().join("secret.key");
        match is_link {
            false => std::fs::create_dir(&key).expect("a folder instead of the file"),
            true => symlink(folder.path().join("nowhere/key"), &key).expect("a dangling link"),
        }
        let data = folder.path().display().to_string();
        let outcome = Teahouse::run(&["serve"], &[("DATA_DIR", &data)], folder.path());
        assert!(!outcome.status.success());
        let message = outcome.stderr.lines().last().unwrap_or_default().to_owned();
        assert!(message.contains(&key.display().to_string()), "{message}");
        assert!(!message.contains("data directory"), "{message}");
    }
}

#[tokio::test]
async fn ipv6_host_may_be_in_brackets() {
    for host in ["[::1]", "::1"] {
        let server = Teahouse::with(&[("HOST", host)]);
        assert!(server.url.starts_with("http://[::1]:"), "{}", server.url);
        assert_eq!(Person::visitor(&server).get("/healthz").await.status(), 200);
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let data = folder.path().display().to_string();
    let settings = [("HOST", "[2001:db8::1]"), ("DATA_DIR", &*data)];
    let outcome = Teahouse::run(&["serve"], &settings, folder.path());
    let named = outcome.stderr.contains("cannot listen on [2001:db8::1]:0");
    assert!(named, "{outcome:?}");
}

#[test]
fn each_rule_of_the_public_origin_has_its_own_message() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut messages = Vec::new();
    for origin in [
        "chat.example.org",
        "ftp://chat.example.org",
        "https://",
        "https://me:s3cret@chat.example.org",
        "https://chat.example.org/",
        "https://chat.example.org/chat",
        "https://chat.example.org?a=b",
        "https://chat.example.org#a",
        "https://chat.example.org:443",
        "https://chat.example.org:port",
        "https://chat example.org",
    ] {
        let outcome = Teahouse::run(&["serve"], &[("PUBLIC_ORIGIN", origin)], folder.path());
        assert!(!outcome.status.success(), "{origin}");
        let message = outcome.stderr.trim().to_owned();
        let is_shown = message.starts_with("teahouse: PUBLIC_ORIGIN ");
        assert!(is_shown, "{origin}: {message}");
        assert!(!message.contains("s3cret"), "{message}");
        assert!(!messages.contains(&message), "{origin}: {message}");
        messages.push(message);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_outage_is_logged_at_its_beginning_and_end() {
    let server = Teahouse::with(&[("TEAHOUSE__DATABASE__DEADLINE_MS", "800")]);
    let ming = Person::register(&server, "Ming").await;
    let mut other = server.database().second_connection();
    match server.database().is_mysql() {
        true => {
            other.run("START TRANSACTION");
            other.run("SELECT id FROM installation FOR UPDATE");
        }
        false => other.run("BEGIN IMMEDIATE"),
    }
    for _ in 0..5 {
        let form = [("name", "Tea"), ("kind", "open")];
        assert_eq!(ming.post("/rooms", &form).await.status(), 503);
        assert_eq!(ming.get("/rooms/1").await.status(), 200, "reads still work");
    }
    let begun = warnings(&server);
    assert_eq!(begun.len(), 1, "{begun:#?}");
    let is_shown = begun[0].contains("outage: the database is unavailable");
    assert!(is_shown, "{begun:?}");
    other.run("ROLLBACK");
    let is_over = |line: &String| line.contains("outage over: the database");
    until("the end is logged", async || {
        ming.post("/rooms/1/messages", &[("content", "tea")]).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.log().iter().any(is_over)
    })
    .await;
    let all = warnings(&server);
    assert_eq!(all.len(), 2, "{all:#?}");
    assert!(all[1].contains("seconds"), "{}", all[1]);
    assert!(!ming.history(LOBBY).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_database_does_not_fill_the_log() {
    let Some(mut mariadb) = MariaDb::start() else {
        return;
    };
    let server = Teahouse::on(Database::on(&mariadb.url), &[]);
    let ming = Person::register(&server, "Ming").await;
    let (mut socket, _stream) = (ming.socket().await, ming.stream().await);
    mariadb.stop();
    for n in 0..5 {
        assert_eq!(ming.get("/rooms/1").await.status(), 503);
        socket.post(LOBBY, &format!("message {n}")).await;
        socket.expect("error").await;
    }
    let begun = warnings(&server);
    let outages = begun.iter().filter(|line| line.contains("outage:"));
    assert_eq!(outages.count(), 1, "{begun:#?}");
    // The writer logs a failed batch once.
    assert!(begun.len() <= 2, "{begun:#?}");
    mariadb.restart();
    until("the end is logged", async || {
        let is_over = |line: &String| line.contains("outage over: the database");
        server.log().iter().any(is_over)
    })
    .await;
    let all = warnings(&server);
    assert_eq!(all.len(), begun.len() + 1, "{all:#?}");
}

#[tokio::test]
async fn sms_provider_outage_is_logged_once() {
    let settings = SmsProvider::settings_of("http://127.0.0.1:1/x");
    let filter = "log.filter=info,teahouse::services::sms=debug";
    let server = Teahouse::configured(&format!("{settings} {filter}"));
    for n in 0..4 {
        let visitor = Person::visitor(&server);
        visitor.submit_registration(&format!("Ming-{n}")).await;
    }
    let failed = |line: &&String| line.contains("cannot send SMS");
    until("all have failed", async || {
        server.log().iter().filter(failed).count() == 4
    })
    .await;
    let lines = warnings(&server);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("could not be reached"), "{lines:?}");
    // A working provider logs nothing.
    let sms = SmsProvider::responding(204, "");
    let working = Teahouse::configured(&sms.settings());
    Person::visitor(&working).submit_registration("Ming").await;
    sms.nth(0).await;
    assert!(!working.log().iter().any(|line| line.contains("outage")));
}
