//! Conversations: direct rooms of two users, as the API shows them.

use diesel::alias;
use diesel::prelude::*;

use super::Room;
use super::membership::Membership;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::message::Message;
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::User;
use crate::protocol;
use crate::protocol::RoomKind;

/// A conversation as seen by one of its members.
#[derive(Debug)]
pub struct Conversation {
    /// Id of the room.
    pub room_id: i64,
    /// The other member.
    pub other: protocol::User,
    /// Latest message.
    pub last_message: Option<protocol::Message>,
    /// Whether there are unread messages.
    pub has_unread: bool,
}

/// A one-to-one room, the user's membership, and the other member.
type ConversationRow = (Room, Membership, User);

impl Conversation {
    /// Returns at most `limit` conversations that have messages, latest activity first, after the conversation
    /// `before`.
    pub fn page(
        conn: &mut DbConn,
        user_id: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Self>> {
        let mut rows: Vec<ConversationRow> = Self::load_rows(conn, user_id, None)?;
        // `before` counts only if it is a conversation of this user, so that it reveals nothing about others.
        let sort_key = |room: &Room| (room.last_message_at, room.id);
        let last = rows.iter().find(|(room, ..)| Some(room.id) == before);
        let last = last.map(|(room, ..)| sort_key(room));
        rows.retain(|(room, ..)| {
            let is_later = before.is_none() || last.is_some_and(|last| sort_key(room) < last);
            room.last_seq > 0 && is_later
        });
        rows.sort_by_key(|(room, ..)| std::cmp::Reverse(sort_key(room)));
        rows.truncate(limit as usize);
        Self::from_rows(conn, user_id, rows)
    }

    /// Returns one conversation.
    ///
    /// # Errors
    /// `NotFound` when the user has no conversation with this id.
    pub fn find(conn: &mut DbConn, user_id: i64, room_id: i64) -> Result<Self> {
        let rows = Self::load_rows(conn, user_id, Some(room_id))?;
        Self::from_rows(conn, user_id, rows)?
            .pop()
            .ok_or(Error::NotFound)
    }

    fn load_rows(
        conn: &mut DbConn,
        user_id: i64,
        only: Option<i64>,
    ) -> Result<Vec<ConversationRow>> {
        let other = alias!(memberships as other);
        let mut query = memberships::table
            .inner_join(rooms::table)
            .inner_join(
                other.on(other
                    .field(memberships::room_id)
                    .eq(memberships::room_id)
                    .and(other.field(memberships::user_id).ne(user_id))),
            )
            .inner_join(users::table.on(users::id.eq(other.field(memberships::user_id))))
            .filter(memberships::user_id.eq(user_id))
            .filter(rooms::kind.eq(RoomKind::Direct))
            .select((
                Room::as_select(),
                Membership::as_select(),
                User::as_select(),
            ))
            .into_boxed();
        if let Some(room_id) = only {
            query = query.filter(memberships::room_id.eq(room_id));
        }
        let mut rows: Vec<ConversationRow> = query.load(conn)?;
        rows.retain(|(room, ..)| room.is_one_to_one());
        Ok(rows)
    }

    fn from_rows(conn: &mut DbConn, user_id: i64, rows: Vec<ConversationRow>) -> Result<Vec<Self>> {
        let (rows, others): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .map(|(room, membership, other)| ((room, membership), other))
            .unzip();
        let deleted = Room::deleted_after_read_positions(conn, user_id, &rows)?;
        let with_others = rows.into_iter().zip(others);
        with_others
            .map(|((room, membership), other)| {
                let newest = Message::find(conn, room.id, room.last_seq)?;
                let newest = newest.into_iter().collect();
                Ok(Self {
                    room_id: room.id,
                    other: other.to_public(),
                    last_message: Message::render_all(conn, room.id, newest)?.pop(),
                    has_unread: room.unread_count(&membership, &deleted) > 0,
                })
            })
            .collect()
    }

    /// Returns the room of a conversation and the user's membership.
    ///
    /// # Errors
    /// `NotFound` when the user has no conversation with this id.
    pub fn room(conn: &mut DbConn, user: &User, room_id: i64) -> Result<(Room, Membership)> {
        match Room::find_for(conn, user, room_id)? {
            (room, Some(membership)) if room.is_one_to_one() => Ok((room, membership)),
            _ => Err(Error::NotFound),
        }
    }
}
