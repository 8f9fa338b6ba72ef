//! Direct access to a test's database, SQLite or MySQL.

use super::Teahouse;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{
    Connection, MysqlConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query,
};
use std::path::Path;

/// Returns whether `bin/test --all` runs the long tests too.
pub fn long_tests() -> bool {
    std::env::var_os("TEAHOUSE_TEST_ALL").is_some()
}

/// Shortens the timeouts of clients that stop reading to one second; the long tests use production's.
pub fn short_timeouts() -> &'static [(&'static str, &'static str)] {
    const SHORT: [(&str, &str); 2] = [
        ("socket.blocked_seconds", "1"),
        ("socket.farewell_seconds", "1"),
    ];
    if long_tests() { &[] } else { &SHORT }
}

/// A test's database. One on a MySQL server is dropped at the end.
pub struct Database {
    /// The value of `DATABASE_URL`.
    pub url: String,
    server: Option<String>,
}

#[derive(QueryableByName)]
struct IntegerRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

#[derive(QueryableByName)]
struct ExplainRow {
    #[diesel(sql_type = Nullable<Text>)]
    table: Option<String>,
    #[diesel(sql_type = Nullable<Text>, column_name = "type")]
    how: Option<String>,
}

#[derive(QueryableByName)]
struct QueryPlanRow {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// A row of the `chat_history` view for admins.
#[derive(QueryableByName, Debug, Clone, PartialEq, Eq)]
pub struct TranscriptRow {
    #[diesel(sql_type = BigInt)]
    pub message_id: i64,
    #[diesel(sql_type = BigInt)]
    pub room_id: i64,
    #[diesel(sql_type = Text)]
    pub room_name: String,
    #[diesel(sql_type = Text)]
    pub room_kind: String,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = BigInt)]
    pub sender_id: i64,
    #[diesel(sql_type = Text)]
    pub sender_username: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub sender_phone: Option<String>,
    #[diesel(sql_type = Text)]
    pub content: String,
    #[diesel(sql_type = Text)]
    pub sent_at: String,
}

/// A separate connection, which can hold a transaction open.
pub struct SecondConnection(Either);

enum Either {
    Mysql(MysqlConnection),
    Sqlite(SqliteConnection),
}

impl SecondConnection {
    /// Runs a statement without preparing it.
    pub fn run(&mut self, sql: &str) {
        let done = match &mut self.0 {
            Either::Mysql(conn) => conn.batch_execute(sql),
            Either::Sqlite(conn) => conn.batch_execute(sql),
        };
        done.expect(sql);
    }
}

macro_rules! on {
    ($self:ident, $conn:ident => $work:expr) => {
        if $self.is_mysql() {
            let mut connection =
                MysqlConnection::establish(&$self.url).expect("the database is reachable");
            let $conn = &mut connection;
            $work
        } else {
            let file = $self.url.strip_prefix("sqlite://").expect("an SQLite file");
            let mut connection = SqliteConnection::establish(file).expect("the database opens");
            sql_query("PRAGMA busy_timeout = 10000")
                .execute(&mut connection)
                .expect("a pragma");
            let $conn = &mut connection;
            $work
        }
    };
}

impl Database {
    /// Names a new database: a file in `folder`, or one on the server that the environment names.
    pub fn new(folder: &Path) -> Self {
        match mysql_url() {
            Some(server) => Self {
                url: format!("{server}/test_{}", uuid::Uuid::new_v4().simple()),
                server: Some(server),
            },
            None => Self {
                url: format!("sqlite://{}", folder.join("teahouse.db").display()),
                server: None,
            },
        }
    }

    /// A SQLite file in `folder`, on any configured server.
    pub fn file(folder: &Path) -> Self {
        Self {
            url: format!("sqlite://{}", folder.join("teahouse.db").display()),
            server: None,
        }
    }

    /// A new database on this server; not dropped at the end.
    pub fn on(server: &str) -> Self {
        Self {
            url: format!("{server}/test_{}", uuid::Uuid::new_v4().simple()),
            server: None,
        }
    }

    /// The database of this URL; not dropped at the end.
    pub fn at(url: String) -> Self {
        Self { url, server: None }
    }

    /// Explains a query. Returns, for each table, name and access type on MySQL; the plan's line and `ALL` for a full
    /// scan on SQLite.
    pub fn plan(&self, query: &str) -> Vec<(String, String)> {
        if self.is_mysql() {
            let sql = format!("EXPLAIN {query}");
            let steps: Vec<ExplainRow> = on!(self, conn => sql_query(&sql).load(conn).expect(&sql));
            let named = steps.into_iter().map(|step| (step.table, step.how));
            return named
                .map(|(table, how)| (table.unwrap_or_default(), how.unwrap_or_default()))
                .collect();
        }
        let sql = format!("EXPLAIN QUERY PLAN {query}");
        let steps: Vec<QueryPlanRow> = on!(self, conn => sql_query(&sql).load(conn).expect(&sql));
        let through = |line: &str| line.starts_with("SCAN") && !line.contains(" USING ");
        steps
            .into_iter()
            .map(|step| {
                let how = if through(&step.detail) { "ALL" } else { "" };
                (step.detail, how.to_owned())
            })
            .collect()
    }

    /// Returns whether this is MySQL or MariaDB.
    pub fn is_mysql(&self) -> bool {
        self.url.starts_with("mysql:")
    }

    /// Returns an integer column called `value`.
    pub fn number(&self, sql: &str) -> i64 {
        on!(self, conn => sql_query(sql).get_result::<IntegerRow>(conn).expect(sql).value)
    }

    /// Returns a text column called `value`.
    pub fn strings(&self, sql: &str) -> Vec<String> {
        on!(self, conn => sql_query(sql).load::<TextRow>(conn).expect(sql))
            .into_iter()
            .map(|row| row.value.unwrap_or_else(|| "NULL".to_owned()))
            .collect()
    }

    /// Runs a statement.
    pub fn run(&self, sql: &str) {
        on!(self, conn => { sql_query(sql).execute(conn).expect(sql); });
    }

    /// Opens a connection that stays open until it is dropped.
    pub fn second_connection(&self) -> SecondConnection {
        if self.is_mysql() {
            let conn = MysqlConnection::establish(&self.url);
            return SecondConnection(Either::Mysql(conn.expect("the database is reachable")));
        }
        let file = self.url.strip_prefix("sqlite://").expect("an SQLite file");
        let conn = SqliteConnection::establish(file);
        SecondConnection(Either::Sqlite(conn.expect("the database opens")))
    }

    /// Returns all messages as admins see them.
    pub fn transcript(&self) -> Vec<TranscriptRow> {
        let sql = "SELECT message_id, room_id, room_name, room_kind, seq, sender_id, sender_username, sender_phone, \
                   content, CAST(sent_at AS CHAR) AS sent_at FROM chat_history ORDER BY message_id";
        on!(self, conn => sql_query(sql).load(conn).expect(sql))
    }

    /// Inserts a room with these members, and returns its id.
    pub fn add_room(&self, kind: &str, name: &str, members: &[&str]) -> String {
        let now = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S%.3f");
        self.run(&format!(
            "INSERT INTO rooms (kind, name, topic, created_at) VALUES ('{kind}', '{name}', '', '{now}')"
        ));
        let id = self.number(&format!(
            "SELECT id AS value FROM rooms WHERE name = '{name}'"
        ));
        for member in members {
            self.run(&format!(
                "INSERT INTO memberships (room_id, user_id, read_seq, joined_at) \
                 SELECT {id}, id, 0, '{now}' FROM users WHERE username = '{member}'"
            ));
        }
        id.to_string()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            let name = self.url.rsplit('/').next().unwrap_or_default();
            let url = format!("{server}/information_schema");
            // Must not panic, so that a failed test reports its own error.
            if let Ok(mut conn) = MysqlConnection::establish(&url) {
                let _ = sql_query(format!("DROP DATABASE IF EXISTS {name}")).execute(&mut conn);
            }
        }
    }
}

/// Returns the URL of the MySQL or MariaDB server for the tests, without a database name.
pub fn mysql_url() -> Option<String> {
    let url = std::env::var("TEAHOUSE_TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())?;
    let (scheme, rest) = url
        .split_once("://")
        .expect("TEAHOUSE_TEST_DATABASE_URL is a URL");
    let host = rest.split('/').next().unwrap_or_default();
    Some(format!("{scheme}://{host}"))
}

/// Like [`mysql_url`]; without a server, prints that the test is skipped.
pub fn required_mysql() -> Option<String> {
    let url = mysql_url();
    if url.is_none() {
        println!("SKIPPED: requires MariaDB or MySQL");
    }
    url
}

/// Whether the tests run on SQLite; if not, prints that this one is skipped.
pub fn requires_sqlite() -> bool {
    let is_sqlite = mysql_url().is_none();
    if !is_sqlite {
        println!("SKIPPED: requires SQLite");
    }
    is_sqlite
}

/// Runs a statement on a server outside the tests' databases.
pub fn on_server(server: &str, sql: &str) {
    let mut conn = MysqlConnection::establish(&format!("{server}/information_schema"))
        .expect("the server is reachable");
    sql_query(sql).execute(&mut conn).expect(sql);
}

impl Teahouse {
    /// Counts the rows of a table, with an optional `WHERE` clause.
    pub fn count(&self, rows: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) AS value FROM {rows}");
        self.database.number(&sql)
    }

    /// Runs a statement on the server's database.
    pub fn execute(&self, sql: &str) {
        self.database.run(sql);
    }

    /// Returns an integer column called `value` from the server's database.
    pub fn number(&self, sql: &str) -> i64 {
        self.database.number(sql)
    }

    /// Returns a text column called `value` from the server's database.
    pub fn strings(&self, sql: &str) -> Vec<String> {
        self.database.strings(sql)
    }

    /// The server's database.
    pub fn database(&self) -> &Database {
        &self.database
    }
}
