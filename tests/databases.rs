//! A wrong `DATABASE_URL` is one clear line, and nothing else.

use crate::support::{Database, Outcome, Person, Teahouse, database};
use tempfile::TempDir;

const SECRET: &str = "pot-of-gold";

/// Starts with this URL in an empty folder, and checks all that must hold whatever is wrong.
fn refuse(url: &str, hint: &[&str]) -> Outcome {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("UTF-8");
    let outcome = Teahouse::run(
        &["serve"],
        &[("DATABASE_URL", url), ("DATA_DIR", data)],
        folder.path(),
    );
    assert_eq!(outcome.status.code(), Some(1), "{url}: {outcome:?}");
    let lines: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert_eq!(lines.len(), 1, "{url}: {outcome:?}");
    let line = lines[0].to_lowercase();
    assert!(
        hint.iter().any(|word| line.contains(word)),
        "{url}: {line} names no cause"
    );
    assert!(
        !outcome.stderr.contains(SECRET) && !outcome.stdout.contains(SECRET),
        "{outcome:?}"
    );
    assert!(!outcome.stdout.contains("listening"), "{outcome:?}");
    assert!(outcome.took.as_secs() < 15, "{url}: {outcome:?}");
    let strays: Vec<_> = files(folder.path());
    assert!(strays.is_empty(), "{url} leaves {strays:?}");
    outcome
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn what_is_not_a_database_url_is_refused() {
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
        refuse(url, &["database_url"]);
    }
}

#[test]
fn a_server_that_is_down_is_named() {
    let line = refuse(
        &format!("mysql://tea:{SECRET}@127.0.0.1:1/chat"),
        &["connect", "reach", "refused"],
    )
    .stderr;
    assert!(line.contains("127.0.0.1:1"), "{line}");
}

#[test]
fn port_beside_localhost_is_not_ignored() {
    // The port of a server that is not there: another server's socket would answer differently.
    for host in ["localhost:1", "LOCALHOST:1", "localhost.:1", "[::1]:1"] {
        let line = refuse(
            &format!("mysql://tea:{SECRET}@{host}/chat"),
            &["connect", "reach", "refused"],
        )
        .stderr;
        println!("{host}: {}", line.trim());
        assert!(!line.contains("socket"), "{line}");
        assert!(
            line.contains("127.0.0.1:1") || line.contains("[::1]:1"),
            "{line}"
        );
    }
    // The tests' own server by that name.
    let Some(server) = database::server() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let database = Database::new(folder.path());
    assert!(server.contains("@127.0.0.1:"), "{server}");
    for host in ["localhost", "LOCALHOST"] {
        let url = database.url.replace("@127.0.0.1:", &format!("@{host}:"));
        let outcome = Teahouse::run(&["migrate"], &[("DATABASE_URL", &url)], folder.path());
        assert!(outcome.status.success(), "{url}: {outcome:?}");
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let line = refuse(
        "sqlite:///nonexistent-folder/chat.db",
        &["open", "unable", "no such"],
    )
    .stderr;
    assert!(line.contains("/nonexistent-folder/chat.db"), "{line}");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("notes.txt");
    std::fs::write(
        &file,
        "these are my notes, and not a database at all ".repeat(100),
    )
    .expect("written");
    let before = std::fs::read(&file).expect("read");
    refuse(&format!("sqlite://{}", file.display()), &["not a database"]);
    assert_eq!(
        std::fs::read(&file).expect("read"),
        before,
        "they are as they were"
    );
}

#[test]
fn a_wrong_password_is_called_that_and_not_shown() {
    let Some(server) = database::server() else {
        return;
    };
    let (_, host) = server.rsplit_once('@').expect("user:password@host");
    let user = server
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split([':', '@']).next())
        .expect("a user");
    refuse(
        &format!("mysql://{user}:{SECRET}@{host}/test_never"),
        &["denied", "password"],
    );
}

#[test]
fn a_database_that_cannot_hold_every_character_is_refused() {
    if database::server().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    for (charset, good) in [("latin1", false), ("utf8mb3", false), ("utf8mb4", true)] {
        let database = Database::new(folder.path());
        let name = database.url.rsplit('/').next().expect("a name");
        database::on_server(
            &database::server().expect("a server"),
            &format!("CREATE DATABASE {name} CHARACTER SET {charset}"),
        );
        if good {
            let outcome = Teahouse::run(
                &["migrate"],
                &[("DATABASE_URL", &database.url)],
                folder.path(),
            );
            assert!(outcome.status.success(), "{outcome:?}");
        } else {
            refuse(&database.url, &["utf8mb4"]);
            let tables = format!(
                "SELECT COUNT(*) AS value FROM information_schema.tables WHERE table_schema = '{name}'"
            );
            assert_eq!(database.number(&tables), 0, "nothing was made in it");
        }
    }
}

#[test]
fn an_sqlite_file_may_be_named_relatively_and_is_kept() {
    let folder = TempDir::new().expect("a folder");
    let settings = [("DATABASE_URL", "sqlite://tea.db"), ("DATA_DIR", "kept")];
    for _ in 0..2 {
        let outcome = Teahouse::run(&["migrate"], &settings, folder.path());
        assert!(outcome.status.success(), "{outcome:?}");
    }
    assert!(folder.path().join("tea.db").exists());
}

#[test]
fn two_servers_starting_at_once_on_a_new_database_do_not_disturb_each_other() {
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
    assert!(
        outcomes.iter().all(|outcome| outcome.status.success()),
        "{outcomes:?}"
    );
    assert_eq!(database.number("SELECT COUNT(*) AS value FROM rooms"), 1);
}

#[tokio::test]
async fn nothing_in_the_program_speaks_of_the_password() {
    let house = Teahouse::start();
    let Some((_, password)) = house
        .database()
        .url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'))
        .and_then(|(user, _)| user.split_once(':'))
    else {
        return;
    };
    Person::register(&house, "Ming").await.say("hello").await;
    assert!(!house.log().join("\n").contains(password));
}
