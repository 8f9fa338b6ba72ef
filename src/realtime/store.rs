//! The storage that the realtime layer needs, as traits. Reads fail with `Unavailable` when the database cannot be
//! read.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;

use super::frames::{ErrorCode, Invitation, Message, Room};
use crate::error::Result;

/// A validated message that is not stored yet.
#[derive(Debug, Clone)]
pub struct ValidatedMessage {
    /// The room.
    pub room_id: i64,
    /// The author.
    pub user_id: i64,
    /// The client's UUID for the message: 36 lower-case characters.
    pub client_id: String,
    /// The text, within the limits.
    pub content: String,
    /// SHA-256 of the text.
    pub hash: [u8; 32],
}

/// A change of a room's log.
#[derive(Debug, Clone)]
pub enum WriteCommand {
    /// Adds a message.
    Post(ValidatedMessage),
    /// Replaces the text of the user's own message.
    Edit {
        /// The message.
        target: MessageRef,
        /// The new text, within the limits.
        content: String,
    },
    /// Hides a message; admins can still read it.
    Delete(MessageRef),
    /// Hides a message of a deleted user, without a permission check.
    Erase(MessageRef),
}

/// A message, and the user who changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRef {
    /// The room.
    pub room_id: i64,
    /// The message's number in the room.
    pub seq: i64,
    /// The user who makes the change.
    pub user_id: i64,
}

/// The outcome of a write: the message as it is now, or why it was rejected.
pub type WriteResult = Result<StoredMessage, ErrorCode>;

/// A message after a write.
#[derive(Debug, Clone)]
pub struct StoredMessage {
    /// The message as it is now.
    pub message: Message,
    /// Whether this write changed anything; false for a retry.
    pub is_new: bool,
}

/// A user's read position in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPosition {
    /// The last read message.
    pub read_seq: i64,
    /// The room version that the counts refer to.
    pub ver: i64,
    /// Unread messages of others, without deleted ones.
    pub unread: i64,
    /// Unread messages that mention the user.
    pub mentions: i64,
    /// Whether the room is small enough to show read positions to other members.
    pub is_shared: bool,
}

/// A direct room that was found or created.
#[derive(Debug, Clone)]
pub struct DirectRoom {
    /// The room.
    pub room_id: i64,
    /// All members.
    pub members: Vec<i64>,
    /// Whether it was created by this call.
    pub is_new: bool,
}

/// A page of a room's changes, in the order of their versions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changes {
    /// Each changed message as it is now.
    pub messages: Vec<Message>,
    /// The page covers all changes up to this version.
    pub ver: i64,
    /// Whether there are later changes.
    pub more: bool,
    /// The room's latest version; below the requested one when the client is ahead of the database, as after a restore.
    #[serde(skip)]
    pub last_ver: i64,
}

/// A page of messages from several rooms with their sequence numbers in the installation.
#[derive(Debug)]
pub struct SequencedPage {
    /// The sequence numbers and messages, in ascending order.
    pub messages: Vec<(i64, Message)>,
    /// Whether there are more.
    pub more: bool,
}

/// Appends changes to rooms' logs. May block. Called by one thread at a time, unless the writer has replaced a thread
/// that hangs in a call.
pub trait Log: Send + Sync {
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
    ) -> BoxFuture<'static, Result<ReadPosition>>;

    /// Marks all rooms of a user as read; returns the rooms whose position moved.
    fn mark_all_read(&self, user_id: i64) -> BoxFuture<'static, Result<Vec<(i64, ReadPosition)>>>;

    /// Returns a room as this user sees it; `NotFound` when they are not a member.
    fn room_for(&self, user_id: i64, room_id: i64) -> BoxFuture<'static, Result<Room>>;

    /// Returns a user's pending invitations, oldest first.
    fn invitations_for(&self, user_id: i64) -> BoxFuture<'static, Result<Vec<Invitation>>>;

    /// Finds or creates the direct room of a user with another, who is given as in [`ClientFrame::Post`]'s `to`.
    ///
    /// [`ClientFrame::Post`]: super::frames::ClientFrame::Post
    fn find_or_create_direct(
        &self,
        user_id: i64,
        to: String,
    ) -> BoxFuture<'static, Result<DirectRoom>>;

    /// Returns a user's rooms with their read positions; `Unauthorized` when the session has ended.
    fn rooms_for(&self, user_id: i64, session: Arc<str>) -> BoxFuture<'static, Result<Vec<Room>>>;

    /// Stores the time at which a user's last connection closed.
    fn record_last_seen(&self, user_id: i64) -> BoxFuture<'static, Result<()>>;

    /// Returns the installation's latest change number.
    fn latest_change(&self) -> BoxFuture<'static, Result<i64>>;

    /// Returns messages after a number of the installation, in ascending order: all changes in the user's rooms, by
    /// change number; or, if `only_conversations`, new messages of others in direct rooms of two members, by message
    /// id.
    fn messages_after(
        &self,
        user_id: i64,
        after: i64,
        only_conversations: bool,
    ) -> BoxFuture<'static, Result<SequencedPage>>;

    /// Returns at most 200 changed messages of a room after version `ver`.
    fn changes(&self, room_id: i64, ver: i64) -> BoxFuture<'static, Result<Changes>>;
}
