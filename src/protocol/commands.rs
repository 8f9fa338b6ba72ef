//! What the realtime layer and the database exchange: changes to store, their outcomes, and what is read back.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{ErrorCode, Message};

/// Retention of change notices.
pub const NOTICE_RETENTION: Duration = Duration::from_secs(60 * 60);

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
    /// Changes a message.
    Change(MessageRef, Change),
}

/// A kind of change of a message. Each has a file in `models/message/append`.
#[derive(Debug, Clone)]
pub enum Change {
    /// Replaces the text, which is within the limits, of the user's own message.
    Edit(String),
    /// Hides a message; admins can still read it.
    Delete,
    /// Hides a message of a deleted user, without a permission check.
    Erase,
}

impl WriteCommand {
    /// Returns the room and the user who makes the change.
    pub fn room_and_user(&self) -> (i64, i64) {
        match self {
            Self::Post(draft) => (draft.room_id, draft.user_id),
            Self::Change(target, _) => (target.room_id, target.user_id),
        }
    }

    /// Returns the new text, if the change has one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Post(draft) => Some(&draft.content),
            Self::Change(_, Change::Edit(text)) => Some(text),
            Self::Change(..) => None,
        }
    }
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

/// A change notification. It says what to re-read and carries no new values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeNotice {
    /// A user joined a room or is no longer a member.
    Membership {
        /// The room.
        room_id: i64,
        /// The user.
        user_id: i64,
    },
    /// A room's name, topic or kind changed, or it was deleted.
    Room(i64),
    /// Sessions of a user ended.
    Sessions(i64),
    /// A user's pending invitations changed.
    Invitations(i64),
}

/// The notices up to a change number of the installation.
#[derive(Debug)]
pub struct ChangeNotices {
    /// The latest change number.
    pub number: i64,
    /// Distinct notices, in no particular order.
    pub list: Vec<ChangeNotice>,
}

/// A membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomMember {
    /// The room.
    pub room_id: i64,
    /// The member.
    pub user_id: i64,
    /// Whether the room is a direct room.
    pub is_direct: bool,
}
