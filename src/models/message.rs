//! Messages, and the ways through a room's history.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::connection::DbConn;
use super::content::to_html;
use super::rfc3339;
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
        Ok(rows.into_iter().map(Self::public).collect())
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
        let messages: Vec<_> = rows.into_iter().map(Self::public).collect();
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

    /// A message as everybody sees it: the text of a deleted one is hidden.
    pub fn public((message, user): (Self, User)) -> frames::Message {
        let content = match message.deleted_at {
            Some(_) => String::new(),
            None => message.content,
        };
        frames::Message {
            room_id: Id(message.room_id),
            seq: message.seq,
            ver: message.ver,
            id: Id(message.id),
            client_id: message.client_id,
            user: user.public(),
            html: to_html(&content),
            content,
            created_at: rfc3339(message.created_at),
            edited_at: message.edited_at.map(rfc3339),
            deleted_at: message.deleted_at.map(rfc3339),
        }
    }
}
