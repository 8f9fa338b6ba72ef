//! What goes wrong is named with its cause: on the command line, in settings, and once in the log.

use crate::support::{Database, LOBBY, MariaDb, Person, Phones, Teahouse, eventually};
use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The lines of the log that need an operator's eyes.
fn loud(house: &Teahouse) -> Vec<String> {
    let is_loud = |line: &String| line.contains("WARN") || line.contains("ERROR");
    house.log().into_iter().filter(is_loud).collect()
}

#[test]
fn a_full_disk_is_named_on_the_command_line() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let data = folder.path().display().to_string();
    let made = Teahouse::run(&["migrate"], &[("DATA_DIR", &data)], folder.path());
    assert!(made.status.success(), "{made:?}");
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
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("No space left on device"), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        assert!(said.lines().count() <= 1 || args == ["doctor"], "{said}");
    }
}

#[test]
fn an_unreadable_key_file_is_named() {
    for is_link in [false, true] {
        let folder = tempfile::TempDir::new().expect("a folder");
        let key = folder.path().join("secret.key");
        match is_link {
            false => std::fs::create_dir(&key).expect("a folder in its place"),
            true => symlink(folder.path().join("nowhere/key"), &key).expect("a link to nothing"),
        }
        let data = folder.path().display().to_string();
        let outcome = Teahouse::run(&["serve"], &[("DATA_DIR", &data)], folder.path());
        assert!(!outcome.status.success());
        let said = outcome.stderr.lines().last().unwrap_or_default().to_owned();
        assert!(said.contains(&key.display().to_string()), "{said}");
        assert!(!said.contains("data directory"), "{said}");
    }
}

#[tokio::test]
async fn a_host_may_stand_in_brackets() {
    for host in ["[::1]", "::1"] {
        let house = Teahouse::with(&[("HOST", host)]);
        assert!(house.url.starts_with("http://[::1]:"), "{}", house.url);
        assert_eq!(Person::visitor(&house).get("/healthz").await.status(), 200);
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let data = folder.path().display().to_string();
    let settings = [("HOST", "[2001:db8::1]"), ("DATA_DIR", &*data)];
    let outcome = Teahouse::run(&["serve"], &settings, folder.path());
    let named = outcome.stderr.contains("cannot listen on [2001:db8::1]:0");
    assert!(named, "{outcome:?}");
}

#[test]
fn each_rule_of_the_public_origin_has_its_own_sentence() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut sentences = Vec::new();
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
        let settings = [("PUBLIC_ORIGIN", origin)];
        let outcome = Teahouse::run(&["serve"], &settings, folder.path());
        assert!(!outcome.status.success(), "{origin}");
        let said = outcome.stderr.trim().to_owned();
        assert!(
            said.starts_with("teahouse: PUBLIC_ORIGIN "),
            "{origin}: {said}"
        );
        assert!(!said.contains("s3cret"), "{said}");
        assert!(!sentences.contains(&said), "{origin}: {said}");
        sentences.push(said);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_database_is_logged_when_it_begins_and_when_it_ends() {
    let house = Teahouse::with(&[("TEAHOUSE__DATABASE__DEADLINE_MS", "800")]);
    let ming = Person::register(&house, "Ming").await;
    let mut other = house.database().other();
    match house.database().is_mysql() {
        true => {
            other.run("START TRANSACTION");
            other.run("SELECT id FROM installation FOR UPDATE");
        }
        false => other.run("BEGIN IMMEDIATE"),
    }
    for _ in 0..5 {
        let answer = ming
            .post("/rooms", &[("name", "Tea"), ("kind", "open")])
            .await;
        assert_eq!(answer.status(), 503);
        assert_eq!(ming.get("/rooms/1").await.status(), 200, "reading goes on");
    }
    let begun = loud(&house);
    assert_eq!(begun.len(), 1, "{begun:#?}");
    assert!(
        begun[0].contains("outage: the database is unavailable"),
        "{begun:?}"
    );
    other.run("ROLLBACK");
    let is_over = |line: &String| line.contains("outage over: the database");
    eventually("the end is logged", async || {
        ming.post("/rooms/1/messages", &[("content", "tea")]).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.log().iter().any(is_over).then_some(())
    })
    .await;
    let all = loud(&house);
    assert_eq!(all.len(), 2, "{all:#?}");
    assert!(all[1].contains("seconds"), "{}", all[1]);
    assert!(!ming.history(LOBBY).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_stopped_fills_no_log() {
    let Some(mut server) = MariaDb::start() else {
        return;
    };
    let house = Teahouse::on(Database::on(&server.url), &[]);
    let ming = Person::register(&house, "Ming").await;
    let (mut socket, _stream) = (ming.socket().await, ming.stream().await);
    server.stop();
    for n in 0..5 {
        assert_eq!(ming.get("/rooms/1").await.status(), 503);
        socket.post(LOBBY, &format!("message {n}")).await;
        socket.expect("error").await;
    }
    let begun = loud(&house);
    let outages = begun.iter().filter(|line| line.contains("outage:"));
    assert_eq!(outages.count(), 1, "{begun:#?}");
    // The writer says once that it could not store something.
    assert!(begun.len() <= 2, "{begun:#?}");
    server.start_again();
    eventually("the end is logged", async || {
        let is_over = |line: &String| line.contains("outage over: the database");
        house.log().iter().any(is_over).then_some(())
    })
    .await;
    assert_eq!(loud(&house).len(), begun.len() + 1, "{:#?}", loud(&house));
}

#[tokio::test]
async fn an_outage_of_the_sender_is_logged_once() {
    let house = Teahouse::with(&[
        ("TEAHOUSE__VERIFICATION__ENABLED", "true"),
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        ("TEAHOUSE__SMS__WEBHOOK_URL", "http://127.0.0.1:1/x"),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
        (
            "TEAHOUSE__LOG__FILTER",
            "info,teahouse::services::sms=debug",
        ),
    ]);
    for n in 0..4 {
        let visitor = Person::visitor(&house);
        visitor.submit_registration(&format!("Ming-{n}")).await;
    }
    let failed = |line: &&String| line.contains("sms failed");
    eventually("all have failed", async || {
        (house.log().iter().filter(failed).count() == 4).then_some(())
    })
    .await;
    let loud = loud(&house);
    assert_eq!(loud.len(), 1, "{loud:#?}");
    assert!(loud[0].contains("could not be reached"), "{loud:?}");
    // One that works says nothing.
    let phones = Phones::answering(204, "");
    let well = Teahouse::with(&[
        ("TEAHOUSE__VERIFICATION__ENABLED", "true"),
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        ("TEAHOUSE__SMS__WEBHOOK_URL", &phones.url),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
    ]);
    Person::visitor(&well).submit_registration("Ming").await;
    phones.nth(0).await;
    assert!(!well.log().iter().any(|line| line.contains("outage")));
}
