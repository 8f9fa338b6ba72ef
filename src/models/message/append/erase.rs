//! The messages of a deleted account are deleted, whether or not its owner is still a member.

use super::Batch;
use super::change::ChangeError;
use crate::models::database::connection::DbConn;
use crate::protocol::ErrorCode;
use crate::protocol::commands::{MessageRef, StoredMessage};

impl Batch<'_> {
    pub(super) fn erase(
        &mut self,
        conn: &mut DbConn,
        target: &MessageRef,
        change_id: i64,
    ) -> Result<StoredMessage, ChangeError> {
        let (message, author) = Self::find(conn, target)?;
        if author.id != target.user_id || !self.rooms.contains_key(&target.room_id) {
            return Err(ErrorCode::NotFound.into());
        }
        match message.deleted_at {
            Some(_) => Self::unchanged(conn, message, author),
            None => self.hide(conn, message, &author, change_id),
        }
    }
}
