//! Conversations: the direct rooms of two people, as the API shows them.

use diesel::alias;
use diesel::prelude::*;

use super::membership::Membership;
use super::{DIRECT, Room};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::message::Message;
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::User;
use crate::realtime::frames;

/// A conversation, as one of the two sees it.
#[derive(Debug)]
pub struct Conversation {
    /// Its room.
    pub room_id: i64,
    /// The other one.
    pub other: frames::User,
    /// What was said last.
    pub last_message: Option<frames::Message>,
    /// Whether that was not read.
    pub has_unread: bool,
}

type Row = (Room, Membership, User);

impl Conversation {
    /// At most `limit` conversations in which something was said, latest activity first, after the one given.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn page(
        conn: &mut DbConn,
        user_id: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Self>> {
        let mut rows: Vec<Row> = Self::rows(conn, user_id, None)?;
        // Only my own conversations tell where a page ended.
        let place = |room: &Room| (room.last_message_at, room.id);
        let last = rows.iter().find(|(room, ..)| Some(room.id) == before);
        let last = last.map(|(room, ..)| place(room));
        rows.retain(|(room, ..)| {
            let is_later = before.is_none() || last.is_some_and(|last| place(room) < last);
            room.last_seq > 0 && is_later
        });
        rows.sort_by_key(|(room, ..)| std::cmp::Reverse((room.last_message_at, room.id)));
        rows.truncate(limit as usize);
        Self::of_all(conn, user_id, rows)
    }

    /// One conversation.
    ///
    /// # Errors
    /// `NotFound` when the person has none of this id.
    pub fn find(conn: &mut DbConn, user_id: i64, room_id: i64) -> Result<Self> {
        let rows = Self::rows(conn, user_id, Some(room_id))?;
        Self::of_all(conn, user_id, rows)?
            .pop()
            .ok_or(Error::NotFound)
    }

    /// The room, what I have read there, and the other one.
    fn rows(conn: &mut DbConn, user_id: i64, only: Option<i64>) -> Result<Vec<Row>> {
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
            .filter(rooms::kind.eq(DIRECT))
            .select((
                Room::as_select(),
                Membership::as_select(),
                User::as_select(),
            ))
            .into_boxed();
        if let Some(room_id) = only {
            query = query.filter(memberships::room_id.eq(room_id));
        }
        let mut rows: Vec<Row> = query.load(conn)?;
        rows.retain(|(room, ..)| room.is_pair());
        Ok(rows)
    }

    fn of_all(conn: &mut DbConn, user_id: i64, rows: Vec<Row>) -> Result<Vec<Self>> {
        let (rows, others): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .map(|(room, membership, other)| ((room, membership), other))
            .unzip();
        let deleted = Room::deleted_after(conn, user_id, &rows)?;
        let with_others = rows.into_iter().zip(others);
        with_others
            .map(|((room, membership), other)| {
                let newest = Message::find(conn, room.id, room.last_seq)?;
                let newest = newest.into_iter().collect();
                Ok(Self {
                    room_id: room.id,
                    other: other.public(),
                    last_message: Message::render_all(conn, room.id, newest)?.pop(),
                    has_unread: room.unread_by(&membership, &deleted) > 0,
                })
            })
            .collect()
    }

    /// The room of a conversation that a person may read.
    ///
    /// # Errors
    /// `NotFound` when the person has none of this id.
    pub fn room(conn: &mut DbConn, user: &User, room_id: i64) -> Result<(Room, Membership)> {
        match Room::find_for(conn, user, room_id)? {
            (room, Some(membership)) if room.is_pair() => Ok((room, membership)),
            _ => Err(Error::NotFound),
        }
    }
}
