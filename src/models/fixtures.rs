//! Load-test fixtures: users with sessions, rooms and messages written straight to the database, and the rows that an
//! audit compares with what clients saw. `teahouse fixtures` offers them to `teahouse-bench`.
//!
//! # Errors
//! Unless a function says otherwise, `Unavailable` when the database cannot be used.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::database::{Database, PoolLimits};
use super::now;
use super::room::LOBBY;
use super::schema::{installation, memberships, messages, rooms, sessions, users};
use crate::error::{Error, Result};
use crate::models::auth::session::{self, SessionKind};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::database::url::DatabaseUrl;
use crate::models::message_store::{MessageWriter, new_message};
use crate::models::statement::Statement;
use crate::models::values::client_id::ClientId;
use crate::models::values::content::Content;
use crate::protocol::RoomKind;
use crate::protocol::commands::WriteCommand;

/// Rows per statement: SQLite binds at most 32,766 values.
const ROWS: usize = 1_000;
/// Messages per transaction.
const MESSAGES: i64 = 50_000;
/// Lifetime of a fixture session.
const SESSION_LIFETIME: TimeDelta = TimeDelta::days(30);

/// Inserts the rows of an iterator.
macro_rules! insert_all {
    ($conn:expr, $table:expr, $rows:expr) => {
        for rows in $rows.collect::<Vec<_>>().chunks(ROWS) {
            on_each!($conn, conn => diesel::insert_into($table).values(rows).execute(conn))?;
        }
    };
}

/// Creates `count` users, each with a session and a membership in the Lobby. Returns their ids and the keys of their
/// sessions, for a cookie or a bearer token.
pub fn create_users(conn: &mut DbConn, count: usize) -> Result<Vec<(i64, String)>> {
    // The database may hold users of an earlier load test.
    let (tag, _) = session::new_key();
    let prefix = format!("extra{}x", &tag[..8]);
    conn.write(|conn| {
        let names: Vec<String> = (1..=count).map(|n| format!("{prefix}{n}")).collect();
        let row = |name| {
            (
                users::username.eq(name),
                users::username_key.eq(name),
                users::created_at.eq(now()),
            )
        };
        insert_all!(conn, users::table, names.iter().map(row));
        let ids: Vec<i64> = users::table
            .filter(users::username.like(format!("{prefix}%")))
            .order(users::id)
            .select(users::id)
            .load(conn)?;
        join(conn, LOBBY, &ids)?;
        create_sessions(conn, ids)
    })
}

fn create_sessions(conn: &mut DbConn, ids: Vec<i64>) -> Result<Vec<(i64, String)>> {
    let (keys, hashes): (Vec<_>, Vec<_>) = ids.iter().map(|_| session::new_key()).unzip();
    let row = |(user_id, hash)| {
        (
            sessions::key_hash.eq(hash),
            sessions::user_id.eq(user_id),
            sessions::kind.eq(SessionKind::Cookie),
            sessions::user_agent.eq("teahouse-bench"),
            sessions::ip.eq("127.0.0.1"),
            sessions::created_at.eq(now()),
            sessions::seen_at.eq(now()),
            sessions::expires_at.eq(now() + SESSION_LIFETIME),
        )
    };
    insert_all!(conn, sessions::table, ids.iter().zip(&hashes).map(row));
    Ok(ids.into_iter().zip(keys).collect())
}

/// Creates a closed room for each group of user ids. Returns the rooms' ids in the same order.
pub fn create_rooms(conn: &mut DbConn, groups: &[Vec<i64>]) -> Result<Vec<i64>> {
    conn.write(|conn| {
        let row = |n| {
            (
                rooms::kind.eq(RoomKind::Closed),
                rooms::name.eq(format!("Extra room {n}")),
                rooms::topic.eq(""),
                rooms::created_at.eq(now()),
            )
        };
        insert_all!(conn, rooms::table, (0..groups.len()).map(row));
        let mut ids: Vec<i64> = rooms::table
            .order(rooms::id.desc())
            .limit(i64::try_from(groups.len()).unwrap_or(i64::MAX))
            .select(rooms::id)
            .load(conn)?;
        ids.reverse();
        for (id, users) in ids.iter().zip(groups) {
            join(conn, *id, users)?;
        }
        Ok(ids)
    })
}

fn join(conn: &mut DbConn, room_id: i64, users: &[i64]) -> Result<()> {
    let row = |user_id| {
        (
            memberships::room_id.eq(room_id),
            memberships::user_id.eq(user_id),
            memberships::joined_at.eq(now()),
        )
    };
    insert_all!(conn, memberships::table, users.iter().map(row));
    Ok(())
}

/// Fills a room that has no messages with `count` of them, sent by the users in turn.
pub fn create_messages(
    conn: &mut DbConn,
    room_id: i64,
    users: &[i64],
    count: i64,
    content: &str,
) -> Result<()> {
    let (now, mut done) = (now(), 0);
    while done < count {
        let last = count.min(done + MESSAGES);
        conn.write(|conn| {
            let first_id = super::installation::allocate_ids(conn, last - done)?;
            let row = |seq| {
                let id = first_id + seq - done - 1;
                let author = users[usize::try_from(seq).unwrap_or(0) % users.len()];
                (
                    messages::room_id.eq(room_id),
                    messages::seq.eq(seq),
                    messages::ver.eq(seq),
                    messages::id.eq(id),
                    messages::change_id.eq(id),
                    messages::user_id.eq(author),
                    messages::client_id.eq(ClientId::random().to_string()),
                    messages::sent_hash.eq([0_u8; 32].as_slice()),
                    messages::content.eq(content),
                    messages::created_at.eq(now),
                )
            };
            insert_all!(conn, messages::table, (done + 1..=last).map(row));
            let ends = (
                rooms::last_seq.eq(last),
                rooms::last_ver.eq(last),
                rooms::last_message_at.eq(now),
            );
            diesel::update(rooms::table.find(room_id))
                .set(ends)
                .run(conn)
        })?;
        done = last;
    }
    Ok(())
}

/// Increments a room's version, which invalidates every cached fragment of it.
pub fn touch_room(conn: &mut DbConn, room_id: i64) -> Result<()> {
    conn.write(|conn| {
        diesel::update(rooms::table.find(room_id))
            .set(rooms::last_ver.eq(rooms::last_ver + 1))
            .run(conn)
    })
}

/// Returns the installation's id counter, and (room id, last sequence number) of each room.
pub fn log_ends(conn: &mut DbConn, room_ids: &[i64]) -> Result<(i64, Vec<(i64, i64)>)> {
    let counter = installation::table
        .select(installation::counter)
        .get_result(conn)?;
    let ends = rooms::table
        .filter(rooms::id.eq_any(room_ids))
        .select((rooms::id, rooms::last_seq))
        .load(conn)?;
    Ok((counter, ends))
}

/// Returns room id, `seq` and `clientId` of the messages whose id is greater than `counter`, in the order of the rooms'
/// logs.
pub fn messages_after(conn: &mut DbConn, counter: i64) -> Result<Vec<(i64, i64, String)>> {
    Ok(messages::table
        .filter(messages::id.gt(counter))
        .order((messages::room_id, messages::seq))
        .select((messages::room_id, messages::seq, messages::client_id))
        .load(conn)?)
}

/// Appends messages one per transaction for `time`, with the writer's own statements and no server in between. Returns
/// how long each took.
///
/// # Errors
/// `Unavailable` when the database cannot be used or a message is rejected; `Internal` when `text` is not a message.
pub fn time_writes(
    url: &DatabaseUrl,
    user_id: i64,
    room_id: i64,
    text: &str,
    time: Duration,
) -> Result<Vec<Duration>> {
    let limits = PoolLimits {
        pool_size: 1,
        queue_size: 1,
        deadline: Duration::from_secs(5),
    };
    let log = MessageWriter::new(Database::open(url.clone(), limits)?);
    let content = Content::parse(text).map_err(|_| Error::internal("not a message"))?;
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < time {
        let post = new_message(user_id, room_id, ClientId::random(), &content);
        let start = Instant::now();
        let verdicts = log.append(&[WriteCommand::Post(post)])?;
        times.push(start.elapsed());
        if !verdicts.iter().all(Result::is_ok) {
            return Err(Error::Unavailable("a message was rejected".into()));
        }
    }
    Ok(times)
}

/// Drops a MySQL database. Does nothing on SQLite, where the database is a file in a temporary folder.
pub fn drop_database(url: &DatabaseUrl) -> Result<()> {
    if let DatabaseUrl::Mysql(_) = url {
        let name = url.mysql_name();
        let sql = format!("DROP DATABASE `{name}`");
        on_each!(&mut DbConn::open(url)?, conn => conn.batch_execute(&sql)).map_err(Error::from)?;
    }
    Ok(())
}
