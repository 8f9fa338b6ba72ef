//! Conversations: direct rooms of two users, as the API shows them.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::alias;
use diesel::prelude::*;

use super::membership::Membership;
use super::{MORE_THAN_TWO, Room};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::message::Message;
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::User;
use crate::protocol::{self, RoomKind};

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

/// Which of a user's conversations to load.
enum Selection {
    One(i64),
    /// At most `limit` with messages, latest activity first, after this time and room.
    Page(Option<(NaiveDateTime, i64)>, i64),
}

impl Conversation {
    /// Returns at most `limit` conversations that have messages, latest activity first, after the conversation
    /// `before`.
    pub fn page(
        conn: &mut DbConn,
        user_id: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Self>> {
        let after = match before {
            None => None,
            // Counts only if it is a conversation of this user, so that it reveals nothing about others.
            Some(id) => {
                let found = Self::load(conn, user_id, Selection::One(id))?.pop();
                let position = found.and_then(|(room, ..)| Some((room.last_message_at?, room.id)));
                if position.is_none() {
                    return Ok(Vec::new());
                }
                position
            }
        };
        let rows = Self::load(conn, user_id, Selection::Page(after, limit))?;
        Self::from_rows(conn, user_id, rows)
    }

    /// Returns one conversation.
    ///
    /// # Errors
    /// `NotFound` when the user has no conversation with this id.
    pub fn find(conn: &mut DbConn, user_id: i64, room_id: i64) -> Result<Self> {
        let rows = Self::load(conn, user_id, Selection::One(room_id))?;
        Self::from_rows(conn, user_id, rows)?
            .pop()
            .ok_or(Error::NotFound)
    }

    fn load(conn: &mut DbConn, user_id: i64, which: Selection) -> Result<Vec<ConversationRow>> {
        let other = alias!(memberships as other);
        let query = memberships::table
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
            .filter(rooms::direct_key.not_like(MORE_THAN_TWO))
            .select((
                Room::as_select(),
                Membership::as_select(),
                User::as_select(),
            ))
            .into_boxed();
        let query = match which {
            Selection::One(room_id) => query.filter(rooms::id.eq(room_id)),
            Selection::Page(after, limit) => {
                let with_messages = query
                    .filter(rooms::last_seq.gt(0))
                    .order((rooms::last_message_at.desc(), rooms::id.desc()))
                    .limit(limit);
                match after {
                    Some((time, room_id)) => with_messages.filter(
                        rooms::last_message_at
                            .lt(time)
                            .or(rooms::last_message_at.eq(time).and(rooms::id.lt(room_id))),
                    ),
                    None => with_messages,
                }
            }
        };
        Ok(query.load(conn)?)
    }

    fn from_rows(conn: &mut DbConn, user_id: i64, rows: Vec<ConversationRow>) -> Result<Vec<Self>> {
        let (rows, others): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .map(|(room, membership, other)| ((room, membership), other))
            .unzip();
        let deleted = Room::deleted_after_read_positions(conn, user_id, &rows)?;
        let room_ids = rows.iter().map(|(room, _)| room.id);
        let mut newest: HashMap<_, _> = Message::latest_of(conn, room_ids)?
            .into_iter()
            .map(|message| (message.room_id.0, message))
            .collect();
        let conversation = |((room, membership), other): ((Room, Membership), User)| Self {
            room_id: room.id,
            other: other.to_public(),
            last_message: newest.remove(&room.id),
            has_unread: room.unread_count(&membership, &deleted) > 0,
        };
        Ok(rows.into_iter().zip(others).map(conversation).collect())
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
