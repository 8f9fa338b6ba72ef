//! An invalid `DATABASE_URL` is reported in one clear line.

use crate::support::{Database, Outcome, Person, Teahouse, database};
use tempfile::TempDir;

const SECRET: &str = "pot-of-gold";
const UNREACHABLE: [&str; 3] = ["connect", "reach", "refused"];

/// Starts with this URL in an empty folder, and checks that it fails with one line and leaves no file.
fn expect_failure(url: &str, hint: &[&str]) -> Outcome {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("UTF-8");
    let settings = [("DATABASE_URL", url), ("DATA_DIR", data)];
    let outcome = Teahouse::run(&["serve"], &settings, folder.path());
    assert_eq!(outcome.status.code(), Some(1), "{url}: {outcome:?}");
    let lines: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert_eq!(lines.len(), 1, "{url}: {outcome:?}");
    let line = lines[0].to_lowercase();
    let is_found = hint.iter().any(|word| line.contains(word));
    assert!(is_found, "{url}: {line} names no cause");
    let is_hidden = !outcome.stderr.contains(SECRET) && !outcome.stdout.contains(SECRET);
    assert!(is_hidden, "{outcome:?}");
    assert!(!outcome.stdout.contains("listening"), "{outcome:?}");
    assert!(outcome.took.as_secs() < 15, "{url}: {outcome:?}");
    let strays = crate::support::files_below(folder.path());
    assert!(strays.is_empty(), "{url} leaves {strays:?}");
    outcome
}

#[test]
fn invalid_database_urls_are_rejected() {
    for url in [
        "chatdb",
        "chat.db",
        "/tmp/chat.db",
        "mysql:chat",
        "sqlite:chat.db",
        "sqlite://",
        "sqlite://:memory:",
        "file:chat.db",
        "mysql://",
        "mysql://127.0.0.1",
        "mysql://127.0.0.1/",
        &format!("postgres://tea:{SECRET}@127.0.0.1/chat"),
        &format!("mariadb+x://tea:{SECRET}@127.0.0.1/chat"),
        &format!("mysql:tea:{SECRET}@127.0.0.1/chat"),
        &format!("tea:{SECRET}@127.0.0.1/chat"),
        &format!("mysql://tea:{SECRET}@127.0.0.1:99999/chat"),
    ] {
        expect_failure(url, &["database_url"]);
    }
}

#[test]
fn unreachable_database_server_is_named() {
    let url = format!("mysql://tea:{SECRET}@127.0.0.1:1/chat");
    let line = expect_failure(&url, &UNREACHABLE).stderr;
    assert!(line.contains("127.0.0.1:1"), "{line}");
}

#[test]
fn port_of_localhost_is_used() {
    // The port of a server that does not exist: the socket of another server would respond differently.
    for host in ["localhost:1", "LOCALHOST:1", "localhost.:1", "[::1]:1"] {
        let url = format!("mysql://tea:{SECRET}@{host}/chat");
        let line = expect_failure(&url, &UNREACHABLE).stderr;
        assert!(!line.contains("socket"), "{line}");
        let is_shown = line.contains("127.0.0.1:1") || line.contains("[::1]:1");
        assert!(is_shown, "{line}");
    }
    // The tests' own server, by that name.
    let Some(mysql) = database::required_mysql() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let database = Database::new(folder.path());
    assert!(mysql.contains("@127.0.0.1:"), "{mysql}");
    for host in ["localhost", "LOCALHOST"] {
        let url = database.url.replace("@127.0.0.1:", &format!("@{host}:"));
        let outcome = Teahouse::run(&["migrate"], &[("DATABASE_URL", &url)], folder.path());
        assert!(outcome.status.success(), "{url}: {outcome:?}");
    }
}

#[test]
fn database_file_that_cannot_be_opened_is_named() {
    let url = "sqlite:///nonexistent-folder/chat.db";
    let line = expect_failure(url, &["open", "unable", "no such"]).stderr;
    assert!(line.contains("/nonexistent-folder/chat.db"), "{line}");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("notes.txt");
    let notes = "these are my notes, and not a database at all ".repeat(100);
    std::fs::write(&file, notes).expect("written");
    let before = std::fs::read(&file).expect("read");
    expect_failure(&format!("sqlite://{}", file.display()), &["not a database"]);
    let found = std::fs::read(&file).expect("read");
    assert_eq!(found, before, "the file is unchanged");
}

#[test]
fn wrong_password_is_reported_and_not_shown() {
    let Some(mysql) = database::required_mysql() else {
        return;
    };
    let (_, host) = mysql.rsplit_once('@').expect("user:password@host");
    let user = mysql.split([':', '@']).nth(1).expect("a user");
    let url = format!("mysql:{user}:{SECRET}@{host}/test_never");
    expect_failure(&url, &["denied", "password"]);
}

#[test]
fn database_with_an_unsuitable_character_set_is_rejected() {
    if database::required_mysql().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    for (charset, good) in [("latin1", false), ("utf8mb3", false), ("utf8mb4", true)] {
        let database = Database::new(folder.path());
        let name = database.url.rsplit('/').next().expect("a name");
        database::on_server(
            &database::mysql_url().expect("a server"),
            &format!("CREATE DATABASE {name} CHARACTER SET {charset}"),
        );
        if good {
            let settings = [("DATABASE_URL", &*database.url)];
            Teahouse::run(&["migrate"], &settings, folder.path()).expect_success();
        } else {
            expect_failure(&database.url, &["utf8mb4"]);
            let tables = format!("information_schema.tables WHERE table_schema = '{name}'");
            assert_eq!(
                database.number(&format!("SELECT COUNT(*) AS value FROM {tables}")),
                0,
                "no table was created"
            );
        }
    }
}

#[test]
fn relative_sqlite_path_is_accepted_and_kept() {
    let folder = TempDir::new().expect("a folder");
    let settings = [("DATABASE_URL", "sqlite://tea.db"), ("DATA_DIR", "kept")];
    for _ in 0..2 {
        Teahouse::run(&["migrate"], &settings, folder.path()).expect_success();
    }
    assert!(folder.path().join("tea.db").exists());
}

#[test]
fn two_servers_starting_at_once_on_an_empty_database_both_succeed() {
    let folder = TempDir::new().expect("a folder");
    let database = Database::new(folder.path());
    let outcomes = std::thread::scope(|scope| {
        let start = || {
            scope.spawn(|| {
                Teahouse::run(
                    &["migrate"],
                    &[("DATABASE_URL", &database.url)],
                    folder.path(),
                )
            })
        };
        let both = [start(), start()];
        both.map(|one| one.join().expect("no panic"))
    });
    let all_match = outcomes.iter().all(|outcome| outcome.status.success());
    assert!(all_match, "{outcomes:?}");
    assert_eq!(database.number("SELECT COUNT(*) AS value FROM rooms"), 1);
}

#[tokio::test]
async fn password_of_the_database_appears_in_no_output() {
    let server = Teahouse::start();
    let Some((_, password)) = server
        .database()
        .url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'))
        .and_then(|(user, _)| user.split_once(':'))
    else {
        return;
    };
    Person::register(&server, "Ming").await.say("hello").await;
    assert!(!server.log().join("\n").contains(password));
}
