//! Users edit their own messages.

use super::Batch;
use super::change::ChangeError;
use crate::models::database::connection::DbConn;
use crate::protocol::ErrorCode;
use crate::protocol::commands::{MessageRef, StoredMessage};

impl Batch<'_> {
    pub(super) fn edit(
        &mut self,
        conn: &mut DbConn,
        target: &MessageRef,
        text: &str,
        change_id: i64,
    ) -> Result<StoredMessage, ChangeError> {
        let member = (target.room_id, target.user_id);
        self.require_member(member)?;
        // An edit would reach the other member like a new message.
        if self.blocked.contains(&member) {
            return Err(ErrorCode::Blocked.into());
        }
        let (mut message, author) = Self::find(conn, target)?;
        if author.id != target.user_id {
            return Err(ErrorCode::Forbidden.into());
        }
        if message.deleted_at.is_some() {
            return Err(ErrorCode::NotFound.into());
        }
        if message.content == text {
            return Self::unchanged(conn, message, author);
        }
        self.keep_version(conn, &message)?;
        message.content = text.to_owned();
        message.edited_at = Some(self.now);
        let mentions = self.add_mentions(message.room_id, message.seq, text);
        self.update(conn, message, &author, &mentions, change_id)
    }
}
