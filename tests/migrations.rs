//! Migrations run, revert and create the same schema on both databases.

use crate::support::{Person, Teahouse, words};
use std::collections::BTreeSet;
use std::fs;

const TABLES: &str = "deleted_messages avatars blocks installation invitations invites known_browsers \
    password_links pairings security_events throttles verifications notices users sessions \
    reserved_usernames rooms memberships messages message_versions mentions";

fn tables(server: &Teahouse) -> BTreeSet<String> {
    let sql = if server.database().is_mysql() {
        "SELECT table_name AS value FROM information_schema.tables WHERE table_schema = DATABASE()"
    } else {
        "SELECT name AS value FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    };
    server
        .strings(sql)
        .into_iter()
        .filter(|name| !name.starts_with("__diesel"))
        .collect()
}

#[tokio::test]
async fn all_migrations_can_be_reverted_and_run_again() {
    let mut server = Teahouse::start();
    Person::register(&server, "Ming").await.say("before").await;
    let names = words(TABLES).into_iter().chain(["chat_history"]);
    let all: BTreeSet<_> = names.map(str::to_owned).collect();
    assert_eq!(tables(&server), all);
    server.kill();
    server
        .command(&["migrate", "--revert-all"])
        .expect_success();
    assert_eq!(tables(&server), BTreeSet::new());
    server.command(&["migrate"]).expect_success();
    assert_eq!(tables(&server), all);
    server.restart();
    let ming = Person::register(&server, "Ming").await;
    assert_eq!(ming.say("after").await["seq"], 1);
    let roles = server.strings("SELECT role AS value FROM users");
    assert_eq!(roles, ["admin"]);
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    ming.say("still here").await;
    server.command(&["migrate"]).expect_success();
    assert_eq!(ming.history("1").await.len(), 1);
}

#[test]
fn every_migration_exists_for_both_databases_in_both_directions() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let names = |database: &str| -> BTreeSet<String> {
        let folders = fs::read_dir(format!("{root}/{database}")).expect("migrations");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        folders
            .map(|entry| name(entry).into_string().expect("UTF-8"))
            .collect()
    };
    assert_eq!(names("sqlite"), names("mysql"));
    assert!(!names("sqlite").is_empty());
    for database in ["sqlite", "mysql"] {
        for name in names(database) {
            for way in ["up.sql", "down.sql"] {
                let sql = fs::read_to_string(format!("{root}/{database}/{name}/{way}"))
                    .expect("both ways");
                assert!(!sql.trim().is_empty(), "{database}/{name}/{way}");
            }
        }
    }
}

#[tokio::test]
async fn schema_rs_matches_the_columns_of_the_database() {
    let server = Teahouse::start();
    let schema = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/models/schema.rs"))
        .expect("schema.rs");
    for table in words(TABLES) {
        let (_, rest) = schema.split_once(&format!("    {table} (")).expect(table);
        let body = &rest[rest.find('{').expect("columns")..rest.find('}').expect("an end")];
        let declared: BTreeSet<_> = body
            .lines()
            .filter_map(|line| line.split_once("->"))
            .map(|(name, _)| name.trim().to_owned())
            .collect();
        let sql = if server.database().is_mysql() {
            format!(
                "SELECT column_name AS value FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}'"
            )
        } else {
            format!("SELECT name AS value FROM pragma_table_info('{table}')")
        };
        let found: BTreeSet<_> = server.strings(&sql).into_iter().collect();
        assert_eq!(found, declared, "{table}");
    }
}
