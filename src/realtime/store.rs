//! What the live side needs to know from whatever keeps the messages.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::frames::{ErrorCode, Invitation, Message, Room};
use crate::error::Result;

/// A message that was checked and is not stored yet.
#[derive(Debug, Clone)]
pub struct ValidatedMessage {
    /// Where it is said.
    pub room_id: i64,
    /// Who says it.
    pub user_id: i64,
    /// The sender's UUID for it, 36 lower-case characters.
    pub client_id: String,
    /// The text, within the limits.
    pub content: String,
    /// SHA-256 of the text.
    pub hash: [u8; 32],
}

/// One change of a room's log.
#[derive(Debug, Clone)]
pub enum WriteCommand {
    /// A new message.
    Post(ValidatedMessage),
    /// Another text for a message of one's own.
    Edit {
        /// Which message.
        target: MessageRef,
        /// Its new text, within the limits.
        content: String,
    },
    /// A message is hidden; its text stays for admins.
    Delete(MessageRef),
    /// The same, of somebody who is gone and wanted it so: nobody's leave is asked.
    Erase(MessageRef),
}

/// A message that somebody wants to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRef {
    /// Its room.
    pub room_id: i64,
    /// Its place there.
    pub seq: i64,
    /// Who wants it.
    pub user_id: i64,
}

/// What became of a write: the message as it is now, or why nothing was done.
pub type WriteResult = Result<StoredMessage, ErrorCode>;

/// A message after a write.
#[derive(Debug, Clone)]
pub struct StoredMessage {
    /// The message as it is now.
    pub message: Message,
    /// Whether this write changed anything: a retry does not.
    pub is_new: bool,
}

/// Where a person's mark in a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPosition {
    /// Everything up to here is read.
    pub read_seq: i64,
    /// The room's latest change that the counts include.
    pub ver: i64,
    /// How many messages of others came since, without deleted ones.
    pub unread: i64,
    /// How many of those name the person.
    pub mentions: i64,
    /// Whether the room is small enough that others are told.
    pub is_shared: bool,
}

/// A direct room, and whether it was made just now.
#[derive(Debug, Clone)]
pub struct DirectRoom {
    /// The room.
    pub room_id: i64,
    /// Everybody in it.
    pub members: Vec<i64>,
    /// Whether nobody knew it before.
    pub is_new: bool,
}

/// What changed in a room, in the order of its numbers.
#[derive(Debug)]
pub struct Changes {
    /// Each changed message as it is now.
    pub messages: Vec<Message>,
    /// Everything up to this number is known now.
    pub ver: i64,
    /// Whether the room has later changes.
    pub more: bool,
    /// The room's own latest number, which is below the asked one when the client knows more than the database.
    pub last_ver: i64,
}

/// Messages of several rooms with their numbers in the installation.
#[derive(Debug)]
pub struct SequencedPage {
    /// In the order of the numbers.
    pub messages: Vec<(i64, Message)>,
    /// Whether there are more.
    pub more: bool,
}

/// Changes rooms' logs. Used by one thread at a time, which may block; only when that one hangs, another goes on.
pub trait Log: Send + Sync {
    /// Stores all of them in one transaction, or none; one verdict each, in order.
    ///
    /// # Errors
    /// `Unavailable` when the outcome is unknown; the same writes again settle it.
    fn append(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>>;
}

/// Reads rooms and messages, and checks what people send.
pub trait Store: Send + Sync {
    /// Makes a draft of what somebody sent.
    ///
    /// # Errors
    /// `BadFrame` for a `client_id` that is no UUID; `Empty`, `TooLong`, `Invalid` for the text.
    fn validate_message(
        &self,
        user_id: i64,
        room_id: i64,
        client_id: &str,
        content: &str,
    ) -> Result<ValidatedMessage, ErrorCode>;

    /// The checked text of an edit.
    ///
    /// # Errors
    /// `Empty`, `TooLong`, `Invalid`.
    fn validate_content(&self, content: &str) -> Result<String, ErrorCode>;

    /// Moves what a person has read in a room: forward only, or back to just before `seq` when they mark it unread.
    /// `NotFound` when they are not in it.
    fn set_read_position(
        &self,
        user_id: i64,
        room_id: i64,
        seq: i64,
        unread: bool,
    ) -> BoxFuture<'static, Result<ReadPosition>>;

    /// Everything is read; answers the rooms in which a mark moved.
    fn mark_all_read(&self, user_id: i64) -> BoxFuture<'static, Result<Vec<(i64, ReadPosition)>>>;

    /// A room as this person sees it; `NotFound` when they are not in it.
    fn room_for(&self, user_id: i64, room_id: i64) -> BoxFuture<'static, Result<Room>>;

    /// The pending invitations of a person, oldest first.
    fn invitations_for(&self, user_id: i64) -> BoxFuture<'static, Result<Vec<Invitation>>>;

    /// The direct room of a person with another, found or made; the other is named as in [`ClientFrame::Post`]'s `to`.
    ///
    /// [`ClientFrame::Post`]: super::frames::ClientFrame::Post
    fn find_or_create_direct(
        &self,
        user_id: i64,
        to: String,
    ) -> BoxFuture<'static, Result<DirectRoom>>;

    /// The rooms of a person, with what they have read; `Unauthorized` when this session of theirs ended.
    fn rooms_for(&self, user_id: i64, session: Arc<str>) -> BoxFuture<'static, Result<Vec<Room>>>;

    /// Remembers when the last window of a person closed.
    fn record_last_seen(&self, user_id: i64) -> BoxFuture<'static, Result<()>>;

    /// The installation's latest number.
    fn latest_change(&self) -> BoxFuture<'static, Result<i64>>;

    /// Messages after a number, in their order: all changes in a person's rooms, by the change's number; or only new
    /// messages of others in conversations of two, by the message's.
    fn messages_after(
        &self,
        user_id: i64,
        after: i64,
        only_conversations: bool,
    ) -> BoxFuture<'static, Result<SequencedPage>>;

    /// At most 200 changed messages of a room after `ver`.
    fn changes(&self, room_id: i64, ver: i64) -> BoxFuture<'static, Result<Changes>>;
}
