//! What was deleted is not left in SQLite's files.

use crate::support::database::server;
use crate::support::person::PASSWORD;
use crate::support::{Person, Report, Teahouse, eventually, long_tests};
use std::fs;
use std::path::Path;

/// Which of these texts are in the database's files.
fn found<'a>(folder: &Path, texts: &'a [String]) -> Vec<&'a str> {
    let mut bytes = Vec::new();
    for name in ["teahouse.db", "teahouse.db-wal", "teahouse.db-journal"] {
        bytes.extend(fs::read(folder.join(name)).unwrap_or_default());
    }
    let is_there = |text: &&String| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    texts.iter().filter(is_there).map(String::as_str).collect()
}

async fn delete(person: &Person) {
    let form = [
        ("_method", "delete"),
        ("confirm", person.name.as_str()),
        ("delete_password", PASSWORD),
    ];
    assert_eq!(person.post("/settings/account", &form).await.status(), 303);
}

#[tokio::test]
async fn numbers_of_deleted_accounts_are_gone_from_the_files() {
    if server().is_some() {
        return;
    }
    let (house, [stays]) = Teahouse::with_people(["Stays"]).await;
    let count = if long_tests() { 60 } else { 12 };
    let mut people = Vec::new();
    for n in 0..count {
        people.push(Person::register(&house, &format!("Leaves{n}")).await);
    }
    let numbers: Vec<String> = people.iter().map(|person| person.phone.clone()).collect();
    assert_eq!(
        found(house.folder(), &numbers).len(),
        numbers.len(),
        "before"
    );
    for person in &people {
        delete(person).await;
    }
    eventually("nothing is left", || async {
        found(house.folder(), &numbers).is_empty().then_some(())
    })
    .await;
    assert_eq!(
        found(house.folder(), std::slice::from_ref(&stays.phone)).len(),
        1
    );
}

#[tokio::test]
async fn changed_number_is_gone_from_the_files_while_others_read() {
    if server().is_some() {
        return;
    }
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let before = [ming.phone.clone()];
    // Somebody reads for a while: the log cannot be cut at once.
    let mut other = house.database().other();
    other.run("BEGIN");
    other.run("CREATE TEMPORARY TABLE seen AS SELECT id FROM users");
    let fields = [
        ("_method", "put"),
        ("phone", "+8613912345679"),
        ("phone_password", PASSWORD),
    ];
    assert_eq!(ming.post("/settings/phone", &fields).await.status(), 303);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    other.run("ROLLBACK");
    eventually("nothing is left", || async {
        found(house.folder(), &before).is_empty().then_some(())
    })
    .await;
}

#[test]
fn old_free_pages_are_named_with_the_command_that_clears_them() {
    if server().is_some() {
        return;
    }
    let house = Teahouse::start();
    let settings = [
        ("DATABASE_URL", house.database().url.as_str()),
        ("DATA_DIR", "."),
        ("PORT", "1"),
    ];
    Report::of(&settings, house.folder()).is_fine(&["free pages"]);
    // As an earlier version left it: deleted, and not overwritten.
    let mut other = house.database().other();
    other.run("PRAGMA secure_delete = OFF");
    other.run("CREATE TABLE spare AS SELECT hex(zeroblob(20000)) AS text");
    other.run("DROP TABLE spare");
    other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    let report = Report::of(&settings, house.folder());
    report.expect("free pages", "warn", "VACUUM");
    other.run("VACUUM");
    other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    Report::of(&settings, house.folder()).is_fine(&["free pages"]);
    other.run("PRAGMA secure_delete = ON");
    other.run("CREATE TABLE spare AS SELECT hex(zeroblob(20000)) AS text");
    other.run("DROP TABLE spare");
    other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    Report::of(&settings, house.folder()).is_fine(&["free pages"]);
}
