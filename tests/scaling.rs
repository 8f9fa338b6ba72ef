//! The cost of a page does not grow with the amount of data.

use crate::support::database::{on_server, required_mysql};
use crate::support::{Database, Person, Teahouse, count_queries, long_tests, pairs};
use std::time::Duration;
use tempfile::TempDir;

/// A subquery of the numbers from 1 to `count`, for either database.
fn numbers(count: u32) -> String {
    format!(
        "WITH RECURSIVE digits (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM digits WHERE d < 9), \
         numbers (n) AS (SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d \
         FROM digits a, digits b, digits c, digits e, digits f, digits g) \
         SELECT n FROM numbers WHERE n <= {count}"
    )
}

/// Inserts many rooms, users and messages; mei is a member of a tenth of the rooms and has read nothing.
fn fill(server: &Teahouse, rooms: u32) {
    let database = server.database();
    let now = "'2026-11-20 12:00:00.000'";
    let each = |count| format!("FROM ({}) AS each_number", numbers(count));
    for statement in [
        format!(
            "INSERT INTO users (id, username, username_key, role, status, created_at) \
             SELECT 1000 + n, CONCAT('p', n), CONCAT('p', n), 'member', 'active', {now} {}",
            each(1000)
        ),
        format!(
            "INSERT INTO rooms (id, kind, name, topic, last_seq, last_ver, created_at) \
             SELECT 1000 + n, 'closed', CONCAT('room ', n), '', 5, 5, {now} {}",
            each(rooms * 10)
        ),
        format!(
            "INSERT INTO memberships (room_id, user_id, read_seq, involvement, joined_at) \
             SELECT 1000 + n, 1, 0, 'mentions', {now} {}",
            each(rooms)
        ),
        format!(
            "INSERT INTO memberships (room_id, user_id, read_seq, involvement, joined_at) \
             SELECT 1001 + n % {rooms}, 1001 + (n - n % {rooms}) / {rooms}, 0, 'mentions', {now} {}",
            each(rooms * 10)
        ),
        format!(
            "INSERT INTO messages (room_id, seq, ver, id, change_id, user_id, client_id, sent_hash, content, created_at) \
             SELECT 1001 + n % {rooms}, 1 + (n - n % {rooms}) / {rooms}, 1 + (n - n % {rooms}) / {rooms}, 1000000 + n, 1000000 + n, 1, CONCAT('c', n), \
             '12345678901234567890123456789012', 'tea', {now} {}",
            each(rooms * 5 - 1)
        ),
    ] {
        database.run(&statement);
    }
}

#[tokio::test]
async fn thousand_unread_rooms_need_as_few_queries_as_one() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let pages = pairs("/rooms/1=/rooms/{id} /rooms=/rooms /people=/people /=/");
    let mut few = Vec::new();
    for (path, route) in &pages {
        few.push(count_queries(&server, &mei, path, route).await);
    }
    fill(&server, 1000);
    for ((path, route), few) in pages.into_iter().zip(few) {
        let many = count_queries(&server, &mei, path, route).await;
        // Mentions in unread messages and members of direct rooms are queried only when such rooms exist.
        assert!(few <= many && many <= few + 2, "{path}");
        assert!(many <= 12, "{path}: {many}");
    }
}

/// Tables of one row, and temporary tables of a plan.
const SMALL: [&str; 3] = ["installation", "SCAN installation", "SCAN CONSTANT ROW"];

/// Returns the database server's log of this server's statements, without values.
fn logged_queries(server: &Teahouse) -> Vec<String> {
    let name = server.database().url.rsplit('/').next().expect("a name");
    server.strings(&format!(
        "SELECT DISTINCT CONVERT(said.argument USING utf8mb4) AS value FROM mysql.general_log AS said \
         JOIN mysql.general_log AS came ON came.thread_id = said.thread_id AND came.command_type = 'Connect' \
         AND came.argument LIKE '%{name}%' \
         WHERE said.command_type = 'Execute' AND said.argument LIKE 'SELECT%' \
         AND said.argument NOT LIKE '%general_log%'"
    ))
}

/// Collects the statements from a MySQL or MariaDB server's log and explains them on both databases.
#[tokio::test]
async fn no_query_of_a_page_scans_a_table() {
    let Some(mysql) = required_mysql() else {
        return;
    };
    let server = Teahouse::start();
    let version = server.strings("SELECT VERSION() AS value");
    if !version[0].contains("MariaDB") {
        // MySQL explains only unprepared statements, and Diesel prepares all.
        return;
    }
    let mei = Person::register(&server, "mei").await;
    fill(&server, 1000);
    server.execute("ANALYZE TABLE users, rooms, memberships, messages, mentions, sessions");
    on_server(&mysql, "SET GLOBAL log_output = 'TABLE'");
    on_server(&mysql, "SET GLOBAL general_log = ON");
    // Connections opened from here on are logged from their first statement.
    server.execute("DO 1");
    let busy: Vec<_> = (0..16).map(|_| mei.page("/rooms/1001")).collect();
    futures_util::future::join_all(busy).await;
    for path in ["/rooms/1001?at=3", "/rooms/1001/messages?before=4", "/"] {
        mei.get(path).await;
    }
    let queries = logged_queries(&server);
    on_server(&mysql, "SET GLOBAL general_log = OFF");
    assert!(queries.len() >= 5, "{queries:#?}");
    let folder = TempDir::new().expect("a folder");
    let file = Database::file(folder.path());
    Teahouse::run(&["migrate"], &[("DATABASE_URL", &file.url)], folder.path()).expect_success();
    for query in queries {
        for database in [server.database(), &file] {
            // SQLite has no timestamp literals.
            let query = query.replace("TIMESTAMP'", "'");
            let plan = database.plan(&query);
            let through =
                |(table, how): &&(String, String)| how == "ALL" && !SMALL.contains(&table.as_str());
            assert_eq!(plan.iter().find(through), None, "{query}\n{plan:#?}");
        }
    }
}

/// Returns the CPU time of the server process.
fn cpu_time(server: &Teahouse) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).expect("a process");
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .expect("fields")
        .split_whitespace()
        .collect();
    let ticks: u64 =
        fields[11].parse::<u64>().expect("ticks") + fields[12].parse::<u64>().expect("ticks");
    Duration::from_millis(ticks * 10)
}

/// Inserts a room with this many messages.
fn insert_long_room(server: &Teahouse, id: u32, messages: u32) {
    let database = server.database();
    let now = "'2026-11-20 12:00:00.000'";
    database.run(&format!(
        "INSERT INTO rooms (id, kind, name, topic, last_seq, last_ver, created_at) \
         VALUES ({id}, 'open', 'long {id}', '', {messages}, {messages}, {now})"
    ));
    database.run(&format!(
        "INSERT INTO messages (room_id, seq, ver, id, change_id, user_id, client_id, sent_hash, content, created_at) \
         SELECT {id}, n, n, {id}0000000 + n, {id}0000000 + n, 1, CONCAT('{id}-', n), \
         '12345678901234567890123456789012', CONCAT('message ', n), {now} FROM ({}) AS each_number",
        numbers(messages)
    ));
}

#[tokio::test]
async fn room_with_a_million_messages_is_as_fast_as_one_with_a_thousand() {
    if !long_tests() {
        return;
    }
    const PAGES: u32 = 300;
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    insert_long_room(&server, 11, 1_000);
    insert_long_room(&server, 12, 1_000_000);
    let (short, long) = ("/rooms/11", "/rooms/12");
    for (what, short, long) in [
        ("the newest page", short.to_owned(), long.to_owned()),
        (
            "a permalink",
            format!("{short}?at=500"),
            format!("{long}?at=500000"),
        ),
        (
            "a page of after",
            format!("{short}/messages?after=500"),
            format!("{long}/messages?after=500000"),
        ),
    ] {
        let mut spent = [Duration::ZERO; 2];
        // Alternating, because the machine's load varies.
        for _ in 0..PAGES / 10 {
            for (path, spent) in [&short, &long].into_iter().zip(&mut spent) {
                let before = cpu_time(&server);
                for _ in 0..10 {
                    mei.page(path).await;
                }
                *spent += cpu_time(&server) - before;
            }
        }
        let ratio = spent[1].as_secs_f64() / spent[0].as_secs_f64();
        assert!(ratio < 1.5 * 5.0, "{what}: {ratio:.2}");
    }
}
