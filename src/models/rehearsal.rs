//! People, rooms and messages that nobody typed, for load tests, and what is audited after them.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::now;
use super::room::LOBBY;
use super::schema::{installation, memberships, messages, rooms, sessions, users};
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::database::connection::{DbConn, on_each};
use crate::models::database::url::DatabaseUrl;
use crate::models::values::client_id::ClientId;
use crate::models::values::room_kind::RoomKind;

/// Rows of one statement: SQLite takes 32,766 values.
const ROWS: usize = 1_000;
/// A session lives so long.
const LIFETIME: TimeDelta = TimeDelta::days(30);

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Extra {
    /// Their number.
    pub id: i64,
    /// Their session's key: in a cookie, or as a token.
    pub key: String,
}

/// A message as it is audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub room_id: i64,
    /// Its place.
    pub seq: i64,
    /// The name its sender gave it.
    pub client_id: String,
}

/// Puts so many people into the Lobby, each with a session.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn people(conn: &mut DbConn, count: usize) -> Result<Vec<Extra>> {
    let now = now();
    // Others may have done the same before.
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
        sign_in(conn, &ids)
    })
}

fn sign_in(conn: &mut DbConn, ids: &[i64]) -> Result<Vec<Extra>> {
    let now = now();
    let mut people = Vec::with_capacity(ids.len());
    for ids in ids.chunks(ROWS) {
        let keys: Vec<_> = ids.iter().map(|id| (*id, session::new_key())).collect();
        let rows: Vec<_> = keys
            .iter()
            .map(|(id, (_, hash))| {
                (
                    sessions::key_hash.eq(hash.as_str()),
                    sessions::user_id.eq(*id),
                    sessions::kind.eq("cookie"),
                    sessions::user_agent.eq("teahouse bench"),
                    sessions::ip.eq("127.0.0.1"),
                    sessions::created_at.eq(now),
                    sessions::seen_at.eq(now),
                    sessions::expires_at.eq(now + LIFETIME),
                )
            })
            .collect();
        on_each!(conn, conn => diesel::insert_into(sessions::table).values(&rows).execute(conn))?;
        people.extend(keys.into_iter().map(|(id, (key, _))| Extra { id, key }));
    }
    Ok(people)
}

/// Makes a closed room for each group of people; answers their numbers, in order.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn rooms(conn: &mut DbConn, groups: &[Vec<i64>]) -> Result<Vec<i64>> {
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
        for (id, people) in ids.iter().zip(groups) {
            join(conn, *id, people)?;
        }
        Ok(ids)
    })
}

fn join(conn: &mut DbConn, room_id: i64, people: &[i64]) -> Result<()> {
    let now = now();
    for people in people.chunks(ROWS) {
        let rows: Vec<_> = people
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

/// Puts so many messages of these people into a room that has none yet.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn history(
    conn: &mut DbConn,
    room_id: i64,
    people: &[i64],
    count: i64,
    content: &str,
) -> Result<()> {
    let now = now();
    let mut done = 0;
    while done < count {
        let last = count.min(done + 50 * ROWS as i64);
        conn.write(|conn| {
            let first = super::installation::take_numbers(conn, last - done)?;
            let seqs: Vec<i64> = (done + 1..=last).collect();
            for seqs in seqs.chunks(ROWS) {
                let rows: Vec<_> = seqs
                    .iter()
                    .map(|seq| {
                        let id = first + seq - done - 1;
                        let author = people[usize::try_from(*seq).unwrap_or(0) % people.len()];
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

/// Something changed in a room: whatever was filled of it is filled anew.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn change(conn: &mut DbConn, room_id: i64) -> Result<()> {
    conn.write(|conn| {
        diesel::update(rooms::table.find(room_id))
            .set(rooms::last_ver.eq(rooms::last_ver + 1))
            .execute(conn)?;
        Ok(())
    })
}

/// Where the installation's counter is, and where these rooms' logs end.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn ends(conn: &mut DbConn, room_ids: &[i64]) -> Result<(i64, Vec<(i64, i64)>)> {
    let counter = installation::table
        .select(installation::counter)
        .get_result(conn)?;
    let ends = rooms::table
        .filter(rooms::id.eq_any(room_ids))
        .select((rooms::id, rooms::last_seq))
        .load(conn)?;
    Ok((counter, ends))
}

/// What was stored after a number of the installation's counter, by room and place.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn stored_after(conn: &mut DbConn, counter: i64) -> Result<Vec<Row>> {
    let rows: Vec<(i64, i64, String)> = messages::table
        .filter(messages::id.gt(counter))
        .order((messages::room_id, messages::seq))
        .select((messages::room_id, messages::seq, messages::client_id))
        .load(conn)?;
    let row = |(room_id, seq, client_id)| Row {
        room_id,
        seq,
        client_id,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Removes a MySQL database that was made for a load test; a file is left to whoever made its folder.
///
/// # Errors
/// `Unavailable` when the server does not answer.
pub fn remove(url: &DatabaseUrl) -> Result<()> {
    if let DatabaseUrl::Mysql(_) = url {
        let name = url.mysql_name();
        let sql = format!("DROP DATABASE `{name}`");
        on_each!(&mut DbConn::open(url)?, conn => conn.batch_execute(&sql)).map_err(Error::from)?;
    }
    Ok(())
}
