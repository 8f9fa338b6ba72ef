//! Frames to clients.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

use super::{ClientLimits, ErrorCode, Id, Invitation, Message, OnlineUser, Room, User};
use crate::realtime::websocket;
use crate::realtime::websocket::OpCode;

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
mod tests {
    use super::*;

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
