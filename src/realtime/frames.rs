//! The JSON frames of the protocol, in both directions (docs/protocol.md).

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::realtime::websocket;
use crate::realtime::websocket::OpCode;

/// A database id, which is a decimal string in JSON because JavaScript's numbers are exact only up to 2⁵³.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub i64);

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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
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
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// The id.
    pub id: Id,
    /// `open`, `closed` or `direct`.
    pub kind: String,
    /// The name.
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
    /// `everything`, `mentions`, `nothing` or `hidden`.
    pub involvement: String,
    /// RFC 3339.
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
    /// `open` or `closed`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The topic; may be empty.
    pub topic: String,
}

/// A message as the members of its room see it.
#[derive(Debug, Clone, Serialize)]
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
    /// The UUID that the client assigned.
    pub client_id: String,
    /// The author.
    pub user: User,
    /// The text; empty when deleted.
    pub content: String,
    /// The text as safe HTML; empty when deleted.
    pub html: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339, if it was edited.
    pub edited_at: Option<String>,
    /// RFC 3339, if it was deleted.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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
    #[serde(rename = "forbidden")]
    Unreachable,
    /// Direct rooms need another user. Sent as `forbidden`, with its own text.
    #[serde(rename = "forbidden")]
    Oneself,
    /// Not delivered: the user is blocked.
    Blocked,
    /// The outcome is unknown; the client retries with the same `clientId`.
    Unavailable,
}

/// A frame from a client.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ClientFrame {
    /// Posts a message.
    Post {
        /// A UUID; a retry with the same one does not store a second message.
        client_id: String,
        /// The room; `None` with `to`.
        room_id: Option<Id>,
        /// The recipient of a direct message: username or phone number.
        to: Option<String>,
        /// The text.
        content: String,
    },
    /// Changes the text of the user's own message.
    Edit {
        /// The room.
        room_id: Id,
        /// The message.
        seq: i64,
        /// The new text.
        content: String,
    },
    /// Deletes the user's own message; admins may delete any.
    Delete {
        /// The room.
        room_id: Id,
        /// The message.
        seq: i64,
    },
    /// Marks messages as read up to `seq`, or as unread from `seq` on.
    Read {
        /// The room.
        room_id: Id,
        /// The message.
        seq: i64,
        /// Moves the read position back to just before `seq`.
        #[serde(default)]
        unread: bool,
    },
    /// The user is typing.
    Typing {
        /// The room.
        room_id: Id,
    },
    /// Requests the changes of a room after version `ver`.
    Sync {
        /// The room.
        room_id: Id,
        /// The version that the client has.
        ver: i64,
    },
    /// Reports what the window shows.
    View {
        /// The room, if any.
        room_id: Option<Id>,
        /// Whether the window is hidden or its user idle.
        #[serde(default)]
        away: bool,
    },
    /// Requests `pong`.
    Ping,
}

impl ClientFrame {
    /// Parses a text frame, which must be one JSON object; `None` if it is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        // serde would also accept an array that starts with the type.
        let is_object = text.trim_ascii_start().starts_with('{');
        serde_json::from_str(text).ok().filter(|_| is_object)
    }
}

/// A frame to a client.
#[derive(Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[expect(missing_docs, reason = "the contract describes the fields")]
pub enum ServerFrame<'a> {
    /// The first frame, with the initial state.
    Hello {
        user: &'a User,
        epoch: &'a str,
        version: &'a str,
        rooms: &'a [Room],
        limits: ClientLimits,
    },
    /// A message was stored.
    Ack {
        client_id: &'a str,
        room_id: Id,
        id: Id,
        seq: i64,
        ver: i64,
        created_at: &'a str,
    },
    /// A frame was rejected.
    Error {
        code: ErrorCode,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        room_id: Option<Id>,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<i64>,
    },
    /// A new or changed message.
    Message(&'a Message),
    /// The end of a page of `sync`.
    Synced { room_id: Id, ver: i64, more: bool },
    /// The client is ahead of the database and has to reload the room.
    Resync { room_id: Id },
    /// The online users of a room.
    Presence {
        room_id: Id,
        online: &'a [OnlineUser],
    },
    /// The number of online users of a large room.
    #[serde(rename = "presence")]
    PresenceCount { room_id: Id, count: usize },
    /// The user's read position moved, on any device. The counts refer to version `ver`.
    Read {
        room_id: Id,
        seq: i64,
        ver: i64,
        unread: i64,
        mentions: i64,
    },
    /// Another member's read position moved.
    Seen {
        room_id: Id,
        user: &'a User,
        seq: i64,
    },
    /// Another member is typing.
    Typing { room_id: Id, user: &'a User },
    /// The user joined the room, or it changed.
    Room { room: &'a Room },
    /// The user is no longer a member.
    Removed { room_id: Id },
    /// A pending invitation.
    Invitation(&'a Invitation),
    /// An invitation is no longer pending: answered on any device, or withdrawn.
    Uninvited { id: Id },
    /// The response to `ping`.
    Pong,
}

impl ServerFrame<'_> {
    /// Encodes the frame as a WebSocket text frame.
    pub fn encode(&self) -> Bytes {
        let mut wire = BytesMut::with_capacity(512);
        self.encode_into(&mut wire);
        wire.freeze()
    }

    /// Returns the frame's JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Appends the encoded frame, so that several are sent in one write.
    pub fn encode_into(&self, wire: &mut BytesMut) {
        // Strings and numbers always serialise.
        let json = serde_json::to_vec(self).unwrap_or_else(|_| b"{}".to_vec());
        websocket::put_header(wire, OpCode::Text, json.len());
        wire.put_slice(&json);
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_frames_are_parsed_strictly_but_ignore_unknown_fields() {
        let parse = ClientFrame::parse;
        assert!(parse(r#"{"type":"ping","extra":1}"#).is_some());
        assert!(parse(r#"{"type":"sync","roomId":"1","ver":3}"#).is_some());
        assert!(parse(r#"{"type":"view","roomId":null}"#).is_some());
        for bad in [
            r#"{"type":"sync","roomId":1,"ver":3}"#,
            r#"{"type":"sync","roomId":"1","ver":"3"}"#,
            r#"{"type":"dance"}"#,
            r#"{"roomId":"1"}"#,
            r#"[]"#,
            r#"["ping"]"#,
            "1",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_presence_count_is_a_presence_frame() {
        let wire = ServerFrame::PresenceCount {
            room_id: Id(1),
            count: 101,
        }
        .encode();
        assert_eq!(
            &wire[2..],
            br#"{"type":"presence","roomId":"1","count":101}"#
        );
    }
}
