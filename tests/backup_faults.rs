//! Damaged, incomplete or incompatible backups, and interrupted restores.

use crate::support::backups::{
    check, encode_backup, gzip, lines, populate, refusal, restore, rows_of, set, take_backup,
};
use crate::support::{Database, Teahouse};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A server with data, and its backup in a folder.
async fn backed_up() -> (Teahouse, TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let server = Teahouse::start();
    populate(&server).await;
    let file = take_backup(&server, &folder);
    (server, folder, file)
}

#[tokio::test]
async fn check_reports_each_fault() {
    let (_server, _folder, file) = backed_up().await;
    let sound = lines(&file);
    type Change = fn(&mut Vec<String>);
    let changes: [(&str, Change); 15] = [
        ("room 1: message 4 is missing", |all| {
            all.remove(rows_of(all, "messages").start + 3);
        }),
        ("comes twice or out of order", |all| {
            let at = rows_of(all, "messages").start;
            all.insert(at, all[at].clone());
        }),
        ("room 1: messages 8 to 9 are missing", |all| {
            set(all, "rooms", 0, "last_seq", json!(9))
        }),
        ("should end at message 6", |all| {
            set(all, "rooms", 0, "last_seq", json!(6))
        }),
        ("its version 99 is not between", |all| {
            set(all, "messages", 0, "ver", json!(99))
        }),
        ("has the version 7 too", |all| {
            set(all, "messages", 4, "ver", json!(7))
        }),
        ("above the installation's counter", |all| {
            set(all, "installation", 0, "counter", json!(3))
        }),
        ("row of users that is not there", |all| {
            set(all, "memberships", -1, "user_id", json!(77))
        }),
        ("row of rooms that is not there", |all| {
            set(all, "messages", -1, "room_id", json!(77))
        }),
        ("row of messages that is not there", |all| {
            set(all, "mentions", -1, "seq", json!(77))
        }),
        ("username has a value", |all| {
            set(all, "users", 0, "username", Value::Null)
        }),
        ("created_at has a value", |all| {
            set(all, "users", 0, "created_at", json!("now"))
        }),
        ("picture has a value", |all| {
            set(all, "avatars", 0, "picture", json!("xy"))
        }),
        ("a row has 0 columns", |all| {
            let at = rows_of(all, "users").start;
            all[at] = "[]".into();
        }),
        ("messages should end here, not", |all| {
            let at = rows_of(all, "messages").end;
            all[at] = all[at].replace("messages", "mentions");
        }),
    ];
    for (wanted, change) in changes {
        let mut changed = sound.clone();
        change(&mut changed);
        fs::write(&file, encode_backup(&changed)).expect("written");
        let outcome = check(&file);
        assert!(refusal(&outcome).contains("fault"), "{outcome:?}");
        assert!(outcome.stdout.contains(wanted), "{wanted}: {outcome:?}");
    }
    let resealed = encode_backup(&sound);
    fs::write(&file, &resealed).expect("written");
    let is_success = check(&file).status.success();
    assert!(is_success, "the unmodified backup is valid");
    let text = sound.join("\n") + "\n";
    let format = text.replacen("\"teahouseBackup\":1", "\"teahouseBackup\":9", 1);
    for (wanted, bytes) in [
        (
            "checksum",
            gzip(text.replacen("edited", "EDITED", 1).as_bytes()),
        ),
        (
            "rows, but has",
            gzip(text.replacen("\"rows\":2", "\"rows\":3", 1).as_bytes()),
        ),
        ("cut off", gzip(&text.as_bytes()[..text.len() - 40])),
        ("cut off", resealed[..resealed.len() / 2].to_vec()),
        ("cut off", resealed[..resealed.len() - 3].to_vec()),
        ("follows its end", [&*resealed, b"more"].concat()),
        ("format 9", gzip(format.as_bytes())),
        ("not a Teahouse backup", b"once upon a time".to_vec()),
        ("not a Teahouse backup", Vec::new()),
    ] {
        fs::write(&file, bytes).expect("written");
        let outcome = check(&file);
        refusal(&outcome);
        let is_shown = format!("{outcome:?}").contains(wanted);
        assert!(is_shown, "{wanted}: {outcome:?}");
    }
    for at in (12..resealed.len() - 1).step_by(resealed.len() / 40) {
        let mut altered = resealed.clone();
        altered[at] ^= 0x10;
        fs::write(&file, altered).expect("written");
        refusal(&check(&file));
    }
}

#[tokio::test]
async fn pictures_without_users_and_users_without_pictures_are_named_and_repaired() {
    let (_server, folder, file) = backed_up().await;
    let mut changed = lines(&file);
    set(&mut changed, "users", 0, "avatar", json!("0".repeat(64)));
    fs::write(&file, encode_backup(&changed)).expect("written");
    let outcome = check(&file).expect_success();
    for sentence in [
        "the picture of user 1 is missing",
        "no user has the picture",
    ] {
        let warning = outcome.stdout.lines().find(|line| line.contains(sentence));
        let is_warning = warning.is_some_and(|line| line.starts_with("warning: "));
        assert!(is_warning, "{outcome:?}");
    }
    let target = Database::new(folder.path());
    restore(&file, &target.url, folder.path()).expect_success();
    for rows in ["avatars", "users WHERE avatar IS NOT NULL"] {
        let count = format!("SELECT COUNT(*) AS value FROM {rows}");
        assert_eq!(target.number(&count), 0, "{rows}");
    }
}

#[tokio::test]
async fn interrupted_restore_is_rejected_by_the_server_and_cleared_by_the_next_restore() {
    let (_server, folder, file) = backed_up().await;
    let target = Database::new(folder.path());
    let mut broken = lines(&file);
    // A fault that only the database detects, in the middle of the restore.
    let client_id = json!("00000000-0000-4000-8000-000000000000");
    for row in [0, 1] {
        set(&mut broken, "messages", row, "client_id", client_id.clone());
    }
    let bad = folder.path().join("bad.gz");
    fs::write(&bad, encode_backup(&broken)).expect("written");
    let outcome = restore(&bad, &target.url, folder.path());
    assert!(refusal(&outcome).contains("only in part"), "{outcome:?}");
    let settings = [("DATABASE_URL", &*target.url)];
    for command in ["serve", "migrate", "backup"] {
        let arguments = [command, "x.gz"];
        let arguments = &arguments[..if command == "backup" { 2 } else { 1 }];
        let outcome = Teahouse::run(arguments, &settings, folder.path());
        let is_shown = refusal(&outcome).contains("restored only in part");
        assert!(is_shown, "{outcome:?}");
    }
    restore(&file, &target.url, folder.path()).expect_success();
    let outcome = restore(&file, &target.url, folder.path());
    let is_shown = refusal(&outcome).contains("not empty, it has 2 people and 8 messages");
    assert!(is_shown, "{outcome:?}");
    assert_eq!(Teahouse::on(target, &[]).count("messages"), 8);
}

#[tokio::test]
async fn backup_of_a_newer_version_is_rejected_and_of_an_older_version_migrated() {
    let (server, folder, file) = backed_up().await;
    let mut all = lines(&file);
    let mut manifest: Value = serde_json::from_str(&all[0]).expect("JSON");
    let migrations = manifest["migrations"].as_array_mut().expect("migrations");
    migrations.push(json!("29991231000000"));
    all[0] = manifest.to_string();
    let newer = folder.path().join("newer.gz");
    fs::write(&newer, encode_backup(&all)).expect("written");
    let target = Database::new(folder.path());
    let outcome = restore(&newer, &target.url, folder.path());
    assert!(refusal(&outcome).contains("newer version"), "{outcome:?}");
    let migrations = manifest["migrations"].as_array_mut().expect("migrations");
    migrations.retain(|version| version.as_str() < Some("20261128000774"));
    let memberships = manifest["tables"]
        .as_array_mut()
        .expect("tables")
        .iter_mut();
    let table = memberships
        .into_iter()
        .find(|table| table["name"] == "memberships");
    let columns = table.expect("a table")["columns"]
        .as_array_mut()
        .expect("columns");
    let place = columns
        .iter()
        .position(|column| column["name"] == "own_unread");
    columns.remove(place.expect("a column"));
    all[0] = manifest.to_string();
    for at in rows_of(&all, "memberships") {
        let mut row: Vec<Value> = serde_json::from_str(&all[at]).expect("JSON");
        row.remove(place.expect("a column"));
        all[at] = json!(row).to_string();
    }
    let older = folder.path().join("older.gz");
    fs::write(&older, encode_backup(&all)).expect("written");
    restore(&older, &target.url, folder.path()).expect_success();
    let own = "SELECT SUM(own_unread) + 0 AS value FROM memberships";
    let own = own.replace("SUM(own_unread) + 0", "CAST(SUM(own_unread) AS CHAR)");
    assert_eq!(target.strings(&own), server.strings(&own));
}
