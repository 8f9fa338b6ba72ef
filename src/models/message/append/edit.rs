//! Edits and deletions. The replaced text is kept in `message_versions`.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Batch;
use super::bulk;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::message::Message;
use crate::models::schema::{deleted_messages, message_versions, messages, rooms};
use crate::models::user::User;
use crate::protocol;
use crate::protocol::ErrorCode;
use crate::protocol::commands::{MessageRef, StoredMessage, WriteResult};

#[derive(Insertable)]
#[diesel(table_name = message_versions)]
struct NewVersion {
    room_id: i64,
    seq: i64,
    ver: i64,
    content: String,
    replaced_at: NaiveDateTime,
}

impl Batch<'_> {
    /// Edits a message, or deletes it if there is no new text.
    pub(super) fn edit(
        &mut self,
        conn: &mut DbConn,
        target: &MessageRef,
        text: Option<&str>,
        change_id: i64,
    ) -> Result<WriteResult> {
        // The message may be new in this batch.
        self.store_rows(conn)?;
        let MessageRef {
            room_id,
            seq,
            user_id,
        } = *target;
        let is_admin = self.users.get(&user_id).is_some_and(User::is_admin);
        match self.require_member(room_id, user_id).err() {
            // Admins may delete messages in open rooms without being members.
            Some(ErrorCode::Forbidden) if is_admin && text.is_none() => {}
            Some(code) => return Ok(Err(code)),
            None => {}
        }
        // An edit would reach the other member like a new message.
        if text.is_some() && self.blocked.contains(&(room_id, user_id)) {
            return Ok(Err(ErrorCode::Blocked));
        }
        let Some((message, author)) = Message::find(conn, room_id, seq)? else {
            return Ok(Err(ErrorCode::NotFound));
        };
        let may_change = author.id == user_id || (is_admin && text.is_none());
        if !may_change {
            return Ok(Err(ErrorCode::Forbidden));
        }
        let is_unchanged = match text {
            None => message.deleted_at.is_some(),
            Some(_) if message.deleted_at.is_some() => return Ok(Err(ErrorCode::NotFound)),
            Some(text) => message.content == text,
        };
        if is_unchanged {
            let message = Message::render_all(conn, room_id, vec![(message, author)])?.remove(0);
            return Ok(Ok(StoredMessage {
                message,
                is_new: false,
            }));
        }
        let message = self.replace(conn, message, author, text, change_id)?;
        Ok(Ok(StoredMessage {
            message,
            is_new: true,
        }))
    }

    /// Deletes a message of a deleted account, without checking permissions.
    pub(super) fn erase(
        &mut self,
        conn: &mut DbConn,
        target: &MessageRef,
        change_id: i64,
    ) -> Result<WriteResult> {
        self.store_rows(conn)?;
        let message = Message::find(conn, target.room_id, target.seq)?;
        let message = message.filter(|(_, author)| author.id == target.user_id);
        Ok(match message {
            Some((message, author)) if self.rooms.contains_key(&target.room_id) => {
                let is_new = message.deleted_at.is_none();
                let message = match is_new {
                    true => self.replace(conn, message, author, None, change_id)?,
                    false => message.into_public(&author, &[]),
                };
                Ok(StoredMessage { message, is_new })
            }
            _ => Err(ErrorCode::NotFound),
        })
    }

    /// Stores the new state of an edited or deleted message, and the replaced one.
    fn replace(
        &mut self,
        conn: &mut DbConn,
        mut message: Message,
        author: User,
        text: Option<&str>,
        change_id: i64,
    ) -> Result<protocol::Message> {
        let (room_id, seq) = (message.room_id, message.seq);
        let version = NewVersion {
            room_id,
            seq,
            ver: message.ver,
            content: message.content.clone(),
            replaced_at: self.now,
        };
        diesel::insert_into(message_versions::table)
            .values(version)
            .execute(conn)?;
        if let Some(room) = self.rooms.get_mut(&room_id) {
            room.ver += 1;
            room.is_changed = true;
            message.ver = room.ver;
        }
        bulk::delete_mentions(conn, room_id, seq)?;
        let mentions = match text {
            Some(text) => {
                message.content = text.to_owned();
                message.edited_at = Some(self.now);
                self.add_mentions(room_id, seq, text)
            }
            None => {
                message.deleted_at = Some(self.now);
                record_deletion(conn, room_id, seq, author.id)?;
                Vec::new()
            }
        };
        diesel::update(messages::table.find((room_id, seq)))
            .set((
                messages::ver.eq(message.ver),
                messages::change_id.eq(change_id),
                messages::content.eq(&message.content),
                messages::edited_at.eq(message.edited_at),
                messages::deleted_at.eq(message.deleted_at),
            ))
            .execute(conn)?;
        Ok(message.into_public(&author, &mentions))
    }
}

/// Excludes a message from the unread counts of members who have not read it.
fn record_deletion(conn: &mut DbConn, room_id: i64, seq: i64, author_id: i64) -> Result<()> {
    diesel::insert_into(deleted_messages::table)
        .values((
            deleted_messages::room_id.eq(room_id),
            deleted_messages::seq.eq(seq),
            deleted_messages::user_id.eq(author_id),
        ))
        .execute(conn)?;
    let room = rooms::table.find(room_id);
    diesel::update(room.filter(rooms::last_deleted_seq.lt(seq)))
        .set(rooms::last_deleted_seq.eq(seq))
        .execute(conn)?;
    Ok(())
}
