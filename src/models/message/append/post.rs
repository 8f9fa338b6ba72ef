//! New messages.

use super::Batch;
use super::rows::{MessageRow, SentMessage};
use crate::models::room::bulk_read_positions::PendingPosition;
use crate::protocol::ErrorCode;
use crate::protocol::commands::{StoredMessage, ValidatedMessage, WriteResult};

impl<'a> Batch<'a> {
    /// Adds a message, or returns the stored one if this is a retry.
    pub(super) fn post(&mut self, draft: &'a ValidatedMessage, id: i64) -> WriteResult {
        let key = (draft.user_id, draft.client_id.clone());
        if let Some(sent) = self.sent.get(&key) {
            if sent.room_id != draft.room_id || sent.hash != draft.hash {
                return Err(ErrorCode::Conflict);
            }
            return Ok(StoredMessage {
                message: sent.message.clone(),
                is_new: false,
            });
        }
        let member = (draft.room_id, draft.user_id);
        if self.blocked.contains(&member) {
            return Err(ErrorCode::Blocked);
        }
        let (user, room) = self.require_member(member)?;
        let user = user.clone();
        room.seq += 1;
        room.ver += 1;
        (room.has_new_message, room.is_changed) = (true, true);
        let row = MessageRow {
            room_id: draft.room_id,
            seq: room.seq,
            ver: room.ver,
            id,
            change_id: id,
            user_id: draft.user_id,
            client_id: &draft.client_id,
            sent_hash: &draft.hash,
            content: &draft.content,
            created_at: self.now,
        };
        let mentions = self.add_mentions(draft.room_id, row.seq, &draft.content);
        let read_seq = self.members.get(&member).copied().unwrap_or(0);
        let position = self.read_positions.entry(member);
        position
            .or_insert(PendingPosition::unchanged(read_seq))
            .record_post(row.seq);
        let message = row.to_public(&user, &mentions);
        let sent = SentMessage {
            room_id: draft.room_id,
            hash: draft.hash.to_vec(),
            message: message.clone(),
        };
        self.sent.insert(key, sent);
        self.rows.push(row);
        Ok(StoredMessage {
            message,
            is_new: true,
        })
    }
}
