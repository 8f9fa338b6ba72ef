//! What goes over the socket: one JSON object a frame, both ways (docs/protocol.md).

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::realtime::websocket;
use crate::realtime::websocket::OpCode;

/// A number of the database that is a decimal string in JSON, because JavaScript's numbers end at 2⁵³.
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

/// A person, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct User {
    /// Who.
    pub id: Id,
    /// The name as its owner typed it.
    pub username: String,
    /// Where their picture is.
    #[serde(rename = "avatarURL")]
    pub avatar_url: Option<String>,
}

/// A room, as one person sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Which.
    pub id: Id,
    /// `open`, `closed` or `direct`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it is about; may be empty.
    pub topic: String,
    /// The place of its newest message.
    pub seq: i64,
    /// The number of its latest change; live frames start after it.
    pub ver: i64,
    /// What the person has read.
    pub read_seq: i64,
    /// How many messages of others came since, without deleted ones.
    pub unread: i64,
    /// How many of those name the person.
    pub mentions: i64,
    /// `everything`, `mentions`, `nothing` or `hidden`.
    pub involvement: String,
    /// RFC 3339.
    pub last_message_at: Option<String>,
    /// The other one of a conversation of two: not in the frame, whose reader asks for it, but on pages.
    #[serde(skip)]
    pub other: Option<User>,
}

/// An invitation into a room, as the invited person sees it before they answer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Which.
    pub id: Id,
    /// Where to.
    pub room: InvitedRoom,
    /// The member who invites.
    pub inviter: User,
    /// RFC 3339.
    pub created_at: String,
}

/// What an invited person may know of a room.
#[derive(Debug, Clone, Serialize)]
pub struct InvitedRoom {
    /// Which.
    pub id: Id,
    /// `open` or `closed`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it is about; may be empty.
    pub topic: String,
}

/// A message, as everybody in its room sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its room.
    pub room_id: Id,
    /// Its place in the room: 1, 2, 3 …
    pub seq: i64,
    /// The number of the room's latest change that touched it.
    pub ver: i64,
    /// Its number in the installation.
    pub id: Id,
    /// The UUID its sender gave it.
    pub client_id: String,
    /// Its sender.
    pub user: User,
    /// The text; empty when deleted.
    pub content: String,
    /// The text as safe HTML; empty when deleted.
    pub html: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339, when it was edited.
    pub edited_at: Option<String>,
    /// RFC 3339, when it was deleted.
    pub deleted_at: Option<String>,
}

/// What a person may do, for their client to respect.
#[derive(Debug, Clone, Copy, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientLimits {
    /// Unicode scalar values of a message.
    pub content_chars: usize,
    /// Messages a second, in the long run.
    pub posts_per_second: u32,
    /// Messages at once.
    pub burst: u32,
    /// Bytes of an upload; 0 where there are none.
    pub upload_bytes: u64,
}

/// Somebody who is here.
#[derive(Debug, Clone, Serialize)]
pub struct OnlineUser {
    /// Who.
    pub user: User,
    /// Whether they are at their window.
    pub state: PresenceState,
}

/// How somebody is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PresenceState {
    /// At a window.
    Online,
    /// Connected, but away.
    Away,
}

/// Why something was not stored or answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not a frame of this protocol.
    BadFrame,
    /// No such room, or none that the person may know of.
    NotFound,
    /// A message without text.
    Empty,
    /// A message that is too long.
    TooLong,
    /// A message with control characters.
    Invalid,
    /// Too many messages.
    RateLimited,
    /// The same `clientId` with other content or for another room.
    Conflict,
    /// The person may read, but not do this here.
    Forbidden,
    /// The other one takes no new conversations from this person: a kind of `forbidden` with a sentence of its own.
    #[serde(rename = "forbidden")]
    Unreachable,
    /// Nobody begins a conversation with themselves: likewise.
    #[serde(rename = "forbidden")]
    Oneself,
    /// Not delivered.
    Blocked,
    /// The outcome is not known: try again with the same `clientId`.
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
    /// Say something.
    Post {
        /// A UUID that makes a retry the same message.
        client_id: String,
        /// Where; or else `to`.
        room_id: Option<Id>,
        /// To whom directly, by username or phone number.
        to: Option<String>,
        /// What.
        content: String,
    },
    /// Change a message of mine.
    Edit {
        /// Where it is.
        room_id: Id,
        /// Its place.
        seq: i64,
        /// What it says now.
        content: String,
    },
    /// Delete a message of mine; an admin any.
    Delete {
        /// Where it is.
        room_id: Id,
        /// Its place.
        seq: i64,
    },
    /// I have seen up to `seq`; or, with `unread`, not even that.
    Read {
        /// Where.
        room_id: Id,
        /// The place.
        seq: i64,
        /// Set the mark back to just before `seq`.
        #[serde(default)]
        unread: bool,
    },
    /// I am typing.
    Typing {
        /// Where.
        room_id: Id,
    },
    /// Send what changed in a room after `ver`.
    Sync {
        /// Which room.
        room_id: Id,
        /// Everything up to here is known.
        ver: i64,
    },
    /// What this window shows.
    View {
        /// The room, if any.
        room_id: Option<Id>,
        /// Whether its person is away from it.
        #[serde(default)]
        away: bool,
    },
    /// Answer with `pong`.
    Ping,
}

impl ClientFrame {
    /// Reads a text frame, which must be one JSON object; `None` when it is not a frame of this protocol.
    pub fn parse(text: &str) -> Option<Self> {
        // The library would read an array too, with the type first.
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
    /// The first frame.
    Hello {
        user: &'a User,
        epoch: &'a str,
        version: &'a str,
        rooms: &'a [Room],
        limits: ClientLimits,
    },
    /// It is stored.
    Ack {
        client_id: &'a str,
        room_id: Id,
        id: Id,
        seq: i64,
        ver: i64,
        created_at: &'a str,
    },
    /// It is not stored.
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
    /// The client knows more than this database: it must load the room again.
    Resync { room_id: Id },
    /// Who is here, one by one.
    Presence {
        room_id: Id,
        online: &'a [OnlineUser],
    },
    /// How many are here.
    #[serde(rename = "presence")]
    PresenceCount { room_id: Id, count: usize },
    /// My mark moved, on any of my devices. The counts include the room's changes up to `ver`.
    Read {
        room_id: Id,
        seq: i64,
        ver: i64,
        unread: i64,
        mentions: i64,
    },
    /// Another's mark moved.
    Seen {
        room_id: Id,
        user: &'a User,
        seq: i64,
    },
    /// Somebody types.
    Typing { room_id: Id, user: &'a User },
    /// A room of mine appeared or changed.
    Room { room: &'a Room },
    /// I am no longer in this room.
    Removed { room_id: Id },
    /// A pending invitation of mine.
    Invitation(&'a Invitation),
    /// An invitation of mine is no longer pending: answered on any of my devices, or withdrawn.
    Uninvited { id: Id },
    /// The answer to `ping`.
    Pong,
}

impl ServerFrame<'_> {
    /// The frame as it goes over the wire: a WebSocket header and JSON.
    pub fn encode(&self) -> Bytes {
        let mut wire = BytesMut::with_capacity(512);
        self.encode_into(&mut wire);
        wire.freeze()
    }

    /// The frame's JSON alone.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Appends the frame to others, so that all of them go out in one write.
    pub fn encode_into(&self, wire: &mut BytesMut) {
        // Strings and numbers always serialise; an empty object would be the answer if they did not.
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
    fn client_frames_are_read_strictly_but_forgive_unknown_fields() {
        let read = ClientFrame::parse;
        assert!(read(r#"{"type":"ping","extra":1}"#).is_some());
        assert!(read(r#"{"type":"sync","roomId":"1","ver":3}"#).is_some());
        assert!(read(r#"{"type":"view","roomId":null}"#).is_some());
        for bad in [
            r#"{"type":"sync","roomId":1,"ver":3}"#,
            r#"{"type":"sync","roomId":"1","ver":"3"}"#,
            r#"{"type":"dance"}"#,
            r#"{"roomId":"1"}"#,
            r#"[]"#,
            r#"["ping"]"#,
            "1",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_crowd_is_a_presence_frame_with_a_count() {
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
