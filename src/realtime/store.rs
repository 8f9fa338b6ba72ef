//! What the live side needs to know from whatever keeps the messages.

use futures_util::future::BoxFuture;

use super::frames::{Code, Message, Room};
use crate::error::Result;

/// A message that was checked and is not stored yet.
#[derive(Debug, Clone)]
pub struct Draft {
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

/// What became of a draft: the message as it is stored, also for a retry, or why it is not.
pub type Verdict = Result<Message, Code>;

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

/// Stores messages. Used by one thread, which may block.
pub trait Log: Send {
    /// Stores all of them in one transaction, or none; one verdict each, in order.
    ///
    /// # Errors
    /// `Unavailable` when the outcome is unknown; storing the same drafts again settles it.
    fn append(&mut self, drafts: &[Draft]) -> Result<Vec<Verdict>>;
}

/// Reads rooms and messages, and checks what people send.
pub trait Store: Send + Sync {
    /// Makes a draft of what somebody sent.
    ///
    /// # Errors
    /// `BadFrame` for a `client_id` that is no UUID; `Empty`, `TooLong`, `Invalid` for the text.
    fn draft(
        &self,
        user_id: i64,
        room_id: i64,
        client_id: &str,
        content: &str,
    ) -> Result<Draft, Code>;

    /// The rooms of a person, with what they have read.
    fn rooms_of(&self, user_id: i64) -> BoxFuture<'static, Result<Vec<Room>>>;

    /// At most 200 changed messages of a room after `ver`.
    fn changes(&self, room_id: i64, ver: i64) -> BoxFuture<'static, Result<Changes>>;
}
