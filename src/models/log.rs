//! How messages get into the tables: one transaction for many of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use futures_util::future::BoxFuture;

use super::client_id::ClientId;
use super::connection::{DbConn, on_each};
use super::content::{Content, ContentError};
use super::database::Database;
use super::membership::Membership;
use super::message::Message;
use super::room::{OPEN, Room};
use super::schema::{memberships, messages, rooms, users};
use super::user::{ACTIVE, User};
use super::{installation, now};
use crate::error::{Error, Result};
use crate::realtime::frames::{self, Code};
use crate::realtime::store::{Changes, Draft, Log, Store, Verdict};

impl Store for Database {
    fn draft(
        &self,
        user_id: i64,
        room_id: i64,
        client_id: &str,
        content: &str,
    ) -> Result<Draft, Code> {
        let client_id = ClientId::parse(client_id).ok_or(Code::BadFrame)?;
        let content = Content::parse(content).map_err(|error| match error {
            ContentError::Empty => Code::Empty,
            ContentError::TooLong => Code::TooLong,
            ContentError::Invalid => Code::Invalid,
        })?;
        Ok(draft(user_id, room_id, client_id, &content))
    }

    fn rooms_of(&self, user_id: i64) -> BoxFuture<'static, Result<Vec<frames::Room>>> {
        let database = self.clone();
        Box::pin(async move { database.run(move |conn| Room::all_of(conn, user_id)).await })
    }

    fn changes(&self, room_id: i64, ver: i64) -> BoxFuture<'static, Result<Changes>> {
        let database = self.clone();
        Box::pin(async move {
            database
                .run(move |conn| Message::changes(conn, room_id, ver))
                .await
        })
    }
}

/// A message that is ready to be stored.
pub fn draft(user_id: i64, room_id: i64, client_id: ClientId, content: &Content) -> Draft {
    Draft {
        room_id,
        user_id,
        client_id: client_id.to_string(),
        content: content.as_str().to_owned(),
        hash: content.hash(),
    }
}

/// The log on a connection of its own, which is opened again when it is lost.
pub struct MessageLog {
    database: Database,
    conn: Option<DbConn>,
}

impl MessageLog {
    /// Opens its connection with the first message.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            conn: None,
        }
    }
}

impl Log for MessageLog {
    fn append(&mut self, drafts: &[Draft]) -> Result<Vec<Verdict>> {
        let _turn = self.database.blocking_turn();
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.database.dedicated()?,
        };
        let verdicts = conn.write(|conn| append(conn, drafts))?;
        // After an error the connection is not kept: what state it is in is unknown.
        self.conn = Some(conn);
        Ok(verdicts)
    }
}

#[derive(Insertable)]
#[diesel(table_name = messages)]
struct NewMessage<'a> {
    room_id: i64,
    seq: i64,
    ver: i64,
    id: i64,
    change_id: i64,
    user_id: i64,
    client_id: &'a str,
    sent_hash: &'a [u8],
    content: &'a str,
    created_at: NaiveDateTime,
}

/// A message that exists already, and what tells a retry from a conflict.
struct Sent {
    room_id: i64,
    hash: Vec<u8>,
    message: frames::Message,
}

fn append(conn: &mut DbConn, drafts: &[Draft]) -> Result<Vec<Verdict>> {
    let first_id = installation::take_numbers(conn, drafts.len() as i64)?;
    let mut sent = find_sent(conn, drafts)?;
    let authors = find_authors(conn, drafts)?;
    let mut places = find_places(conn, drafts)?;
    let now = now();
    let mut rows = Vec::with_capacity(drafts.len());
    let mut marks = HashMap::new();
    let mut verdicts = Vec::with_capacity(drafts.len());
    for (draft, id) in drafts.iter().zip(first_id..) {
        let key = (draft.user_id, draft.client_id.clone());
        if let Some(sent) = sent.get(&key) {
            let same = sent.room_id == draft.room_id && sent.hash == draft.hash;
            verdicts.push(if same {
                Ok(sent.message.clone())
            } else {
                Err(Code::Conflict)
            });
            continue;
        }
        let (user, place) = match admit(draft, &authors, &mut places) {
            Ok(admitted) => admitted,
            Err(code) => {
                verdicts.push(Err(code));
                continue;
            }
        };
        place.seq += 1;
        place.ver += 1;
        place.changed = true;
        let row = NewMessage {
            room_id: draft.room_id,
            seq: place.seq,
            ver: place.ver,
            id,
            change_id: id,
            user_id: draft.user_id,
            client_id: &draft.client_id,
            sent_hash: &draft.hash,
            content: &draft.content,
            created_at: now,
        };
        // Whoever had read everything has read their own message too.
        let mark = marks
            .entry((draft.room_id, draft.user_id))
            .or_insert(user.1);
        if *mark == place.seq - 1 {
            *mark = place.seq;
        }
        let message = row.public(user.0);
        verdicts.push(Ok(message.clone()));
        let hash = draft.hash.to_vec();
        sent.insert(
            key,
            Sent {
                room_id: draft.room_id,
                hash,
                message,
            },
        );
        rows.push(row);
    }
    marks.retain(|key, mark| {
        authors
            .members
            .get(key)
            .is_some_and(|before| mark != before)
    });
    store(conn, &rows, &places, &marks, now)?;
    Ok(verdicts)
}

impl NewMessage<'_> {
    fn public(&self, user: &User) -> frames::Message {
        let message = Message {
            room_id: self.room_id,
            seq: self.seq,
            ver: self.ver,
            id: self.id,
            client_id: self.client_id.to_owned(),
            content: self.content.to_owned(),
            created_at: self.created_at,
            edited_at: None,
            deleted_at: None,
        };
        Message::public((message, user.clone()))
    }
}

/// Who may write, and what they have read.
struct Authors {
    users: HashMap<i64, User>,
    members: HashMap<(i64, i64), i64>,
}

/// Where a room's log ends.
struct Place {
    is_open: bool,
    seq: i64,
    ver: i64,
    changed: bool,
}

/// The author with their mark, and the room's end; or why this is not stored.
fn admit<'a>(
    draft: &Draft,
    authors: &'a Authors,
    places: &'a mut BTreeMap<i64, Place>,
) -> Result<((&'a User, i64), &'a mut Place), Code> {
    let user = authors.users.get(&draft.user_id).ok_or(Code::Forbidden)?;
    let place = places.get_mut(&draft.room_id).ok_or(Code::NotFound)?;
    match authors.members.get(&(draft.room_id, draft.user_id)) {
        Some(mark) => Ok(((user, *mark), place)),
        None if place.is_open => Err(Code::Forbidden),
        None => Err(Code::NotFound),
    }
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn find_sent(conn: &mut DbConn, drafts: &[Draft]) -> Result<HashMap<(i64, String), Sent>> {
    let user_ids = distinct(drafts.iter().map(|draft| draft.user_id));
    let client_ids = distinct(drafts.iter().map(|draft| draft.client_id.as_str()));
    let rows: Vec<(Message, User, Vec<u8>)> = messages::table
        .inner_join(users::table)
        .filter(messages::user_id.eq_any(user_ids))
        .filter(messages::client_id.eq_any(client_ids))
        .select((Message::as_select(), User::as_select(), messages::sent_hash))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(message, user, hash)| {
            let key = (user.id, message.client_id.clone());
            let room_id = message.room_id;
            let message = Message::public((message, user));
            (
                key,
                Sent {
                    room_id,
                    hash,
                    message,
                },
            )
        })
        .collect())
}

fn find_authors(conn: &mut DbConn, drafts: &[Draft]) -> Result<Authors> {
    let user_ids = distinct(drafts.iter().map(|draft| draft.user_id));
    let room_ids = distinct(drafts.iter().map(|draft| draft.room_id));
    let users: Vec<User> = users::table
        .filter(users::id.eq_any(&user_ids))
        .filter(users::status.eq(ACTIVE))
        .select(User::as_select())
        .load(conn)?;
    let members: Vec<(i64, i64, Membership)> = memberships::table
        .filter(memberships::room_id.eq_any(room_ids))
        .filter(memberships::user_id.eq_any(user_ids))
        .select((
            memberships::room_id,
            memberships::user_id,
            Membership::as_select(),
        ))
        .load(conn)?;
    Ok(Authors {
        users: users.into_iter().map(|user| (user.id, user)).collect(),
        members: members
            .into_iter()
            .map(|(room_id, user_id, membership)| ((room_id, user_id), membership.read_seq))
            .collect(),
    })
}

fn find_places(conn: &mut DbConn, drafts: &[Draft]) -> Result<BTreeMap<i64, Place>> {
    let room_ids: HashSet<i64> = drafts.iter().map(|draft| draft.room_id).collect();
    let found: Vec<Room> = rooms::table
        .filter(rooms::id.eq_any(room_ids))
        .select(Room::as_select())
        .load(conn)?;
    Ok(found
        .into_iter()
        .map(|room| {
            let place = Place {
                is_open: room.kind == OPEN,
                seq: room.last_seq,
                ver: room.last_ver,
                changed: false,
            };
            (room.id, place)
        })
        .collect())
}

fn store(
    conn: &mut DbConn,
    rows: &[NewMessage<'_>],
    places: &BTreeMap<i64, Place>,
    marks: &HashMap<(i64, i64), i64>,
    now: NaiveDateTime,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    advance_rooms(conn, places, now)?;
    on_each!(conn, conn => diesel::insert_into(messages::table).values(rows).execute(conn))
        .map_err(Error::from)?;
    advance_marks(conn, marks)
}

/// One statement for all rooms: 100 single ones take eight times as long. Only numbers go into its text.
fn advance_rooms(
    conn: &mut DbConn,
    places: &BTreeMap<i64, Place>,
    now: NaiveDateTime,
) -> Result<()> {
    let (mut seqs, mut vers, mut ids) = (String::new(), String::new(), String::new());
    for (id, place) in places.iter().filter(|(_, place)| place.changed) {
        let _ = write!(seqs, " WHEN {id} THEN {}", place.seq);
        let _ = write!(vers, " WHEN {id} THEN {}", place.ver);
        let _ = write!(ids, "{}{id}", if ids.is_empty() { "" } else { ", " });
    }
    diesel::sql_query(format!(
        "UPDATE rooms SET last_seq = CASE id{seqs} END, last_ver = CASE id{vers} END, last_message_at = ? WHERE id IN ({ids})"
    ))
    .bind::<diesel::sql_types::Timestamp, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Moves the marks of those who had read everything; a mark never moves back. Only numbers go into the text.
fn advance_marks(conn: &mut DbConn, marks: &HashMap<(i64, i64), i64>) -> Result<()> {
    if marks.is_empty() {
        return Ok(());
    }
    let (mut cases, mut keys) = (String::new(), String::new());
    for ((room_id, user_id), mark) in marks {
        let _ = write!(
            cases,
            " WHEN room_id = {room_id} AND user_id = {user_id} AND read_seq < {mark} THEN {mark}"
        );
        let separator = if keys.is_empty() { "" } else { " OR " };
        let _ = write!(
            keys,
            "{separator}(room_id = {room_id} AND user_id = {user_id})"
        );
    }
    diesel::sql_query(format!(
        "UPDATE memberships SET read_seq = CASE{cases} ELSE read_seq END WHERE {keys}"
    ))
    .execute(conn)?;
    Ok(())
}
