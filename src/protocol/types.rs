//! Rooms, messages and users as clients see them (docs/protocol.md).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::text_enum::text_enum;

/// A database id, which is a decimal string in JSON because JavaScript's numbers are exact only up to 2⁵³.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema)]
#[schemars(extend("pattern" = "^[0-9]+$"))]
pub struct Id(#[schemars(with = "String")] pub i64);

impl From<i64> for Id {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A user as others see them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct User {
    /// The id.
    pub id: Id,
    /// The name as the user entered it.
    pub username: String,
    /// The address of the picture, if there is one.
    #[serde(rename = "avatarURL")]
    pub avatar_url: Option<String>,
}

/// A room as one user sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// The id.
    pub id: Id,
    /// The kind.
    pub kind: RoomKind,
    /// The name; of a direct room, the usernames of the others.
    pub name: String,
    /// The topic; may be empty.
    pub topic: String,
    /// `seq` of the latest message.
    pub seq: i64,
    /// Version of the latest change; live frames start after it.
    pub ver: i64,
    /// `seq` of the last message that the user has read.
    pub read_seq: i64,
    /// Unread messages of others, without deleted ones.
    pub unread: i64,
    /// Unread messages that mention the user.
    pub mentions: i64,
    /// What the user is notified of.
    pub involvement: NotificationLevel,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub last_message_at: Option<String>,
    /// The other member of a direct room of two. Used by pages, not sent in frames.
    #[serde(skip)]
    pub other: Option<User>,
}

/// An invitation to a room, as the invited user sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The id.
    pub id: Id,
    /// The room.
    pub room: InvitedRoom,
    /// The member who sent it.
    pub inviter: User,
    /// RFC 3339.
    pub created_at: String,
}

/// The part of a room that an invited user may see.
#[derive(Debug, Clone, Serialize)]
pub struct InvitedRoom {
    /// The id.
    pub id: Id,
    /// Open or closed.
    pub kind: RoomKind,
    /// The name.
    pub name: String,
    /// The topic; may be empty.
    pub topic: String,
}

/// A message as the members of its room see it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The room.
    pub room_id: Id,
    /// Position in the room: 1, 2, 3 …
    pub seq: i64,
    /// Version of the latest change to the message.
    pub ver: i64,
    /// Id in the installation.
    pub id: Id,
    /// The UUID that the client assigned; a retry with the same one does not store a second message.
    #[schemars(extend("format" = "uuid"))]
    pub client_id: String,
    /// The author.
    pub user: User,
    /// The text; empty when deleted.
    pub content: String,
    /// The text as safe HTML, to be shown with `white-space: pre-wrap`; empty when deleted.
    pub html: String,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
    /// RFC 3339, if it was edited.
    #[schemars(extend("format" = "date-time"))]
    pub edited_at: Option<String>,
    /// RFC 3339, if it was deleted.
    #[schemars(extend("format" = "date-time"))]
    pub deleted_at: Option<String>,
}

/// Limits that clients should respect.
#[derive(Debug, Clone, Copy, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientLimits {
    /// Maximum length of a message in Unicode scalar values.
    pub content_chars: usize,
    /// Sustained rate of messages per second.
    pub posts_per_second: u32,
    /// Messages at once.
    pub burst: u32,
    /// Maximum size of an upload in bytes; 0: no uploads.
    pub upload_bytes: u64,
}

/// An online user.
#[derive(Debug, Clone, Serialize)]
pub struct OnlineUser {
    /// The user.
    pub user: User,
    /// Whether they are active or away.
    pub state: PresenceState,
}

/// The presence state of an online user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PresenceState {
    /// Active in at least one window.
    Online,
    /// Away in all windows.
    Away,
}

/// Why a frame was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Not a valid frame.
    BadFrame,
    /// No such room or message, or the user may not know of it.
    NotFound,
    /// The message has no text.
    Empty,
    /// The message is too long.
    TooLong,
    /// The message contains control characters.
    Invalid,
    /// Too many messages.
    RateLimited,
    /// The same `clientId` with another text or room.
    Conflict,
    /// Not permitted.
    Forbidden,
    /// The other user does not accept direct messages from this user. Sent as `forbidden`, with its own text.
    Unreachable,
    /// Direct rooms need another user. Sent as `forbidden`, with its own text.
    Oneself,
    /// Not delivered: the user is blocked.
    Blocked,
    /// The outcome is unknown; the client retries with the same `clientId`.
    Unavailable,
}

impl ErrorCode {
    /// All codes that differ for clients.
    pub const ALL: [Self; 10] = [
        Self::BadFrame,
        Self::NotFound,
        Self::Empty,
        Self::TooLong,
        Self::Invalid,
        Self::RateLimited,
        Self::Conflict,
        Self::Forbidden,
        Self::Blocked,
        Self::Unavailable,
    ];

    /// Returns the code as clients see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadFrame => "bad_frame",
            Self::NotFound => "not_found",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Invalid => "invalid",
            Self::RateLimited => "rate_limited",
            Self::Conflict => "conflict",
            Self::Forbidden | Self::Unreachable | Self::Oneself => "forbidden",
            Self::Blocked => "blocked",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

text_enum! {
    /// Kind of a room.
    #[derive(JsonSchema)]
    pub enum RoomKind {
        /// Any user may read and join the room.
        Open = "open",
        /// Only members may read the room.
        Closed = "closed",
        /// The only room of a fixed set of users.
        Direct = "direct",
    }
}

text_enum! {
    /// What a member is notified of in a room.
    #[derive(JsonSchema)]
    pub enum NotificationLevel {
        /// Every message. Default in direct rooms.
        Everything = "everything",
        /// Messages that mention the member. Default in other rooms.
        Mentions = "mentions",
        /// No message.
        Nothing = "nothing",
        /// No message; the room is also hidden from the sidebar.
        Hidden = "hidden",
    }
}
