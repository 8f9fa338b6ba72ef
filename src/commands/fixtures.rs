//! `teahouse fixtures`: fills a database for a load test and reads what the audit needs. `teahouse-bench` starts it as a
//! child process.
//!
//! Each line of standard input is a request in JSON, each line of standard output its response. It ends with the input,
//! or with the first request that fails.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::print;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::database::url::DatabaseUrl;
use crate::models::fixtures;

/// Arguments of `teahouse fixtures`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The database, whose tables must exist
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Serves this file over HTTP instead, after the queries of a room page: the baseline that pages are compared with
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    /// `[[id, session key], …]`
    CreateUsers(usize),
    /// User ids of each room; `[room id, …]`
    CreateRooms(Vec<Vec<i64>>),
    CreateMessages {
        room_id: i64,
        users: Vec<i64>,
        count: i64,
        content: String,
    },
    TouchRoom(i64),
    /// Room ids; `[counter, [[room id, last seq], …]]`
    LogEnds(Vec<i64>),
    /// A value of the counter; `[[room id, seq, client id], …]`
    MessagesAfter(i64),
    /// `[microseconds, …]`
    TimeWrites {
        user_id: i64,
        room_id: i64,
        content: String,
        seconds: f64,
    },
    DropDatabase,
}

/// Serves requests until the input ends.
///
/// # Errors
/// `Unavailable` when the database cannot be used or a request is malformed.
pub fn run(options: &Options) -> Result<()> {
    let url = DatabaseUrl::parse(&options.database_url)?;
    let mut conn = None;
    for line in io::stdin().lines() {
        let request = serde_json::from_str(&line.map_err(Error::internal)?);
        let request =
            request.map_err(|error| Error::Unavailable(format!("malformed request: {error}")))?;
        print(&format!("{}\n", respond(&url, &mut conn, request)?))?;
    }
    Ok(())
}

fn respond(url: &DatabaseUrl, kept: &mut Option<DbConn>, request: Request) -> Result<Value> {
    if let Request::DropDatabase = request {
        *kept = None;
        fixtures::drop_database(url)?;
        return Ok(Value::Null);
    }
    let conn = match kept {
        Some(conn) => conn,
        None => kept.insert(DbConn::open(url)?),
    };
    Ok(match request {
        Request::CreateUsers(count) => json!(fixtures::create_users(conn, count)?),
        Request::CreateRooms(groups) => json!(fixtures::create_rooms(conn, &groups)?),
        Request::CreateMessages {
            room_id,
            users,
            count,
            content,
        } => json!(fixtures::create_messages(
            conn, room_id, &users, count, &content
        )?),
        Request::TouchRoom(room_id) => json!(fixtures::touch_room(conn, room_id)?),
        Request::LogEnds(room_ids) => json!(fixtures::log_ends(conn, &room_ids)?),
        Request::MessagesAfter(counter) => json!(fixtures::messages_after(conn, counter)?),
        Request::TimeWrites {
            user_id,
            room_id,
            content,
            seconds,
        } => {
            let time = Duration::try_from_secs_f64(seconds).map_err(Error::internal)?;
            let times = fixtures::time_writes(url, user_id, room_id, &content, time)?.into_iter();
            times.map(|time| json!(time.as_micros() as u64)).collect()
        }
        Request::DropDatabase => Value::Null,
    })
}
