//! Changes of stored messages: what all kinds share. The replaced text is kept in `message_versions`.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Batch;
use super::bulk;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::message::Message;
use crate::models::message::mention::Mention;
use crate::models::schema::{deleted_messages, message_versions, messages, rooms};
use crate::models::user::User;
use crate::protocol::ErrorCode;
use crate::protocol::commands::{MessageRef, StoredMessage};

/// Why a change was not made.
pub(super) enum ChangeError {
    /// This change was rejected.
    Rejected(ErrorCode),
    /// The database failed, and with it the whole batch.
    Failed(Error),
}

impl From<ErrorCode> for ChangeError {
    fn from(code: ErrorCode) -> Self {
        Self::Rejected(code)
    }
}

impl From<Error> for ChangeError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<diesel::result::Error> for ChangeError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

#[derive(Insertable)]
#[diesel(table_name = message_versions)]
struct NewVersion<'a> {
    room_id: i64,
    seq: i64,
    ver: i64,
    content: &'a str,
    replaced_at: NaiveDateTime,
}

impl Batch<'_> {
    /// Returns the message and its author.
    pub(super) fn find(
        conn: &mut DbConn,
        target: &MessageRef,
    ) -> Result<(Message, User), ChangeError> {
        let found = Message::find(conn, target.room_id, target.seq)?;
        Ok(found.ok_or(ErrorCode::NotFound)?)
    }

    /// Returns a message that the change left as it is.
    pub(super) fn unchanged(
        conn: &mut DbConn,
        message: Message,
        author: User,
    ) -> Result<StoredMessage, ChangeError> {
        Ok(StoredMessage {
            message: Message::render_all(conn, vec![(message, author)])?.remove(0),
            is_new: false,
        })
    }

    /// Keeps a message's text before it is changed, and forgets its mentions.
    pub(super) fn keep_version(&self, conn: &mut DbConn, message: &Message) -> Result<()> {
        let version = NewVersion {
            room_id: message.room_id,
            seq: message.seq,
            ver: message.ver,
            content: &message.content,
            replaced_at: self.now,
        };
        diesel::insert_into(message_versions::table)
            .values(version)
            .execute(conn)?;
        bulk::delete_mentions(conn, message.room_id, message.seq)
    }

    /// Hides a message, and excludes it from the unread counts of members who have not read it.
    pub(super) fn hide(
        &mut self,
        conn: &mut DbConn,
        mut message: Message,
        author: &User,
        change_id: i64,
    ) -> Result<StoredMessage, ChangeError> {
        self.keep_version(conn, &message)?;
        message.deleted_at = Some(self.now);
        let (room_id, seq) = (message.room_id, message.seq);
        diesel::insert_into(deleted_messages::table)
            .values((
                deleted_messages::room_id.eq(room_id),
                deleted_messages::seq.eq(seq),
                deleted_messages::user_id.eq(author.id),
            ))
            .execute(conn)?;
        let room = rooms::table.find(room_id);
        diesel::update(room.filter(rooms::last_deleted_seq.lt(seq)))
            .set(rooms::last_deleted_seq.eq(seq))
            .execute(conn)?;
        self.update(conn, message, author, &[], change_id)
    }

    /// Stores a changed message with the room's next version.
    pub(super) fn update(
        &mut self,
        conn: &mut DbConn,
        mut message: Message,
        author: &User,
        mentions: &[Mention],
        change_id: i64,
    ) -> Result<StoredMessage, ChangeError> {
        if let Some(room) = self.rooms.get_mut(&message.room_id) {
            room.ver += 1;
            room.is_changed = true;
            message.ver = room.ver;
        }
        diesel::update(messages::table.find((message.room_id, message.seq)))
            .set((&message, messages::change_id.eq(change_id)))
            .execute(conn)?;
        Ok(StoredMessage {
            message: message.into_public(author, mentions),
            is_new: true,
        })
    }
}
