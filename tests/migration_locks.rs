//! Migrations run without statement timeouts, one process at a time.

use crate::support::database::{on_server, required_mysql};
use crate::support::{Database, Outcome, TIMEOUT, Teahouse, long_tests};
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than every timeout of a request connection (5 s).
const LONG: Duration = Duration::from_secs(7);

/// Returns a migrated database whose last step, an index on `mentions`, has to run again.
fn without_index(folder: &Path) -> Database {
    let database = Database::new(folder);
    let made = migrate(&database, folder);
    assert!(made.status.success(), "{made:?}");
    database.run(match database.is_mysql() {
        true => {
            "ALTER TABLE mentions ADD INDEX mentions_room (room_id, seq), DROP INDEX mentions_by_message"
        }
        false => "DROP INDEX mentions_by_message",
    });
    database.run("DELETE FROM __diesel_schema_migrations WHERE version = '20261120000130'");
    database
}

fn migrate(database: &Database, folder: &Path) -> Outcome {
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("TEAHOUSE__LOG__FILTER", "info"),
    ];
    Teahouse::run(&["migrate"], &settings, folder)
}

fn until(what: &str, is_true: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < TIMEOUT, "never happened: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn slow_migration_is_not_timed_out_and_a_second_process_waits_for_it() {
    let folder = TempDir::new().expect("a folder");
    let database = without_index(folder.path());
    let mut other = database.second_connection();
    let (begin, hold) = match database.is_mysql() {
        true => ("START TRANSACTION", "SELECT * FROM mentions"),
        false => ("BEGIN IMMEDIATE", "CREATE TABLE mine (id INTEGER)"),
    };
    other.run(begin);
    other.run(hold);
    let outcomes = thread::scope(|scope| {
        let start = || scope.spawn(|| migrate(&database, folder.path()));
        let first: ScopedJoinHandle<'_, Outcome> = start();
        if database.is_mysql() {
            let waits = "SELECT COUNT(*) AS value FROM information_schema.processlist \
                         WHERE db = DATABASE() AND info LIKE 'CREATE INDEX%'";
            until("the first process waits", || database.number(waits) == 1);
        }
        let second = start();
        thread::sleep(LONG);
        other.run("ROLLBACK");
        [first, second].map(|one| one.join().expect("no panic"))
    });
    let all_match = outcomes.iter().all(|one| one.status.success());
    assert!(all_match, "{outcomes:?}");
    let mut runs: Vec<&str> = outcomes.iter().map(|one| one.stdout.trim()).collect();
    runs.sort_unstable();
    assert_eq!(runs, ["0 migrations run", "1 migration run"]);
    let waiting = "waiting for another program";
    let is_found = outcomes.iter().any(|one| one.stderr.contains(waiting));
    assert!(is_found, "{outcomes:?}");
    let records =
        "SELECT COUNT(*) AS value FROM __diesel_schema_migrations WHERE version = '20261120000130'";
    assert_eq!(database.number(records), 1);
}

#[test]
fn slow_revert_is_not_timed_out() {
    if required_mysql().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let database = Database::new(folder.path());
    assert!(migrate(&database, folder.path()).status.success());
    let mut other = database.second_connection();
    other.run("START TRANSACTION");
    other.run("SELECT * FROM pairings");
    let outcome = thread::scope(|scope| {
        let revert = scope.spawn(|| {
            let settings = [("DATABASE_URL", database.url.as_str())];
            Teahouse::run(&["migrate", "--revert-all"], &settings, folder.path())
        });
        thread::sleep(LONG);
        other.run("ROLLBACK");
        revert.join().expect("no panic")
    });
    assert!(outcome.status.success(), "{outcome:?}");
}

#[test]
fn lock_is_per_database_and_the_error_shows_how_to_kill_an_idle_holder() {
    let Some(mysql) = required_mysql() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    // The longest possible database name: lock names have the same limit.
    let long = format!("{:a<64}", format!("test_{}", uuid::Uuid::new_v4().simple()));
    let elsewhere = Database::at(format!("{mysql}/{long}"));
    let database = Database::new(folder.path());
    let name = database.url.rsplit('/').next().expect("a name");
    let made = migrate(&database, folder.path());
    assert!(made.status.success(), "{made:?}");
    database.run("DELETE FROM __diesel_schema_migrations WHERE version = '20261120000610'");
    let mut other = database.second_connection();
    other.run(&format!("DO GET_LOCK('teahouse_migrate:{name}', 0)"));
    let done = migrate(&elsewhere, folder.path());
    on_server(&mysql, &format!("DROP DATABASE IF EXISTS {long}"));
    assert!(done.status.success(), "{done:?}");
    if !long_tests() {
        return;
    }
    let refused = migrate(&database, folder.path());
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("KILL"), "{refused:?}");
    drop(other);
    let done = migrate(&database, folder.path());
    assert!(done.status.success(), "{done:?}");
}
