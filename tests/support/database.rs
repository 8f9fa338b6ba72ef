//! A look behind the program's back: its database, whichever of the two it is.

use super::Teahouse;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{
    Connection, MysqlConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query,
};
use std::path::Path;

/// True when `bin/test --all` runs the long tests too.
pub fn long_tests() -> bool {
    std::env::var_os("TEAHOUSE_TEST_ALL").is_some()
}

/// Peers that take nothing are given a second; in the long tests as long as in production.
pub fn hurried() -> &'static [(&'static str, &'static str)] {
    const HURRIED: [(&str, &str); 2] = [
        ("TEAHOUSE__SOCKET__BLOCKED_SECONDS", "1"),
        ("TEAHOUSE__SOCKET__FAREWELL_SECONDS", "1"),
    ];
    if long_tests() { &[] } else { &HURRIED }
}

/// Where a test's program keeps its data. On a server the database is dropped at the end.
pub struct Database {
    /// As the program gets it in `DATABASE_URL`.
    pub url: String,
    server: Option<String>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

#[derive(QueryableByName)]
struct Access {
    #[diesel(sql_type = Nullable<Text>)]
    table: Option<String>,
    #[diesel(sql_type = Nullable<Text>, column_name = "type")]
    how: Option<String>,
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// One line of the transcript that admins read.
#[derive(QueryableByName, Debug, Clone, PartialEq, Eq)]
pub struct Line {
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

/// Somebody else's connection to a test's database, with a transaction of its own.
pub struct Other(Either);

enum Either {
    Mysql(MysqlConnection),
    Sqlite(SqliteConnection),
}

impl Other {
    /// Runs a statement, which need not be one that can be prepared.
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
                MysqlConnection::establish(&$self.url).expect("the database answers");
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
    /// A new database of its own: a file in `folder`, or one on the server that the environment names.
    pub fn new(folder: &Path) -> Self {
        match server() {
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

    /// A file in `folder`, whatever the environment names.
    pub fn file(folder: &Path) -> Self {
        Self {
            url: format!("sqlite://{}", folder.join("teahouse.db").display()),
            server: None,
        }
    }

    /// A database of its own on this server, which goes with the server.
    pub fn on(server: &str) -> Self {
        Self {
            url: format!("{server}/test_{}", uuid::Uuid::new_v4().simple()),
            server: None,
        }
    }

    /// The database of this URL, which is not dropped at the end.
    pub fn at(url: String) -> Self {
        Self { url, server: None }
    }

    /// How each table is read for a question: on MySQL its name and the access type, on SQLite the plan's line and
    /// `ALL` for a table that is read through.
    pub fn plan(&self, question: &str) -> Vec<(String, String)> {
        if self.is_mysql() {
            let sql = format!("EXPLAIN {question}");
            let steps: Vec<Access> = on!(self, conn => sql_query(&sql).load(conn).expect(&sql));
            let named = steps.into_iter().map(|step| (step.table, step.how));
            return named
                .map(|(table, how)| (table.unwrap_or_default(), how.unwrap_or_default()))
                .collect();
        }
        let sql = format!("EXPLAIN QUERY PLAN {question}");
        let steps: Vec<Step> = on!(self, conn => sql_query(&sql).load(conn).expect(&sql));
        let through = |line: &str| line.starts_with("SCAN") && !line.contains(" USING ");
        steps
            .into_iter()
            .map(|step| {
                let how = if through(&step.detail) { "ALL" } else { "" };
                (step.detail, how.to_owned())
            })
            .collect()
    }

    /// On MySQL or MariaDB?
    pub fn is_mysql(&self) -> bool {
        self.url.starts_with("mysql:")
    }

    /// One number: the column is called `value`.
    pub fn number(&self, sql: &str) -> i64 {
        on!(self, conn => sql_query(sql).get_result::<Number>(conn).expect(sql).value)
    }

    /// One column of texts, called `value`.
    pub fn words(&self, sql: &str) -> Vec<String> {
        on!(self, conn => sql_query(sql).load::<Word>(conn).expect(sql))
            .into_iter()
            .map(|word| word.value.unwrap_or_else(|| "NULL".to_owned()))
            .collect()
    }

    /// Changes something.
    pub fn run(&self, sql: &str) {
        on!(self, conn => { sql_query(sql).execute(conn).expect(sql); });
    }

    /// A connection that stays open until it is dropped.
    pub fn other(&self) -> Other {
        if self.is_mysql() {
            let conn = MysqlConnection::establish(&self.url);
            return Other(Either::Mysql(conn.expect("the database answers")));
        }
        let file = self.url.strip_prefix("sqlite://").expect("an SQLite file");
        let conn = SqliteConnection::establish(file);
        Other(Either::Sqlite(conn.expect("the database opens")))
    }

    /// Everything that was ever said, as admins see it.
    pub fn transcript(&self) -> Vec<Line> {
        let sql = "SELECT message_id, room_id, room_name, room_kind, seq, sender_id, sender_username, sender_phone, \
                   content, CAST(sent_at AS CHAR) AS sent_at FROM chat_history ORDER BY message_id";
        on!(self, conn => sql_query(sql).load(conn).expect(sql))
    }

    /// A room made behind the program's back, with these people in it. Returns its id.
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
            // A test that fails already shall say why, so this must not panic.
            if let Ok(mut conn) = MysqlConnection::establish(&url) {
                let _ = sql_query(format!("DROP DATABASE IF EXISTS {name}")).execute(&mut conn);
            }
        }
    }
}

/// The MySQL or MariaDB server that the tests shall use, without a database's name.
pub fn server() -> Option<String> {
    let url = std::env::var("TEAHOUSE_TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())?;
    let (scheme, rest) = url
        .split_once("://")
        .expect("TEAHOUSE_TEST_DATABASE_URL is a URL");
    let host = rest.split('/').next().unwrap_or_default();
    Some(format!("{scheme}://{host}"))
}

/// Runs a statement outside any of our databases.
pub fn on_server(server: &str, sql: &str) {
    let mut conn = MysqlConnection::establish(&format!("{server}/information_schema"))
        .expect("the server answers");
    sql_query(sql).execute(&mut conn).expect(sql);
}

impl Teahouse {
    /// How many rows there are in a table, perhaps with `WHERE`.
    pub fn count(&self, rows: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) AS value FROM {rows}");
        self.database.number(&sql)
    }

    /// Rooms, people and messages as the database has them.
    pub fn database(&self) -> &Database {
        &self.database
    }
}
