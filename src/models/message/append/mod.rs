//! Appends a batch of writes to rooms' logs in one transaction.

mod bulk;
mod cache;
mod change;
mod delete;
mod edit;
mod erase;
mod load;
mod post;
mod rows;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDateTime;

pub(in crate::models) use self::cache::WriteCache;
use self::cache::take_cached_or_load;
use self::change::ChangeError;
use self::load::{distinct, load_active_users, load_members, load_room_heads, load_sent_messages};
use self::rows::{MessageRow, RoomHead, SentMessage};
use super::mention::{Mention, MentionableMembers};
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::room::bulk_read_positions;
use crate::models::room::bulk_read_positions::PendingPosition;
use crate::models::user::User;
use crate::models::user::block;
use crate::models::{installation, now};
use crate::protocol::ErrorCode;
use crate::protocol::commands::{Change, MessageRef, WriteCommand, WriteResult};

/// Executes all writes, or none if it fails. Returns one result per write, in order, and the cache to use for the next
/// batch once the transaction is committed.
///
/// # Errors
/// `Unavailable` when the database does not respond or the outcome is unknown.
pub(in crate::models) fn append(
    conn: &mut DbConn,
    cache: WriteCache,
    writes: &[WriteCommand],
) -> Result<(Vec<WriteResult>, WriteCache)> {
    let mut batch = Batch::load(conn, cache, writes)?;
    let mut results = Vec::with_capacity(writes.len());
    for (write, id) in writes.iter().zip(batch.first_id..) {
        results.push(match write {
            WriteCommand::Post(draft) => batch.post(draft, id),
            WriteCommand::Change(target, change) => batch.change(conn, target, change, id)?,
        });
    }
    let cache = batch.store(conn)?;
    Ok((results, cache))
}

/// The state of one batch: what was loaded for it, and what is to be stored.
struct Batch<'a> {
    /// Entries that this batch does not use.
    cache: WriteCache,
    first_id: i64,
    now: NaiveDateTime,
    /// By sender and `clientId`.
    sent: HashMap<(i64, String), SentMessage>,
    /// Active users only.
    users: HashMap<i64, User>,
    /// Each member's `read_seq` by room and user.
    members: HashMap<(i64, i64), i64>,
    /// (room, user) pairs whose messages are rejected because the other member blocked them or deleted their account.
    blocked: HashSet<(i64, i64)>,
    rooms: BTreeMap<i64, RoomHead>,
    mentionable: MentionableMembers,
    rows: Vec<MessageRow<'a>>,
    /// (user, room, seq).
    new_mentions: Vec<(i64, i64, i64)>,
    /// Changed positions by room and user.
    read_positions: HashMap<(i64, i64), PendingPosition>,
}

impl<'a> Batch<'a> {
    fn load(conn: &mut DbConn, mut cache: WriteCache, writes: &[WriteCommand]) -> Result<Self> {
        let first_id = installation::allocate_ids(conn, writes.len() as i64)?;
        cache.refresh(conn)?;
        let member_ids = distinct(writes.iter().map(WriteCommand::room_and_user));
        let room_ids = distinct(member_ids.iter().map(|(room_id, _)| *room_id));
        let user_ids = distinct(member_ids.iter().map(|(_, user_id)| *user_id));
        let users = take_cached_or_load(&mut cache.users, &user_ids, |ids| {
            load_active_users(conn, ids)
        })?;
        let members = take_cached_or_load(&mut cache.members, &member_ids, |ids| {
            load_members(conn, ids)
        })?;
        let rooms: BTreeMap<i64, RoomHead> =
            take_cached_or_load(&mut cache.rooms, &room_ids, |ids| {
                load_room_heads(conn, ids)
            })?;
        let pairs = rooms.iter().filter(|(_, room)| room.is_pair);
        let pairs: Vec<i64> = pairs.map(|(room_id, _)| *room_id).collect();
        let texts = writes
            .iter()
            .filter_map(|write| Some((write.room_and_user().0, write.text()?)));
        Ok(Self {
            cache,
            first_id,
            now: now(),
            sent: load_sent_messages(conn, writes)?,
            users,
            members,
            blocked: block::blocked_senders(conn, &pairs)?,
            mentionable: MentionableMembers::load(conn, texts)?,
            rooms,
            rows: Vec::with_capacity(writes.len()),
            new_mentions: Vec::new(),
            read_positions: HashMap::new(),
        })
    }

    /// Returns the user and the room if the user is a member.
    fn require_member(
        &mut self,
        (room_id, user_id): (i64, i64),
    ) -> Result<(&User, &mut RoomHead), ErrorCode> {
        let user = self.users.get(&user_id).ok_or(ErrorCode::Forbidden)?;
        let room = self.rooms.get_mut(&room_id).ok_or(ErrorCode::NotFound)?;
        match self.members.contains_key(&(room_id, user_id)) {
            true => Ok((user, room)),
            false if room.is_open => Err(ErrorCode::Forbidden),
            false => Err(ErrorCode::NotFound),
        }
    }

    /// Makes a change, whose id is `change_id`.
    fn change(
        &mut self,
        conn: &mut DbConn,
        target: &MessageRef,
        change: &Change,
        change_id: i64,
    ) -> Result<WriteResult> {
        // The message may be new in this batch.
        self.store_rows(conn)?;
        let changed = match change {
            Change::Edit(text) => self.edit(conn, target, text, change_id),
            Change::Delete => self.delete(conn, target, change_id),
            Change::Erase => self.erase(conn, target, change_id),
        };
        match changed {
            Ok(stored) => Ok(Ok(stored)),
            Err(ChangeError::Rejected(code)) => Ok(Err(code)),
            Err(ChangeError::Failed(error)) => Err(error),
        }
    }

    /// Finds the mentions in a text and adds their rows.
    fn add_mentions(&mut self, room_id: i64, seq: i64, text: &str) -> Vec<Mention> {
        let mentions = self.mentionable.find_in(room_id, text);
        let user_ids: HashSet<i64> = mentions.iter().map(|mention| mention.user_id).collect();
        let rows = user_ids.into_iter().map(|user_id| (user_id, room_id, seq));
        self.new_mentions.extend(rows);
        mentions
    }

    fn store_rows(&mut self, conn: &mut DbConn) -> Result<()> {
        bulk::insert_messages(conn, &std::mem::take(&mut self.rows))?;
        bulk::insert_mentions(conn, &std::mem::take(&mut self.new_mentions))
    }

    fn store(mut self, conn: &mut DbConn) -> Result<WriteCache> {
        bulk::update_room_heads(conn, &self.rooms, self.now)?;
        self.store_rows(conn)?;
        bulk_read_positions::store(conn, &self.read_positions)?;
        let read = self.read_positions.into_iter();
        self.members
            .extend(read.map(|(member, position)| (member, position.seq)));
        for room in self.rooms.values_mut() {
            (room.has_new_message, room.is_changed) = (false, false);
        }
        Ok(self.cache.with(self.users, self.members, self.rooms))
    }
}
