//! Frames from the server (docs/protocol.md), with the fields that the client uses.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
}

/// A room that the user is a member of, with the unread counts as of `ver`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) topic: String,
    pub(crate) seq: i64,
    pub(crate) ver: i64,
    #[serde(default)]
    pub(crate) read_seq: i64,
    #[serde(default)]
    pub(crate) unread: i64,
    #[serde(default)]
    pub(crate) mentions: i64,
}

impl Room {
    /// Whether this is a direct conversation.
    pub(crate) fn is_direct(&self) -> bool {
        self.kind == "direct"
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct InvitedRoom {
    pub(crate) name: String,
}

/// The latest version of a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) room_id: String,
    pub(crate) seq: i64,
    pub(crate) ver: i64,
    pub(crate) client_id: String,
    pub(crate) user: User,
    pub(crate) content: String,
    pub(crate) created_at: String,
    #[serde(default)]
    pub(crate) edited_at: Option<String>,
    #[serde(default)]
    pub(crate) deleted_at: Option<String>,
}

/// The user's read position in a room, and the unread counts as of `ver`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct ReadPosition {
    pub(crate) seq: i64,
    pub(crate) ver: i64,
    pub(crate) unread: i64,
    pub(crate) mentions: i64,
}

/// An online member of a room.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OnlineUser {
    pub(crate) user: User,
    pub(crate) state: String,
}

/// A frame; unknown types become `Other`, and unknown fields are ignored.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Frame {
    Hello {
        user: User,
        epoch: String,
        rooms: Vec<Room>,
    },
    Ack {
        client_id: String,
    },
    Error {
        code: String,
        message: String,
        client_id: Option<String>,
        room_id: Option<String>,
    },
    Message(Message),
    Synced {
        room_id: String,
        ver: i64,
        more: bool,
    },
    Resync {
        room_id: String,
    },
    Presence {
        room_id: String,
        #[serde(default)]
        online: Vec<OnlineUser>,
        count: Option<u64>,
    },
    Read {
        room_id: String,
        #[serde(flatten)]
        position: ReadPosition,
    },
    Room {
        room: Room,
    },
    Removed {
        room_id: String,
    },
    Invitation {
        room: InvitedRoom,
        inviter: User,
    },
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_types_and_fields_are_ignored() {
        let read = |json| serde_json::from_str::<Frame>(json).expect("a frame");
        assert!(matches!(read(r#"{"type":"dance","x":1}"#), Frame::Other));
        assert!(matches!(
            read(r#"{"type":"presence","roomId":"1","count":101,"x":[]}"#),
            Frame::Presence {
                count: Some(101),
                ..
            }
        ));
    }
}
