//! How rooms' logs grow: one transaction for many writes.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::connection::DbConn;
use super::marks;
use super::membership::Membership;
use super::mention::{Members, Named};
use super::message::Message;
use super::room::{OPEN, Room};
use super::schema::{memberships, message_versions, messages, rooms, users};
use super::user::{ACTIVE, User};
use super::{blocks, installation, now, statements};
use crate::error::Result;
use crate::realtime::frames::{self, Code};
use crate::realtime::store::{Draft, Stored, Target, Verdict, Write};

/// Does all of the writes, or none; one verdict each, in order.
///
/// # Errors
/// `Unavailable` when the database does not answer or the outcome is unknown.
pub(super) fn append(conn: &mut DbConn, writes: &[Write]) -> Result<Vec<Verdict>> {
    let mut batch = Batch::load(conn, writes)?;
    let mut verdicts = Vec::with_capacity(writes.len());
    for (write, id) in writes.iter().zip(batch.first_id..) {
        verdicts.push(match write {
            Write::Post(draft) => batch.post(draft, id),
            Write::Edit { target, content } => batch.change(conn, target, Some(content), id)?,
            Write::Delete(target) => batch.change(conn, target, None, id)?,
        });
    }
    batch.store(conn)?;
    Ok(verdicts)
}

/// A row that is stored with the rest of its batch.
#[derive(Insertable)]
#[diesel(table_name = messages)]
pub(super) struct NewMessage<'a> {
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

#[derive(Insertable)]
#[diesel(table_name = message_versions)]
struct NewVersion {
    room_id: i64,
    seq: i64,
    ver: i64,
    content: String,
    replaced_at: NaiveDateTime,
}

/// A message that exists already, and what tells a retry from a conflict.
struct Sent {
    room_id: i64,
    hash: Vec<u8>,
    message: frames::Message,
}

/// Where a room's log ends.
pub(super) struct Place {
    is_open: bool,
    /// Whether it is the conversation of two people.
    is_pair: bool,
    pub(super) seq: i64,
    pub(super) ver: i64,
    /// Whether it has new messages, or any change at all.
    pub(super) grew: bool,
    pub(super) changed: bool,
}

/// What a transaction knows and has done so far.
struct Batch<'a> {
    first_id: i64,
    now: NaiveDateTime,
    sent: HashMap<(i64, String), Sent>,
    users: HashMap<i64, User>,
    /// What each member has read, by room and person.
    members: HashMap<(i64, i64), i64>,
    blocked: HashSet<(i64, i64)>,
    places: BTreeMap<i64, Place>,
    named: Members,
    rows: Vec<NewMessage<'a>>,
    new_mentions: Vec<(i64, i64, i64)>,
    marks: HashMap<(i64, i64), i64>,
}

impl<'a> Batch<'a> {
    fn load(conn: &mut DbConn, writes: &[Write]) -> Result<Self> {
        let first_id = installation::take_numbers(conn, writes.len() as i64)?;
        let room_ids = distinct(writes.iter().map(|write| target(write).0));
        let user_ids = distinct(writes.iter().map(|write| target(write).1));
        let users: Vec<User> = users::table
            .filter(users::id.eq_any(&user_ids))
            .filter(users::status.eq(ACTIVE))
            .select(User::as_select())
            .load(conn)?;
        let members: Vec<(i64, i64, Membership)> = memberships::table
            .filter(memberships::room_id.eq_any(&room_ids))
            .filter(memberships::user_id.eq_any(&user_ids))
            .select((
                memberships::room_id,
                memberships::user_id,
                Membership::as_select(),
            ))
            .load(conn)?;
        let places = find_places(conn, &room_ids)?;
        let directs = places.iter().filter(|(_, place)| place.is_pair);
        let directs: Vec<i64> = directs.map(|(room_id, _)| *room_id).collect();
        Ok(Self {
            first_id,
            now: now(),
            sent: find_sent(conn, writes)?,
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            members: members
                .into_iter()
                .map(|(room_id, user_id, member)| ((room_id, user_id), member.read_seq))
                .collect(),
            blocked: blocks::silenced_in(conn, &directs)?,
            named: Members::load(conn, writes.iter().filter_map(text))?,
            places,
            rows: Vec::with_capacity(writes.len()),
            new_mentions: Vec::new(),
            marks: HashMap::new(),
        })
    }

    /// The person and the room's end, when the person may write there.
    fn admit(&mut self, room_id: i64, user_id: i64) -> Result<(&User, &mut Place), Code> {
        let user = self.users.get(&user_id).ok_or(Code::Forbidden)?;
        let place = self.places.get_mut(&room_id).ok_or(Code::NotFound)?;
        let is_member = self.members.contains_key(&(room_id, user_id));
        match is_member {
            true => Ok((user, place)),
            false if place.is_open => Err(Code::Forbidden),
            false => Err(Code::NotFound),
        }
    }

    fn post(&mut self, draft: &'a Draft, id: i64) -> Verdict {
        let key = (draft.user_id, draft.client_id.clone());
        if let Some(sent) = self.sent.get(&key) {
            let is_same = sent.room_id == draft.room_id && sent.hash == draft.hash;
            let message = sent.message.clone();
            return is_same
                .then_some(Stored {
                    message,
                    is_new: false,
                })
                .ok_or(Code::Conflict);
        }
        if self.blocked.contains(&(draft.room_id, draft.user_id)) {
            return Err(Code::Blocked);
        }
        let (user, place) = self.admit(draft.room_id, draft.user_id)?;
        let user = user.clone();
        place.seq += 1;
        place.ver += 1;
        (place.grew, place.changed) = (true, true);
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
            created_at: self.now,
        };
        let named = self.name(draft.room_id, row.seq, &draft.content);
        // Whoever had read everything has read their own message too.
        let member = (draft.room_id, draft.user_id);
        let before = self.members.get(&member).copied().unwrap_or(0);
        let mark = self.marks.entry(member).or_insert(before);
        if *mark == row.seq - 1 {
            *mark = row.seq;
        }
        let message = row.public(&user, &named);
        let sent = Sent {
            room_id: draft.room_id,
            hash: draft.hash.to_vec(),
            message: message.clone(),
        };
        self.sent.insert(key, sent);
        self.rows.push(row);
        Ok(Stored {
            message,
            is_new: true,
        })
    }

    /// Finds whom a text names, and remembers to store it.
    fn name(&mut self, room_id: i64, seq: i64, text: &str) -> Vec<Named> {
        let named = self.named.named_in(room_id, text);
        let ids: HashSet<i64> = named.iter().map(|named| named.user_id).collect();
        let rows = ids.into_iter().map(|user_id| (user_id, room_id, seq));
        self.new_mentions.extend(rows);
        named
    }

    /// Edits a message, or deletes it when there is no new text.
    fn change(
        &mut self,
        conn: &mut DbConn,
        target: &Target,
        text: Option<&str>,
        change_id: i64,
    ) -> Result<Verdict> {
        // The message may be in this very batch.
        self.store_rows(conn)?;
        let Target {
            room_id,
            seq,
            user_id,
        } = *target;
        let is_admin = self.users.get(&user_id).is_some_and(User::is_admin);
        match self.admit(room_id, user_id).err() {
            // An admin keeps order in every room that they may read.
            Some(Code::Forbidden) if is_admin && text.is_none() => {}
            Some(code) => return Ok(Err(code)),
            None => {}
        }
        // Another text would be heard like a new message.
        if text.is_some() && self.blocked.contains(&(room_id, user_id)) {
            return Ok(Err(Code::Blocked));
        }
        let Some((message, author)) = Message::find(conn, room_id, seq)? else {
            return Ok(Err(Code::NotFound));
        };
        let is_mine = author.id == user_id;
        let is_allowed = is_mine || (is_admin && text.is_none());
        if !is_allowed {
            return Ok(Err(Code::Forbidden));
        }
        let is_done = match text {
            None => message.deleted_at.is_some(),
            Some(_) if message.deleted_at.is_some() => return Ok(Err(Code::NotFound)),
            Some(text) => message.content == text,
        };
        if is_done {
            let message = Message::publish(conn, room_id, vec![(message, author)])?.remove(0);
            return Ok(Ok(Stored {
                message,
                is_new: false,
            }));
        }
        let message = self.replace(conn, message, author, text, change_id)?;
        Ok(Ok(Stored {
            message,
            is_new: true,
        }))
    }

    fn replace(
        &mut self,
        conn: &mut DbConn,
        mut message: Message,
        author: User,
        text: Option<&str>,
        change_id: i64,
    ) -> Result<frames::Message> {
        let (room_id, seq) = (message.room_id, message.seq);
        let version = NewVersion {
            room_id,
            seq,
            ver: message.ver,
            content: message.content.clone(),
            replaced_at: self.now,
        };
        diesel::insert_into(message_versions::table)
            .values(version)
            .execute(conn)?;
        if let Some(place) = self.places.get_mut(&room_id) {
            place.ver += 1;
            place.changed = true;
            message.ver = place.ver;
        }
        statements::forget_mentions(conn, room_id, seq)?;
        let named = match text {
            Some(text) => {
                message.content = text.to_owned();
                message.edited_at = Some(self.now);
                self.name(room_id, seq, text)
            }
            None => {
                message.deleted_at = Some(self.now);
                Vec::new()
            }
        };
        diesel::update(messages::table.find((room_id, seq)))
            .set((
                messages::ver.eq(message.ver),
                messages::change_id.eq(change_id),
                messages::content.eq(&message.content),
                messages::edited_at.eq(message.edited_at),
                messages::deleted_at.eq(message.deleted_at),
            ))
            .execute(conn)?;
        Ok(message.public(&author, &named))
    }

    fn store_rows(&mut self, conn: &mut DbConn) -> Result<()> {
        statements::insert_messages(conn, &std::mem::take(&mut self.rows))?;
        statements::insert_mentions(conn, &std::mem::take(&mut self.new_mentions))
    }

    fn store(mut self, conn: &mut DbConn) -> Result<()> {
        statements::advance_rooms(conn, &self.places, self.now)?;
        self.store_rows(conn)?;
        let members = &self.members;
        self.marks
            .retain(|member, mark| members.get(member) != Some(mark));
        marks::advance(conn, &self.marks)
    }
}

impl NewMessage<'_> {
    fn public(&self, user: &User, named: &[Named]) -> frames::Message {
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
        message.public(user, named)
    }
}

/// The room and the person of a write.
fn target(write: &Write) -> (i64, i64) {
    match write {
        Write::Post(draft) => (draft.room_id, draft.user_id),
        Write::Edit { target, .. } | Write::Delete(target) => (target.room_id, target.user_id),
    }
}

/// The room and the new text of a write.
fn text(write: &Write) -> Option<(i64, &str)> {
    match write {
        Write::Post(draft) => Some((draft.room_id, &draft.content)),
        Write::Edit { target, content } => Some((target.room_id, content)),
        Write::Delete(_) => None,
    }
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn find_sent(conn: &mut DbConn, writes: &[Write]) -> Result<HashMap<(i64, String), Sent>> {
    let drafts = writes.iter().filter_map(|write| match write {
        Write::Post(draft) => Some(draft),
        _ => None,
    });
    let user_ids = distinct(drafts.clone().map(|draft| draft.user_id));
    let client_ids = distinct(drafts.map(|draft| draft.client_id.as_str()));
    let rows: Vec<(Message, User, Vec<u8>)> = messages::table
        .inner_join(users::table)
        .filter(messages::user_id.eq_any(user_ids))
        .filter(messages::client_id.eq_any(client_ids))
        .select((Message::as_select(), User::as_select(), messages::sent_hash))
        .load(conn)?;
    let mut sent = HashMap::new();
    for (message, user, hash) in rows {
        let (room_id, key) = (message.room_id, (user.id, message.client_id.clone()));
        let message = Message::publish(conn, room_id, vec![(message, user)])?.remove(0);
        sent.insert(
            key,
            Sent {
                room_id,
                hash,
                message,
            },
        );
    }
    Ok(sent)
}

fn find_places(conn: &mut DbConn, room_ids: &[i64]) -> Result<BTreeMap<i64, Place>> {
    let found: Vec<Room> = rooms::table
        .filter(rooms::id.eq_any(room_ids))
        .filter(rooms::deleted_at.is_null())
        .select(Room::as_select())
        .load(conn)?;
    Ok(found
        .into_iter()
        .map(|room| {
            let place = Place {
                is_open: room.kind == OPEN,
                is_pair: room.is_pair(),
                seq: room.last_seq,
                ver: room.last_ver,
                grew: false,
                changed: false,
            };
            (room.id, place)
        })
        .collect())
}
