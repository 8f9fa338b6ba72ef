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
use crate::models::auth::session;
use crate::models::database::connection::{DbConn, on_each};
use crate::models::database::url::DatabaseUrl;
use crate::models::message_store::{MessageWriter, new_message};
use crate::models::values::client_id::ClientId;
use crate::models::values::content::Content;
use crate::protocol::RoomKind;
use crate::protocol::commands::WriteCommand;

/// Rows per statement: SQLite binds at most 32,766 values.
const ROWS: usize = 1_000;
/// Lifetime of a fixture session.
const SESSION_LIFETIME: TimeDelta = TimeDelta::days(30);

/// A user with a session.
#[derive(Debug, Clone)]
pub struct FixtureUser {
    /// The user's id.
    pub id: i64,
    /// The session key, for a cookie or a bearer token.
    pub key: String,
}

/// The columns of a message that an audit compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The room's id.
    pub room_id: i64,
    /// Sequence number in the room.
    pub seq: i64,
    /// The id that the sender chose.
    pub client_id: String,
}

/// Creates `count` users, each with a session and a membership in the Lobby.
pub fn create_users(conn: &mut DbConn, count: usize) -> Result<Vec<FixtureUser>> {
    let now = now();
    // The database may hold users of an earlier load test.
    let (tag, _) = session::new_key();
    let prefix = format!("extra{}x", &tag[..8]);
    conn.write(|conn| {
        let names: Vec<String> = (1..=count).map(|n| format!("{prefix}{n}")).collect();
        for names in names.chunks(ROWS) {
            let rows: Vec<_> = names
                .iter()
                .map(|name| {
                    (
                        users::username.eq(name),
                        users::username_key.eq(name),
                        users::created_at.eq(now),
                    )
                })
                .collect();
            on_each!(conn, conn => diesel::insert_into(users::table).values(&rows).execute(conn))?;
        }
        let ids: Vec<i64> = users::table
            .filter(users::username.like(format!("{prefix}%")))
            .order(users::id)
            .select(users::id)
            .load(conn)?;
        join(conn, LOBBY, &ids)?;
        create_sessions(conn, &ids)
    })
}

fn create_sessions(conn: &mut DbConn, ids: &[i64]) -> Result<Vec<FixtureUser>> {
    let now = now();
    let mut users = Vec::with_capacity(ids.len());
    for ids in ids.chunks(ROWS) {
        let keys: Vec<_> = ids.iter().map(|id| (*id, session::new_key())).collect();
        let rows: Vec<_> = keys
            .iter()
            .map(|(id, (_, hash))| {
                (
                    sessions::key_hash.eq(hash.as_str()),
                    sessions::user_id.eq(*id),
                    sessions::kind.eq("cookie"),
                    sessions::user_agent.eq("teahouse-bench"),
                    sessions::ip.eq("127.0.0.1"),
                    sessions::created_at.eq(now),
                    sessions::seen_at.eq(now),
                    sessions::expires_at.eq(now + SESSION_LIFETIME),
                )
            })
            .collect();
        on_each!(conn, conn => diesel::insert_into(sessions::table).values(&rows).execute(conn))?;
        users.extend(
            keys.into_iter()
                .map(|(id, (key, _))| FixtureUser { id, key }),
        );
    }
    Ok(users)
}

/// Creates a closed room for each group of user ids. Returns the rooms' ids in the same order.
pub fn create_rooms(conn: &mut DbConn, groups: &[Vec<i64>]) -> Result<Vec<i64>> {
    let now = now();
    conn.write(|conn| {
        for (n, _) in groups.iter().enumerate() {
            let row = (
                rooms::kind.eq(RoomKind::Closed),
                rooms::name.eq(format!("Extra room {n}")),
                rooms::topic.eq(""),
                rooms::created_at.eq(now),
            );
            on_each!(conn, conn => diesel::insert_into(rooms::table).values(row).execute(conn))?;
        }
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
    let now = now();
    for users in users.chunks(ROWS) {
        let rows: Vec<_> = users
            .iter()
            .map(|id| {
                (
                    memberships::room_id.eq(room_id),
                    memberships::user_id.eq(*id),
                    memberships::joined_at.eq(now),
                )
            })
            .collect();
        on_each!(conn, conn => diesel::insert_into(memberships::table).values(&rows).execute(conn))?;
    }
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
    let now = now();
    let mut done = 0;
    while done < count {
        let last = count.min(done + 50 * ROWS as i64);
        conn.write(|conn| {
            let first = super::installation::allocate_ids(conn, last - done)?;
            let seqs: Vec<i64> = (done + 1..=last).collect();
            for seqs in seqs.chunks(ROWS) {
                let rows: Vec<_> = seqs
                    .iter()
                    .map(|seq| {
                        let id = first + seq - done - 1;
                        let author = users[usize::try_from(*seq).unwrap_or(0) % users.len()];
                        (
                            messages::room_id.eq(room_id),
                            messages::seq.eq(*seq),
                            messages::ver.eq(*seq),
                            messages::id.eq(id),
                            messages::change_id.eq(id),
                            messages::user_id.eq(author),
                            messages::client_id.eq(ClientId::random().to_string()),
                            messages::sent_hash.eq([0_u8; 32].as_slice()),
                            messages::content.eq(content),
                            messages::created_at.eq(now),
                        )
                    })
                    .collect();
                on_each!(conn, conn => diesel::insert_into(messages::table).values(&rows).execute(conn))?;
            }
            diesel::update(rooms::table.find(room_id))
                .set((
                    rooms::last_seq.eq(last),
                    rooms::last_ver.eq(last),
                    rooms::last_message_at.eq(now),
                ))
                .execute(conn)?;
            Ok(())
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
            .execute(conn)?;
        Ok(())
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

/// Returns the messages whose id is greater than `counter`, ordered by room and sequence number.
pub fn messages_after(conn: &mut DbConn, counter: i64) -> Result<Vec<AuditRow>> {
    let rows: Vec<(i64, i64, String)> = messages::table
        .filter(messages::id.gt(counter))
        .order((messages::room_id, messages::seq))
        .select((messages::room_id, messages::seq, messages::client_id))
        .load(conn)?;
    let row = |(room_id, seq, client_id)| AuditRow {
        room_id,
        seq,
        client_id,
    };
    Ok(rows.into_iter().map(row).collect())
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
