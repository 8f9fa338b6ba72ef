//! Messages, and queries of a room's history.
//!
//! # Errors
//! Unless a function says otherwise, `Unavailable` when the database does not respond.

pub(super) mod append;
pub mod mention;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use self::mention::Mention;
use super::rfc3339;
use super::room::{MORE_THAN_TWO, Room};
use super::schema::{memberships, messages, rooms, users};
use super::user::User;
use crate::error::Result;
use crate::models::database::connection::{DbConn, on_each};
use crate::models::values::content;
use crate::protocol::commands::{Changes, SequencedPage};
use crate::protocol::{self, Id, RoomKind};

/// Most messages of one page of changes.
pub const SYNC_PAGE: i64 = 200;

/// A stored message.
#[derive(Debug, Clone, Default, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = messages, primary_key(room_id, seq), treat_none_as_null = true)]
pub struct Message {
    /// The room's id.
    pub room_id: i64,
    /// Sequence number in the room: 1, 2, 3 … without gaps.
    pub seq: i64,
    /// Room version of the last change to the message.
    pub ver: i64,
    /// Id, unique and ascending in the installation.
    #[diesel(skip_update)]
    pub id: i64,
    /// UUID chosen by the sender.
    #[diesel(skip_update)]
    pub client_id: String,
    /// The text, also of a deleted message.
    pub content: String,
    /// When the message was stored.
    #[diesel(skip_update)]
    pub created_at: NaiveDateTime,
    /// When the message was last edited.
    pub edited_at: Option<NaiveDateTime>,
    /// When the message was deleted.
    pub deleted_at: Option<NaiveDateTime>,
}

/// A page's position in a room's history. Bounds are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cursor {
    /// The newest messages.
    Newest,
    /// The last messages before this `seq`.
    Before(i64),
    /// The first messages after this `seq`.
    After(i64),
    /// The first messages after one `seq` and before another.
    Between(i64, i64),
    /// The messages around this `seq`, half of them before it.
    Around(i64),
}

impl Message {
    /// Returns at most `limit` messages of a room, oldest first. The caller has checked access to the room.
    pub fn page(
        conn: &mut DbConn,
        room: &Room,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Vec<protocol::Message>> {
        if let Cursor::Around(seq) = cursor {
            // `seq` has no gaps, so the page's first one can be calculated.
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
        Self::render_all(conn, rows)
    }

    /// Returns one page of a room's changes after the version `ver`.
    ///
    /// # Errors
    /// `NotFound` when the room does not exist.
    pub fn changes_after(conn: &mut DbConn, room_id: i64, ver: i64) -> Result<Changes> {
        // Read first: changes that are committed later have a greater `ver` and are delivered live.
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
        let messages = Self::render_all(conn, rows)?;
        let page_ver = match messages.last() {
            Some(last) if messages.len() as i64 == SYNC_PAGE => last.ver,
            _ => last_ver,
        };
        Ok(Changes {
            more: page_ver < last_ver,
            ver: page_ver,
            last_ver,
            messages,
        })
    }

    /// Returns at most `limit` messages of a room before the one with this id, newest first.
    pub fn page_before_id(
        conn: &mut DbConn,
        room: &Room,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<protocol::Message>> {
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

    /// Returns one page of the changes after a change id, in all rooms of a user.
    pub fn changes_for_user(conn: &mut DbConn, user_id: i64, after: i64) -> Result<SequencedPage> {
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
        Self::sequenced_page(conn, rows)
    }

    /// Returns one page of the messages after a message id that others sent to a user in direct rooms of two.
    pub fn direct_messages_to(
        conn: &mut DbConn,
        user_id: i64,
        after: i64,
    ) -> Result<SequencedPage> {
        let rows: Vec<(i64, Self, User)> = messages::table
            .inner_join(users::table)
            .inner_join(rooms::table)
            .inner_join(
                memberships::table.on(memberships::room_id
                    .eq(messages::room_id)
                    .and(memberships::user_id.eq(user_id))),
            )
            .filter(rooms::kind.eq(RoomKind::Direct))
            .filter(rooms::direct_key.not_like(MORE_THAN_TWO))
            .filter(messages::user_id.ne(user_id))
            .filter(messages::deleted_at.is_null())
            .filter(messages::id.gt(after))
            .order(messages::id.asc())
            .limit(SYNC_PAGE)
            .select((messages::id, Self::as_select(), User::as_select()))
            .load(conn)?;
        Self::sequenced_page(conn, rows)
    }

    /// Renders a page of messages, each with its message or change id.
    fn sequenced_page(conn: &mut DbConn, rows: Vec<(i64, Self, User)>) -> Result<SequencedPage> {
        let more = rows.len() as i64 == SYNC_PAGE;
        let (ids, rows): (Vec<i64>, Vec<_>) = rows
            .into_iter()
            .map(|(id, message, author)| (id, (message, author)))
            .unzip();
        let messages = ids.into_iter().zip(Self::render_all(conn, rows)?).collect();
        Ok(SequencedPage { messages, more })
    }

    /// Returns the latest message of each of these rooms that has one.
    pub(super) fn latest_of(
        conn: &mut DbConn,
        room_ids: impl Iterator<Item = i64>,
    ) -> Result<Vec<protocol::Message>> {
        let rows = messages::table
            .inner_join(users::table)
            .inner_join(rooms::table)
            .filter(messages::room_id.eq_any(room_ids.collect::<Vec<_>>()))
            .filter(messages::seq.eq(rooms::last_seq))
            .select((Self::as_select(), User::as_select()))
            .load(conn)?;
        Self::render_all(conn, rows)
    }

    /// Returns a message, also a deleted one, and its author.
    pub(super) fn find(conn: &mut DbConn, room_id: i64, seq: i64) -> Result<Option<(Self, User)>> {
        Ok(messages::table
            .find((room_id, seq))
            .inner_join(users::table)
            .select((Self::as_select(), User::as_select()))
            .get_result(conn)
            .optional()?)
    }

    /// Renders messages with their mentions.
    pub(super) fn render_all(
        conn: &mut DbConn,
        rows: Vec<(Self, User)>,
    ) -> Result<Vec<protocol::Message>> {
        let with_at = rows
            .iter()
            .filter(|(message, _)| message.content.contains('@'));
        let mentioned = mention::load_for_messages(conn, with_at.map(|(message, _)| message.id))?;
        let render = |(message, author): (Self, User)| {
            let mentions = mentioned.get(&message.id).map_or_else(Vec::new, |users| {
                mention::find(&message.content, |key| users.get(key).copied())
            });
            message.into_public(&author, &mentions)
        };
        Ok(rows.into_iter().map(render).collect())
    }

    /// Renders the message for clients, without the text if it is deleted.
    pub(super) fn into_public(self, author: &User, mentions: &[Mention]) -> protocol::Message {
        let (content, html) = match self.deleted_at {
            Some(_) => (String::new(), String::new()),
            None => {
                let html = content::to_html(&self.content, mentions);
                (self.content, html)
            }
        };
        protocol::Message {
            room_id: Id(self.room_id),
            seq: self.seq,
            ver: self.ver,
            id: Id(self.id),
            client_id: self.client_id,
            user: author.to_public(),
            content,
            html,
            created_at: rfc3339(self.created_at),
            edited_at: self.edited_at.map(rfc3339),
            deleted_at: self.deleted_at.map(rfc3339),
        }
    }
}
