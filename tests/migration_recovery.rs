//! A start that was killed at any moment, or failed for a reason that was mended since, goes on at the next start.

use crate::support::database::{on_server, mysql_url};
use crate::support::{Database, MariaDb, Outcome, Teahouse, long_tests};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn run(args: &[&str], url: &str, folder: &Path) -> Outcome {
    Teahouse::run(args, &[("DATABASE_URL", url)], folder)
}

/// Everything that migrations make: columns, indexes, records and seeded rows.
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
    let made = run(&["migrate"], &database.url, folder);
    assert!(made.status.success(), "{made:?}");
    schema(&database)
}

/// The MySQL migrations, oldest first: version and statements. None of them has a semicolon in a text.
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
        let statements = sql
            .split(';')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        (version, statements.map(str::to_owned).collect())
    };
    paths.iter().map(one).collect()
}

/// A database in which only the first `migrations` and then `statements` of the next were run, as text.
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

/// Places at which a program may have been killed: after each statement of each migration, before its record.
fn places() -> Vec<(usize, usize)> {
    let all = migrations("up.sql").into_iter().enumerate();
    let places =
        all.flat_map(|(index, (_, parts))| (1..=parts.len()).map(move |part| (index, part)));
    let is_tried = |(index, _): &(usize, usize)| long_tests() || [0, 3, 12, 15].contains(index);
    places.filter(is_tried).collect()
}

#[test]
fn start_killed_after_any_statement_goes_on() {
    if mysql_url().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let whole = reference(folder.path());
    for (index, part) in places() {
        let database = partial(folder.path(), index, part);
        let done = run(&["migrate"], &database.url, folder.path());
        assert!(
            done.status.success(),
            "migration {index}, statement {part}: {done:?}"
        );
        assert_eq!(
            schema(&database),
            whole,
            "migration {index}, statement {part}"
        );
    }
}

#[test]
fn half_done_migrations_can_be_taken_back() {
    if mysql_url().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let names =
        "SELECT table_name AS value FROM information_schema.tables WHERE table_schema = DATABASE()";
    for (index, part) in places() {
        let database = partial(folder.path(), index, part);
        let back = run(&["migrate", "--revert-all"], &database.url, folder.path());
        assert!(
            back.status.success(),
            "migration {index}, statement {part}: {back:?}"
        );
        assert_eq!(
            database.strings(names),
            ["__diesel_schema_migrations"],
            "migration {index}, statement {part}"
        );
    }
}

#[test]
fn interrupted_revert_goes_on() {
    if mysql_url().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let names =
        "SELECT table_name AS value FROM information_schema.tables WHERE table_schema = DATABASE()";
    let down = migrations("down.sql");
    for (index, part) in places() {
        let (_, parts) = &down[index];
        let database = partial(folder.path(), index + 1, 0);
        let mut conn = database.second_connection();
        parts.iter().take(part).for_each(|sql| conn.run(sql));
        let back = run(&["migrate", "--revert-all"], &database.url, folder.path());
        assert!(
            back.status.success(),
            "migration {index}, statement {part}: {back:?}"
        );
        assert_eq!(
            database.strings(names),
            ["__diesel_schema_migrations"],
            "migration {index}, statement {part}"
        );
    }
}

/// `bin/test --all` kills it at 30 moments, otherwise at 4.
#[test]
fn first_start_killed_at_any_moment_is_followed_by_one_that_serves() {
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
        program.kill().expect("it was running");
        program.wait().expect("it ended");
        let tables = database_tables(&database);
        let server = Teahouse::on(database, &[("DATA_DIR", data)]);
        assert_eq!(schema(server.database()), whole, "killed at moment {moment}");
        found.push(tables);
    }
    println!("usual start {usual:?}; tables and views when it was killed: {found:?}");
}

/// How many tables and views there are; 0 as well when there is no database.
fn database_tables(database: &Database) -> i64 {
    let name = database.url.rsplit('/').next().expect("a name");
    match mysql_url() {
        None => -1,
        Some(mariadb) => Database::at(format!("{mariadb}/information_schema")).number(&format!(
            "SELECT COUNT(*) AS value FROM information_schema.tables WHERE table_schema = '{name}'"
        )),
    }
}

#[test]
fn binary_log_by_statement_is_refused_before_the_first_table() {
    let arguments = [
        "--log-bin=binlog",
        "--server-id=1",
        "--binlog-format=STATEMENT",
    ];
    let Some(mariadb) = MariaDb::start_with(None, &arguments) else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let database = Database::on(&mariadb.url);
    let refused = run(&["serve"], &database.url, folder.path());
    println!("{}", refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("SET GLOBAL binlog_format"),
        "{refused:?}"
    );
    let tables =
        "SELECT COUNT(*) AS value FROM information_schema.tables WHERE table_schema = DATABASE()";
    assert_eq!(database.number(tables), 0);
    on_server(&mariadb.url, "SET GLOBAL binlog_format = 'ROW'");
    drop(Teahouse::on(Database::at(database.url.clone()), &[]));
}

#[test]
fn account_without_a_right_is_refused_before_the_first_table_and_goes_on_when_it_has_it() {
    let Some(mysql) = mysql_url() else {
        return;
    };
    let folder = TempDir::new().expect("a folder");
    let host = mysql.rsplit('@').next().expect("a host");
    const ALL: [&str; 10] = [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "DROP",
        "ALTER",
        "INDEX",
        "CREATE VIEW",
        "REFERENCES",
    ];
    for right in ALL {
        let database = Database::new(folder.path());
        let name = database.url.rsplit('/').next().expect("a name");
        let account = &name[..25];
        on_server(
            &mysql,
            &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
        );
        on_server(
            &mysql,
            &format!("CREATE USER '{account}'@'%' IDENTIFIED BY 'pot'"),
        );
        let granted: Vec<&str> = ALL.into_iter().filter(|other| *other != right).collect();
        let rights = granted.join(", ");
        on_server(
            &mysql,
            &format!("GRANT {rights} ON {name}.* TO '{account}'@'%'"),
        );
        let url = format!("mysql://{account}:pot@{host}/{name}");
        let refused = run(&["migrate"], &url, folder.path());
        let tables = format!(
            "SELECT COUNT(*) AS value FROM information_schema.tables WHERE table_schema = '{name}'"
        );
        let left = database.number(&tables);
        on_server(
            &mysql,
            &format!("GRANT {right} ON {name}.* TO '{account}'@'%'"),
        );
        let done = run(&["migrate"], &url, folder.path());
        on_server(&mysql, &format!("DROP USER '{account}'@'%'"));
        println!("{right}: {}", refused.stderr.trim());
        // MariaDB makes foreign keys without this right.
        if right == "REFERENCES" && refused.status.success() {
            continue;
        }
        assert_eq!(refused.status.code(), Some(1), "{right}: {refused:?}");
        assert!(
            refused.stderr.contains(right) && refused.stderr.contains("GRANT"),
            "{refused:?}"
        );
        assert_eq!(left, 0, "{right}");
        assert!(done.status.success(), "{right}: {done:?}");
    }
}

#[test]
fn tables_of_another_program_are_left_alone() {
    if mysql_url().is_none() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    for table in ["installation", "users", "rooms"] {
        let database = partial(folder.path(), 0, 0);
        database.run(&format!("CREATE TABLE {table} (id INT, theirs INT)"));
        for _ in 0..2 {
            let refused = run(&["migrate"], &database.url, folder.path());
            assert_eq!(refused.status.code(), Some(1), "{refused:?}");
            assert!(refused.stderr.contains("of its own"), "{refused:?}");
        }
        let back = run(&["migrate", "--revert-all"], &database.url, folder.path());
        assert!(back.status.success(), "{back:?}");
        assert_eq!(
            database.number(&format!("SELECT COUNT(theirs) AS value FROM {table}")),
            0
        );
    }
}

#[test]
fn waiting_for_the_start_never_takes_longer_than_usual() {
    // A database that is up to date needs no write lock to start.
    if mysql_url().is_some() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let database = Database::new(folder.path());
    assert!(
        run(&["migrate"], &database.url, folder.path())
            .status
            .success()
    );
    let mut other = database.second_connection();
    other.run("BEGIN IMMEDIATE");
    let done = run(&["migrate"], &database.url, folder.path());
    assert!(
        done.status.success() && done.took < Duration::from_secs(4),
        "{done:?}"
    );
}
