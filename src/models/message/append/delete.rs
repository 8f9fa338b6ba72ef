//! Users delete their own messages, and admins any.

use super::Batch;
use super::change::ChangeError;
use crate::models::database::connection::DbConn;
use crate::models::user::User;
use crate::protocol::ErrorCode;
use crate::protocol::commands::{MessageRef, StoredMessage};

impl Batch<'_> {
    pub(super) fn delete(
        &mut self,
        conn: &mut DbConn,
        target: &MessageRef,
        change_id: i64,
    ) -> Result<StoredMessage, ChangeError> {
        let is_admin = self.users.get(&target.user_id).is_some_and(User::is_admin);
        match self.require_member((target.room_id, target.user_id)) {
            // Admins may delete messages in open rooms without being members.
            Err(ErrorCode::Forbidden) if is_admin => {}
            Err(code) => return Err(code.into()),
            Ok(_) => {}
        }
        let (message, author) = Self::find(conn, target)?;
        if author.id != target.user_id && !is_admin {
            return Err(ErrorCode::Forbidden.into());
        }
        match message.deleted_at {
            Some(_) => Self::unchanged(conn, message, author),
            None => self.hide(conn, message, &author, change_id),
        }
    }
}
