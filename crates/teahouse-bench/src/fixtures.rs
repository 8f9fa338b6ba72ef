//! Client of `teahouse fixtures`, a child process with a connection to the database: it creates users, rooms and messages
//! and reads rows for the audit. Requests and responses are lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, from_value, json};

const FAILED: &str =
    "`teahouse fixtures` failed; a build without this command needs --fixtures-program";
const UNEXPECTED: &str = "`teahouse fixtures` sent something else";

/// A user with a session.
#[derive(Debug, Clone)]
pub(crate) struct FixtureUser {
    pub(crate) id: i64,
    /// The session key, for a cookie or a bearer token.
    pub(crate) key: String,
}

/// A stored message, as far as the audit compares it.
#[derive(Debug)]
pub(crate) struct AuditRow {
    pub(crate) room_id: i64,
    pub(crate) seq: i64,
    pub(crate) client_id: String,
}

/// The id counter of an installation, and the last sequence number of each room.
#[derive(Debug, Default)]
pub(crate) struct LogEnds {
    pub(crate) counter: i64,
    /// (room id, last sequence number)
    pub(crate) rooms: Vec<(i64, i64)>,
}

/// A running `teahouse fixtures`, which ends when this is dropped.
pub(crate) struct Fixtures {
    child: Child,
    requests: Option<ChildStdin>,
    responses: BufReader<ChildStdout>,
}

impl Fixtures {
    /// Starts the child process.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .arg("fixtures")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("`teahouse fixtures` cannot be started")?;
        let responses = child.stdout.take().context("no standard output")?;
        Ok(Self {
            requests: child.stdin.take(),
            responses: BufReader::new(responses),
            child,
        })
    }

    /// Creates users, each with a session and a membership in the Lobby.
    pub(crate) fn create_users(&mut self, count: usize) -> Result<Vec<FixtureUser>> {
        let users = self.request(&json!({ "create_users": count }))?;
        let users: Vec<(i64, String)> = from_value(users).context(UNEXPECTED)?;
        let user = |(id, key)| FixtureUser { id, key };
        Ok(users.into_iter().map(user).collect())
    }

    /// Creates a closed room for each group of user ids. Returns the rooms' ids in the same order.
    pub(crate) fn create_rooms(&mut self, groups: &[Vec<i64>]) -> Result<Vec<i64>> {
        let ids = self.request(&json!({ "create_rooms": groups }))?;
        from_value(ids).context(UNEXPECTED)
    }

    /// Fills an empty room with `count` messages, sent by the users in turn.
    pub(crate) fn create_messages(
        &mut self,
        room_id: i64,
        users: &[i64],
        count: i64,
        content: &str,
    ) -> Result<()> {
        let arguments =
            json!({ "room_id": room_id, "users": users, "count": count, "content": content });
        self.request(&json!({ "create_messages": arguments }))?;
        Ok(())
    }

    /// Increments a room's version, which invalidates every cached fragment of it.
    pub(crate) fn touch_room(&mut self, room_id: i64) -> Result<()> {
        self.request(&json!({ "touch_room": room_id }))?;
        Ok(())
    }

    /// Returns where the logs of these rooms end.
    pub(crate) fn log_ends(&mut self, room_ids: &[i64]) -> Result<LogEnds> {
        let ends = self.request(&json!({ "log_ends": room_ids }))?;
        let (counter, rooms) = from_value(ends).context(UNEXPECTED)?;
        Ok(LogEnds { counter, rooms })
    }

    /// Returns the messages that were stored after the id counter had this value, by room and sequence number.
    pub(crate) fn messages_after(&mut self, counter: i64) -> Result<Vec<AuditRow>> {
        let rows = self.request(&json!({ "messages_after": counter }))?;
        let rows: Vec<(i64, i64, String)> = from_value(rows).context(UNEXPECTED)?;
        let row = |(room_id, seq, client_id)| AuditRow {
            room_id,
            seq,
            client_id,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// Stores messages one per transaction, without a server. Returns how long each took.
    pub(crate) fn time_writes(
        &mut self,
        user_id: i64,
        room_id: i64,
        content: &str,
        seconds: f64,
    ) -> Result<Vec<Duration>> {
        let arguments = json!({ "user_id": user_id, "room_id": room_id, "content": content, "seconds": seconds });
        let times = self.request(&json!({ "time_writes": arguments }))?;
        let times: Vec<u64> = from_value(times).context(UNEXPECTED)?;
        Ok(times.into_iter().map(Duration::from_micros).collect())
    }

    /// Drops the MySQL database.
    pub(crate) fn drop_database(&mut self) -> Result<()> {
        self.request(&json!("drop_database"))?;
        Ok(())
    }

    fn request(&mut self, request: &Value) -> Result<Value> {
        let requests = self.requests.as_mut().context(FAILED)?;
        writeln!(requests, "{request}").context(FAILED)?;
        let mut line = String::new();
        self.responses.read_line(&mut line)?;
        serde_json::from_str(&line).context(FAILED)
    }
}

impl Drop for Fixtures {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.requests = None;
        let _ = self.child.wait();
    }
}
