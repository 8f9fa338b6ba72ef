//! Rows that a batch reads and writes.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::models::message::Message;
use crate::models::message::mention::Mention;
use crate::models::schema::messages;
use crate::models::user::User;
use crate::protocol;

/// A new row of `messages`.
#[derive(Insertable)]
#[diesel(table_name = messages)]
pub(in crate::models) struct MessageRow<'a> {
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

impl MessageRow<'_> {
    pub(super) fn to_public(&self, author: &User, mentions: &[Mention]) -> protocol::Message {
        let message = Message {
            room_id: self.room_id,
            seq: self.seq,
            ver: self.ver,
            id: self.id,
            client_id: self.client_id.to_owned(),
            content: self.content.to_owned(),
            created_at: self.created_at,
            ..Message::default()
        };
        message.into_public(author, mentions)
    }
}

/// An already stored message with the same sender and `clientId` as a new one. Room and hash tell a retry from a conflict.
pub(super) struct SentMessage {
    pub(super) room_id: i64,
    pub(super) hash: Vec<u8>,
    pub(super) message: protocol::Message,
}

/// The end of a room's log.
pub(in crate::models) struct RoomHead {
    pub(super) is_open: bool,
    /// Whether it is a direct room of two people.
    pub(super) is_pair: bool,
    pub(in crate::models) seq: i64,
    pub(in crate::models) ver: i64,
    /// Whether the batch adds a message.
    pub(in crate::models) has_new_message: bool,
    /// Whether the batch changes the log.
    pub(in crate::models) is_changed: bool,
}
