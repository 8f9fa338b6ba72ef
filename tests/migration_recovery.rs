//! Migrations resume after the process was killed or after a corrected failure.

use crate::support::database::{mysql_url, on_server, required_mysql, requires_sqlite};
use crate::support::{Database, MariaDb, Outcome, Teahouse, long_tests, words};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn run(args: &[&str], url: &str, folder: &Path) -> Outcome {
    Teahouse::run(args, &[("DATABASE_URL", url)], folder)
}

/// Describes everything that migrations create: columns, indexes, constraints, records and seeded rows.
fn schema(database: &Database) -> Vec<String> {
    let questions: &[&str] = match database.is_mysql() {
        true => &[
            "SELECT CONCAT_WS('|', table_name, column_name, column_type, is_nullable, column_default, collation_name) \
             AS value FROM information_schema.columns WHERE table_schema = DATABASE() \
             ORDER BY table_name, ordinal_position",
            "SELECT CONCAT_WS('|', table_name, index_name, seq_in_index, column_name, non_unique) AS value \
             FROM information_schema.statistics WHERE table_schema = DATABASE() \
             ORDER BY table_name, index_name, seq_in_index",
            "SELECT CONCAT_WS('|', table_name, constraint_type) AS value FROM information_schema.table_constraints \
             WHERE table_schema = DATABASE() ORDER BY table_name, constraint_type, constraint_name",
        ],
        false => &["SELECT sql AS value FROM sqlite_master ORDER BY name"],
    };
    let rows = [
        "SELECT version AS value FROM __diesel_schema_migrations ORDER BY version",
        "SELECT name AS value FROM rooms ORDER BY id",
        "SELECT CAST(COUNT(*) AS CHAR) AS value FROM installation",
    ];
    let all = questions.iter().chain(&rows);
    all.flat_map(|sql| database.strings(sql)).collect()
}

fn reference(folder: &Path) -> Vec<String> {
    let database = Database::new(folder);
    run(&["migrate"], &database.url, folder).expect_success();
    schema(&database)
}

/// Returns the MySQL migrations, oldest first: version and statements. No string literal contains a semicolon.
fn migrations(way: &str) -> Vec<(String, Vec<String>)> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/mysql");
    let folders = fs::read_dir(root).expect("migrations");
    let mut paths: Vec<_> = folders
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let one = |path: &std::path::PathBuf| {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let version: String = name.split('_').next().expect("a version").replace('-', "");
        let sql = fs::read_to_string(path.join(way)).expect("SQL");
        let lines = sql
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        let sql = lines.collect::<Vec<_>>().join("\n");
        let parts = sql.split(';');
        let statements = parts.map(str::trim).filter(|text| !text.is_empty());
        (version, statements.map(str::to_owned).collect())
    };
    paths.iter().map(one).collect()
}

/// Creates a database with the first `whole` migrations and `statements` statements of the next one.
fn partial(folder: &Path, whole: usize, statements: usize) -> Database {
    let database = Database::new(folder);
    let mysql = mysql_url().expect("a server");
    let name = database.url.rsplit('/').next().expect("a name");
    on_server(
        &mysql,
        &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
    );
    let mut conn = database.second_connection();
    conn.run(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    );
    for (index, (version, parts)) in migrations("up.sql").into_iter().enumerate() {
        if index > whole {
            break;
        }
        let done = if index < whole {
            parts.len()
        } else {
            statements
        };
        parts.iter().take(done).for_each(|sql| conn.run(sql));
        if index < whole {
            conn.run(&format!(
                "INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"
            ));
        }
    }
    database
}

/// Points at which the process may be killed: after each statement of each migration, before its record.
fn kill_points() -> Vec<(usize, usize)> {
    let all = migrations("up.sql").into_iter().enumerate();
    let points =
        all.flat_map(|(index, (_, parts))| (1..=parts.len()).map(move |part| (index, part)));
    let is_tried = |(index, _): &(usize, usize)| long_tests() || [0, 3, 12, 15].contains(index);
    points.filter(is_tried).collect()
}

/// Names of all tables in the connection's database.
const TABLE_NAMES: &str =
    "SELECT table_name AS value FROM information_schema.tables WHERE table_schema = DATABASE()";

/// Reverts all migrations; no table but diesel's own is left.
fn assert_reverts(database: &Database, folder: &Path, point: (usize, usize)) {
    let reverted = run(&["migrate", "--revert-all"], &database.url, folder);
    assert!(reverted.status.success(), "{point:?}: {reverted:?}");
    let left = database.strings(TABLE_NAMES);
    assert_eq!(left, ["__diesel_schema_migrations"], "{point:?}");
}

#[test]
fn migration_killed_after_any_statement_resumes() {
    if required_mysql().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let whole = reference(folder.path());
    for (index, part) in kill_points() {
        let point = format!("migration {index}, statement {part}");
        let database = partial(folder.path(), index, part);
        let done = run(&["migrate"], &database.url, folder.path());
        assert!(done.status.success(), "{point}: {done:?}");
        assert_eq!(schema(&database), whole, "{point}");
    }
}

#[test]
fn partial_migrations_can_be_reverted() {
    if required_mysql().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    for (index, part) in kill_points() {
        let database = partial(folder.path(), index, part);
        assert_reverts(&database, folder.path(), (index, part));
    }
}

#[test]
fn interrupted_revert_resumes() {
    if required_mysql().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let down = migrations("down.sql");
    for (index, part) in kill_points() {
        let (_, parts) = &down[index];
        let database = partial(folder.path(), index + 1, 0);
        let mut conn = database.second_connection();
        parts.iter().take(part).for_each(|sql| conn.run(sql));
        assert_reverts(&database, folder.path(), (index, part));
    }
}

/// Kills the process at 4 moments; `bin/test --all` at 30.
#[test]
fn server_starts_after_its_first_start_was_killed_at_any_moment() {
    let folder = TempDir::new().expect("a folder");
    let whole = reference(folder.path());
    let moments = if long_tests() { 30 } else { 4 };
    let start = Instant::now();
    drop(Teahouse::start());
    let usual = start.elapsed();
    let mut found = Vec::new();
    for moment in 0..moments {
        let folder = TempDir::new().expect("a folder");
        let database = Database::new(folder.path());
        let data = folder.path().to_str().expect("UTF-8");
        let settings = [("DATABASE_URL", database.url.as_str()), ("DATA_DIR", data)];
        let mut program = Teahouse::spawn(&["serve"], &settings, folder.path());
        std::thread::sleep(usual.mul_f64(f64::from(moment) / f64::from(moments)));
        program.kill().expect("the server was running");
        program.wait().expect("the server ended");
        let tables = database_tables(&database);
        let server = Teahouse::on(database, &[("DATA_DIR", data)]);
        let actual = schema(server.database());
        assert_eq!(actual, whole, "killed at moment {moment}");
        found.push(tables);
    }
    println!("usual start {usual:?}; tables when killed (-1: SQLite): {found:?}");
}

/// Number of tables and views; 0 if the database does not exist.
fn database_tables(database: &Database) -> i64 {
    let name = database.url.rsplit('/').next().expect("a name");
    match mysql_url() {
        None => -1,
        Some(mysql) => Database::at(format!("{mysql}/information_schema")).number(&format!(
            "SELECT COUNT(*) AS value FROM information_schema.tables WHERE table_schema = '{name}'"
        )),
    }
}

#[test]
fn statement_based_binary_log_is_rejected_before_any_table_is_created() {
    let arguments = words("--log-bin=binlog --server-id=1 --binlog-format=STATEMENT");
    let Some(mysql) = MariaDb::start_with(None, &arguments) else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let database = Database::on(&mysql.url);
    let refused = run(&["serve"], &database.url, folder.path()).expect_failure();
    let is_shown = refused.stderr.contains("SET GLOBAL binlog_format");
    assert!(is_shown, "{refused:?}");
    assert!(database.strings(TABLE_NAMES).is_empty());
    on_server(&mysql.url, "SET GLOBAL binlog_format = 'ROW'");
    drop(Teahouse::on(Database::at(database.url.clone()), &[]));
}

#[test]
fn missing_privilege_is_reported_before_any_table_is_created_and_granting_it_suffices() {
    let Some(mysql) = required_mysql() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let host = mysql.rsplit('@').next().expect("a host");
    let all = "SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,ALTER,INDEX,CREATE VIEW,REFERENCES";
    for right in all.split(',') {
        let database = Database::new(folder.path());
        let name = database.url.rsplit('/').next().expect("a name");
        let account = &name[..25];
        for sql in [
            format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
            format!("CREATE USER '{account}'@'%' IDENTIFIED BY 'pot'"),
        ] {
            on_server(&mysql, &sql);
        }
        let grant = |rights: &str| {
            on_server(
                &mysql,
                &format!("GRANT {rights} ON {name}.* TO '{account}'@'%'"),
            );
        };
        let others: Vec<&str> = all.split(',').filter(|other| *other != right).collect();
        grant(&others.join(", "));
        let url = format!("mysql://{account}:pot@{host}/{name}");
        let refused = run(&["migrate"], &url, folder.path());
        let left = database.strings(TABLE_NAMES);
        grant(right);
        let done = run(&["migrate"], &url, folder.path());
        on_server(&mysql, &format!("DROP USER '{account}'@'%'"));
        // MariaDB creates foreign keys without this privilege.
        if right == "REFERENCES" && refused.status.success() {
            continue;
        }
        assert_eq!(refused.status.code(), Some(1), "{right}: {refused:?}");
        let is_shown = refused.stderr.contains(right) && refused.stderr.contains("GRANT");
        assert!(is_shown, "{refused:?}");
        assert!(left.is_empty(), "{right}: {left:?}");
        assert!(done.status.success(), "{right}: {done:?}");
    }
}

#[test]
fn existing_tables_of_another_application_are_not_touched() {
    if required_mysql().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    for table in ["installation", "users", "rooms"] {
        let database = partial(folder.path(), 0, 0);
        database.run(&format!("CREATE TABLE {table} (id INT, theirs INT)"));
        for _ in 0..2 {
            let refused = run(&["migrate"], &database.url, folder.path()).expect_failure();
            assert!(refused.stderr.contains("separate database"), "{refused:?}");
        }
        run(&["migrate", "--revert-all"], &database.url, folder.path()).expect_success();
        let found = database.number(&format!("SELECT COUNT(theirs) AS value FROM {table}"));
        assert_eq!(found, 0);
    }
}

#[test]
fn migrating_an_up_to_date_database_does_not_wait_for_a_write_lock() {
    if !requires_sqlite() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let database = Database::new(folder.path());
    run(&["migrate"], &database.url, folder.path()).expect_success();
    let mut other = database.second_connection();
    other.run("BEGIN IMMEDIATE");
    let done = run(&["migrate"], &database.url, folder.path());
    let is_success = done.status.success() && done.took < Duration::from_secs(4);
    assert!(is_success, "{done:?}");
}
