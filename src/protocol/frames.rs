//! The JSON frames of the protocol, in both directions (docs/protocol.md).

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::websocket::{self, OpCode};
use super::{ClientLimits, ErrorCode, Id, Invitation, Message, OnlineUser, Room, User};

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
        // Strings and numbers always serialize.
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
