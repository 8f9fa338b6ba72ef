//! Messages, and the ways through a room's history.

pub(super) mod append;
pub mod mention;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use self::mention::Named;
use super::rfc3339;
use super::room::{DIRECT, Room};
use super::schema::{memberships, messages, rooms, users};
use super::user::User;
use crate::error::Result;
use crate::models::database::connection::{DbConn, on_each};
use crate::models::values::content;
use crate::realtime::frames::{self, Id};
use crate::realtime::store::{Changes, SequencedPage};

/// The most changes of one page of `sync`.
pub const SYNC_PAGE: i64 = 200;

/// A stored message.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub struct Message {
    /// Its room.
    pub room_id: i64,
    /// Its place there.
    pub seq: i64,
    /// The number of the change that last touched it.
    pub ver: i64,
    /// Its number in the installation.
    pub id: i64,
    /// The UUID its sender gave it.
    pub client_id: String,
    /// The text; kept for admins when deleted.
    pub content: String,
    /// When it was stored.
    pub created_at: NaiveDateTime,
    /// When it was last edited.
    pub edited_at: Option<NaiveDateTime>,
    /// When it was deleted.
    pub deleted_at: Option<NaiveDateTime>,
}

/// Which part of a history: both ends are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cursor {
    /// The newest messages.
    Newest,
    /// The ones just before this `seq`.
    Before(i64),
    /// The ones just after this `seq`.
    After(i64),
    /// The first ones after one `seq` and before another.
    Between(i64, i64),
    /// The ones around this `seq`, half of them before it.
    Around(i64),
}

impl Message {
    /// At most `limit` messages of a room, oldest first. The room was found for the person who asks.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn page(
        conn: &mut DbConn,
        room: &Room,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Vec<frames::Message>> {
        if let Cursor::Around(seq) = cursor {
            // Places have no holes, so half a page before is a number.
            let after = seq
                .saturating_sub(limit / 2)
                .min(room.last_seq + 1 - limit)
                .max(1)
                - 1;
            return Self::page(conn, room, Cursor::After(after), limit);
        }
        let mut rows: Vec<(Self, User)> = on_each!(conn, conn => {
            let query = messages::table
                .inner_join(users::table)
                .filter(messages::room_id.eq(room.id))
                .select((Self::as_select(), User::as_select()))
                .limit(limit)
                .into_boxed();
            let query = match cursor {
                Cursor::Newest => query.order(messages::seq.desc()),
                Cursor::Before(seq) => query
                    .filter(messages::seq.lt(seq))
                    .order(messages::seq.desc()),
                Cursor::After(seq) | Cursor::Around(seq) => query
                    .filter(messages::seq.gt(seq))
                    .order(messages::seq.asc()),
                Cursor::Between(after, before) => query
                    .filter(messages::seq.gt(after))
                    .filter(messages::seq.lt(before))
                    .order(messages::seq.asc()),
            };
            query.load(conn)
        })?;
        if !matches!(cursor, Cursor::After(_) | Cursor::Between(..)) {
            rows.reverse();
        }
        Self::publish(conn, room.id, rows)
    }

    /// What changed in a room after `ver`, one page of it.
    ///
    /// # Errors
    /// `NotFound` when there is no such room; `Unavailable` when the database does not answer.
    pub fn changes(conn: &mut DbConn, room_id: i64, ver: i64) -> Result<Changes> {
        // The room's number first: what changes after this line has a later number and comes live.
        let last_ver = rooms::table
            .find(room_id)
            .select(rooms::last_ver)
            .get_result(conn)?;
        let rows: Vec<(Self, User)> = on_each!(conn, conn => messages::table
            .inner_join(users::table)
            .filter(messages::room_id.eq(room_id))
            .filter(messages::ver.gt(ver))
            .filter(messages::ver.le(last_ver))
            .order(messages::ver.asc())
            .limit(SYNC_PAGE)
            .select((Self::as_select(), User::as_select()))
            .load(conn))?;
        let messages = Self::publish(conn, room_id, rows)?;
        let closing = match messages.last() {
            Some(last) if messages.len() as i64 == SYNC_PAGE => last.ver,
            _ => last_ver,
        };
        Ok(Changes {
            more: closing < last_ver,
            ver: closing,
            last_ver,
            messages,
        })
    }

    /// At most `limit` messages of a room before the one with this id, newest first.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn page_before_id(
        conn: &mut DbConn,
        room: &Room,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<frames::Message>> {
        let seq = match before {
            Some(id) => messages::table
                .filter(messages::id.eq(id))
                .filter(messages::room_id.eq(room.id))
                .select(messages::seq)
                .get_result(conn)
                .optional()?
                .unwrap_or(0),
            None => i64::MAX,
        };
        let mut page = Self::page(conn, room, Cursor::Before(seq), limit)?;
        page.reverse();
        Ok(page)
    }

    /// Changes after a number of the installation in all rooms of a person, one page of them.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn changed_for(conn: &mut DbConn, user_id: i64, after: i64) -> Result<SequencedPage> {
        let rows: Vec<(i64, Self, User)> = messages::table
            .inner_join(users::table)
            .inner_join(
                memberships::table.on(memberships::room_id
                    .eq(messages::room_id)
                    .and(memberships::user_id.eq(user_id))),
            )
            .filter(messages::change_id.gt(after))
            .order(messages::change_id.asc())
            .limit(SYNC_PAGE)
            .select((messages::change_id, Self::as_select(), User::as_select()))
            .load(conn)?;
        Self::number(conn, rows)
    }

    /// What others said to a person in conversations of two after a number of the installation, one page of it.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn said_to(conn: &mut DbConn, user_id: i64, after: i64) -> Result<SequencedPage> {
        let rows: Vec<(i64, Self, User)> = messages::table
            .inner_join(users::table)
            .inner_join(rooms::table)
            .inner_join(
                memberships::table.on(memberships::room_id
                    .eq(messages::room_id)
                    .and(memberships::user_id.eq(user_id))),
            )
            .filter(rooms::kind.eq(DIRECT))
            .filter(rooms::direct_key.not_like("%-%-%"))
            .filter(messages::user_id.ne(user_id))
            .filter(messages::deleted_at.is_null())
            .filter(messages::id.gt(after))
            .order(messages::id.asc())
            .limit(SYNC_PAGE)
            .select((messages::id, Self::as_select(), User::as_select()))
            .load(conn)?;
        Self::number(conn, rows)
    }

    fn number(conn: &mut DbConn, rows: Vec<(i64, Self, User)>) -> Result<SequencedPage> {
        let more = rows.len() as i64 == SYNC_PAGE;
        let mut messages = Vec::with_capacity(rows.len());
        for (number, message, author) in rows {
            let room_id = message.room_id;
            let message = Self::publish(conn, room_id, vec![(message, author)])?.remove(0);
            messages.push((number, message));
        }
        Ok(SequencedPage { messages, more })
    }

    /// A message and its author, whatever its state.
    pub(super) fn find(conn: &mut DbConn, room_id: i64, seq: i64) -> Result<Option<(Self, User)>> {
        Ok(messages::table
            .find((room_id, seq))
            .inner_join(users::table)
            .select((Self::as_select(), User::as_select()))
            .get_result(conn)
            .optional()?)
    }

    /// Messages of a room as everybody sees them, with the names in them marked.
    pub(super) fn publish(
        conn: &mut DbConn,
        room_id: i64,
        rows: Vec<(Self, User)>,
    ) -> Result<Vec<frames::Message>> {
        let may_name = rows
            .iter()
            .filter(|(message, _)| message.content.contains('@'));
        let seqs = may_name.map(|(message, _)| message.seq).collect();
        let known = mention::of_messages(conn, room_id, seqs)?;
        Ok(rows
            .into_iter()
            .map(|(message, author)| {
                let named = known.get(&message.seq).map_or_else(Vec::new, |names| {
                    mention::find(&message.content, |key| names.get(key).copied())
                });
                message.public(&author, &named)
            })
            .collect())
    }

    /// The message as everybody sees it: the text of a deleted one is hidden.
    pub(super) fn public(self, author: &User, named: &[Named]) -> frames::Message {
        let (content, html) = match self.deleted_at {
            Some(_) => (String::new(), String::new()),
            None => {
                let html = content::to_html(&self.content, named);
                (self.content, html)
            }
        };
        frames::Message {
            room_id: Id(self.room_id),
            seq: self.seq,
            ver: self.ver,
            id: Id(self.id),
            client_id: self.client_id,
            user: author.public(),
            content,
            html,
            created_at: rfc3339(self.created_at),
            edited_at: self.edited_at.map(rfc3339),
            deleted_at: self.deleted_at.map(rfc3339),
        }
    }
}
