//! Messages, and the ways through a room's history.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::connection::DbConn;
use super::content;
use super::rfc3339;
use super::mention::{self, Named};
use super::room::Room;
use super::schema::{messages, rooms, users};
use super::user::User;
use crate::error::Result;
use crate::realtime::frames::{self, Id};
use crate::realtime::store::Changes;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// The newest messages.
    Newest,
    /// The ones just before this `seq`.
    Before(i64),
    /// The ones just after this `seq`.
    After(i64),
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
            Cursor::After(seq) => query
                .filter(messages::seq.gt(seq))
                .order(messages::seq.asc()),
        };
        let mut rows: Vec<(Self, User)> = query.load(conn)?;
        if !matches!(cursor, Cursor::After(_)) {
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
            .first(conn)?;
        let rows: Vec<(Self, User)> = messages::table
            .inner_join(users::table)
            .filter(messages::room_id.eq(room_id))
            .filter(messages::ver.gt(ver))
            .filter(messages::ver.le(last_ver))
            .order(messages::ver.asc())
            .limit(SYNC_PAGE)
            .select((Self::as_select(), User::as_select()))
            .load(conn)?;
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

    /// A message and its author, whatever its state.
    pub(super) fn find(conn: &mut DbConn, room_id: i64, seq: i64) -> Result<Option<(Self, User)>> {
        Ok(messages::table
            .find((room_id, seq))
            .inner_join(users::table)
            .select((Self::as_select(), User::as_select()))
            .first(conn)
            .optional()?)
    }

    /// Messages of a room as everybody sees them, with the names in them marked.
    pub(super) fn publish(
        conn: &mut DbConn,
        room_id: i64,
        rows: Vec<(Self, User)>,
    ) -> Result<Vec<frames::Message>> {
        let may_name = rows.iter().filter(|(message, _)| message.content.contains('@'));
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
