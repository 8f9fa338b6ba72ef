//! How rooms' logs grow: one transaction for many writes.

pub(super) mod bulk;
pub(super) mod cache;
pub(super) mod edit;
pub(super) mod load;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;

pub(in crate::models) use self::cache::Known;
use self::cache::take;
use self::load::{distinct, find_members, find_people, find_places, find_sent};
use super::Message;
use super::mention::{Members, Named};
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::room::read_positions;
use crate::models::room::read_positions::Progress;

use crate::models::schema::messages;
use crate::models::user::User;
use crate::models::user::block;
use crate::models::{installation, now};
use crate::realtime::frames::{self, ErrorCode};
use crate::realtime::store::{ValidatedMessage, StoredMessage, WriteResult, WriteCommand};

/// Does all of the writes, or none; one verdict each, in order. And what is `known` afterwards, once the transaction is
/// committed.
///
/// # Errors
/// `Unavailable` when the database does not answer or the outcome is unknown.
pub(in crate::models) fn append(
    conn: &mut DbConn,
    known: Known,
    writes: &[WriteCommand],
) -> Result<(Vec<WriteResult>, Known)> {
    let mut batch = Batch::load(conn, known, writes)?;
    let mut verdicts = Vec::with_capacity(writes.len());
    for (write, id) in writes.iter().zip(batch.first_id..) {
        verdicts.push(match write {
            WriteCommand::Post(draft) => batch.post(draft, id),
            WriteCommand::Edit { target, content } => batch.change(conn, target, Some(content), id)?,
            WriteCommand::Delete(target) => batch.change(conn, target, None, id)?,
            WriteCommand::Erase(target) => batch.erase(conn, target, id)?,
        });
    }
    let known = batch.store(conn)?;
    Ok((verdicts, known))
}

/// A row that is stored with the rest of its batch.
#[derive(Insertable)]
#[diesel(table_name = messages)]
pub(in crate::models) struct NewMessage<'a> {
    pub(in crate::models) room_id: i64,
    pub(in crate::models) seq: i64,
    pub(in crate::models) ver: i64,
    pub(in crate::models) id: i64,
    pub(in crate::models) change_id: i64,
    pub(in crate::models) user_id: i64,
    pub(in crate::models) client_id: &'a str,
    pub(in crate::models) sent_hash: &'a [u8],
    pub(in crate::models) content: &'a str,
    pub(in crate::models) created_at: NaiveDateTime,
}

/// A message that exists already, and what tells a retry from a conflict.
struct Sent {
    room_id: i64,
    hash: Vec<u8>,
    message: frames::Message,
}

/// Where a room's log ends.
pub(in crate::models) struct Place {
    is_open: bool,
    /// Whether it is the conversation of two people.
    is_pair: bool,
    pub(in crate::models) seq: i64,
    pub(in crate::models) ver: i64,
    /// Whether it has new messages, or any change at all.
    pub(in crate::models) grew: bool,
    pub(in crate::models) changed: bool,
}

/// What a transaction knows and has done so far.
struct Batch<'a> {
    /// What the next one knows.
    known: Known,
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
    marks: HashMap<(i64, i64), Progress>,
}

impl<'a> Batch<'a> {
    fn load(conn: &mut DbConn, mut known: Known, writes: &[WriteCommand]) -> Result<Self> {
        let first_id = installation::take_numbers(conn, writes.len() as i64)?;
        known.refresh(conn)?;
        let room_ids = distinct(writes.iter().map(|write| target(write).0));
        let user_ids = distinct(writes.iter().map(|write| target(write).1));
        let targets = distinct(writes.iter().map(target));
        let users = take(&mut known.users, &user_ids, |ids| find_people(conn, ids))?;
        let members = take(&mut known.members, &targets, |targets| {
            find_members(conn, targets)
        })?;
        let places: BTreeMap<_, _> =
            take(&mut known.places, &room_ids, |ids| find_places(conn, ids))?;
        let directs = places.iter().filter(|(_, place)| place.is_pair);
        let directs: Vec<i64> = directs.map(|(room_id, _)| *room_id).collect();
        Ok(Self {
            known,
            first_id,
            now: now(),
            sent: find_sent(conn, writes)?,
            users,
            members,
            blocked: block::silenced_in(conn, &directs)?,
            named: Members::load(conn, writes.iter().filter_map(text))?,
            places,
            rows: Vec::with_capacity(writes.len()),
            new_mentions: Vec::new(),
            marks: HashMap::new(),
        })
    }

    /// The person and the room's end, when the person may write there.
    fn admit(&mut self, room_id: i64, user_id: i64) -> Result<(&User, &mut Place), ErrorCode> {
        let user = self.users.get(&user_id).ok_or(ErrorCode::Forbidden)?;
        let place = self.places.get_mut(&room_id).ok_or(ErrorCode::NotFound)?;
        let is_member = self.members.contains_key(&(room_id, user_id));
        match is_member {
            true => Ok((user, place)),
            false if place.is_open => Err(ErrorCode::Forbidden),
            false => Err(ErrorCode::NotFound),
        }
    }

    fn post(&mut self, draft: &'a ValidatedMessage, id: i64) -> WriteResult {
        let key = (draft.user_id, draft.client_id.clone());
        if let Some(sent) = self.sent.get(&key) {
            let is_same = sent.room_id == draft.room_id && sent.hash == draft.hash;
            let message = sent.message.clone();
            return is_same
                .then_some(StoredMessage {
                    message,
                    is_new: false,
                })
                .ok_or(ErrorCode::Conflict);
        }
        if self.blocked.contains(&(draft.room_id, draft.user_id)) {
            return Err(ErrorCode::Blocked);
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
        let mark = self.marks.entry(member);
        mark.or_insert(Progress::at(before)).post(row.seq);
        let message = row.public(&user, &named);
        let sent = Sent {
            room_id: draft.room_id,
            hash: draft.hash.to_vec(),
            message: message.clone(),
        };
        self.sent.insert(key, sent);
        self.rows.push(row);
        Ok(StoredMessage {
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

    fn store_rows(&mut self, conn: &mut DbConn) -> Result<()> {
        bulk::insert_messages(conn, &std::mem::take(&mut self.rows))?;
        bulk::insert_mentions(conn, &std::mem::take(&mut self.new_mentions))
    }

    fn store(mut self, conn: &mut DbConn) -> Result<Known> {
        bulk::advance_rooms(conn, &self.places, self.now)?;
        self.store_rows(conn)?;
        read_positions::advance(conn, &self.marks)?;
        let Self {
            known,
            users,
            mut members,
            mut places,
            marks,
            ..
        } = self;
        members.extend(marks.into_iter().map(|(member, mark)| (member, mark.seq)));
        for place in places.values_mut() {
            (place.grew, place.changed) = (false, false);
        }
        Ok(known.keep(users, members, places))
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
fn target(write: &WriteCommand) -> (i64, i64) {
    match write {
        WriteCommand::Post(draft) => (draft.room_id, draft.user_id),
        WriteCommand::Edit { target, .. } | WriteCommand::Delete(target) | WriteCommand::Erase(target) => {
            (target.room_id, target.user_id)
        }
    }
}

/// The room and the new text of a write.
fn text(write: &WriteCommand) -> Option<(i64, &str)> {
    match write {
        WriteCommand::Post(draft) => Some((draft.room_id, &draft.content)),
        WriteCommand::Edit { target, content } => Some((target.room_id, content)),
        WriteCommand::Delete(_) | WriteCommand::Erase(_) => None,
    }
}
