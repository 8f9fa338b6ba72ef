//! The storage that the realtime layer needs, as traits. Reads fail with `Unavailable` when the database cannot be
//! read.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::error::Result;
use crate::protocol::commands::{
    Changes, DirectRoom, ReadPosition, SequencedPage, ValidatedMessage, WriteCommand, WriteResult,
};
use crate::protocol::{ErrorCode, Invitation, Room};

/// The result of a call to the database.
pub type StoreFuture<T> = BoxFuture<'static, Result<T>>;

/// Appends changes to rooms' logs. May block. Called by one thread at a time, unless the writer has replaced a thread
/// that hangs in a call.
pub trait MessageLog: Send + Sync {
    /// Stores all writes in one transaction; returns one result each, in order.
    ///
    /// # Errors
    /// `Unavailable` when the outcome is unknown; repeating the same writes is safe.
    fn append(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>>;
}

/// Reads rooms and messages, and validates input.
pub trait Store: Send + Sync {
    /// Validates a new message.
    ///
    /// # Errors
    /// `BadFrame` for a `client_id` that is not a UUID; `Empty`, `TooLong`, `Invalid` for the text.
    fn validate_message(
        &self,
        user_id: i64,
        room_id: i64,
        client_id: &str,
        content: &str,
    ) -> Result<ValidatedMessage, ErrorCode>;

    /// Validates and returns the new text of an edit.
    ///
    /// # Errors
    /// `Empty`, `TooLong`, `Invalid`.
    fn validate_content(&self, content: &str) -> Result<String, ErrorCode>;

    /// Moves a user's read position: forward only, or with `unread` back to just before `seq`. `NotFound` when they are
    /// not a member.
    fn set_read_position(
        &self,
        user_id: i64,
        room_id: i64,
        seq: i64,
        unread: bool,
    ) -> StoreFuture<ReadPosition>;

    /// Marks all rooms of a user as read; returns the rooms whose position moved.
    fn mark_all_read(&self, user_id: i64) -> StoreFuture<Vec<(i64, ReadPosition)>>;

    /// Returns a room as this user sees it; `NotFound` when they are not a member.
    fn room_for(&self, user_id: i64, room_id: i64) -> StoreFuture<Room>;

    /// Returns a user's pending invitations, oldest first.
    fn invitations_for(&self, user_id: i64) -> StoreFuture<Vec<Invitation>>;

    /// Finds or creates the direct room of a user with another, who is given as in [`ClientFrame::Post`]'s `to`.
    ///
    /// [`ClientFrame::Post`]: crate::protocol::frames::ClientFrame::Post
    fn find_or_create_direct(&self, user_id: i64, to: String) -> StoreFuture<DirectRoom>;

    /// Returns a user's rooms with their read positions; `Unauthorized` when the session has ended.
    fn rooms_for(&self, user_id: i64, session: Arc<str>) -> StoreFuture<Vec<Room>>;

    /// Stores the time at which a user's last connection closed.
    fn record_last_seen(&self, user_id: i64) -> StoreFuture<()>;

    /// Returns the installation's latest change number.
    fn latest_change(&self) -> StoreFuture<i64>;

    /// Returns messages after a number of the installation, in ascending order: all changes in the user's rooms, by
    /// change number; or, if `only_conversations`, new messages of others in direct rooms of two members, by message
    /// id.
    fn messages_after(
        &self,
        user_id: i64,
        after: i64,
        only_conversations: bool,
    ) -> StoreFuture<SequencedPage>;

    /// Returns at most 200 changed messages of a room after version `ver`.
    fn changes(&self, room_id: i64, ver: i64) -> StoreFuture<Changes>;
}
