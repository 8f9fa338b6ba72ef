//! The JSON API under `/api`.

pub mod connections;
pub mod conversations;
pub mod github;
pub mod openapi;
pub mod rooms;
pub mod sessions;
pub mod usernames;

use schemars::JsonSchema;
use serde::Serialize;

use crate::protocol::{Id, Message, User};

/// Entries per page by default.
pub(super) const PAGE: i64 = 25;

/// A message of a conversation as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationMessage {
    id: Id,
    content: String,
    conversation_id: Id,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// Whether the user is its author.
    mine: bool,
    seq: i64,
    ver: i64,
    #[schemars(extend("format" = "uuid"))]
    client_id: String,
    user: User,
}

impl ConversationMessage {
    /// Makes the message as seen by a user.
    pub(super) fn new(message: Message, user_id: i64) -> Self {
        Self {
            id: message.id,
            content: message.content,
            conversation_id: message.room_id,
            created_at: message.created_at,
            mine: message.user.id.0 == user_id,
            seq: message.seq,
            ver: message.ver,
            client_id: message.client_id,
            user: message.user,
        }
    }
}
