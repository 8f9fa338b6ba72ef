//! What the server says, as far as a terminal needs it (docs/protocol.md).

use serde::{Deserialize, Serialize};

/// A person.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) username: String,
}

/// A room of mine.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Room {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) topic: String,
    pub(super) seq: i64,
    pub(super) ver: i64,
    #[serde(default)]
    pub(super) read_seq: i64,
    #[serde(default)]
    pub(super) unread: i64,
    #[serde(default)]
    pub(super) mentions: i64,
}

impl Room {
    /// Whether it belongs to a set of people.
    pub(super) fn is_direct(&self) -> bool {
        self.kind == "direct"
    }
}

/// The room of an invitation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct InvitedRoom {
    pub(super) name: String,
}

/// A message as it is now.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) room_id: String,
    pub(super) seq: i64,
    pub(super) ver: i64,
    pub(super) client_id: String,
    pub(super) user: User,
    pub(super) content: String,
    pub(super) created_at: String,
    #[serde(default)]
    pub(super) edited_at: Option<String>,
    #[serde(default)]
    pub(super) deleted_at: Option<String>,
}

/// Where my mark in a room is, and what is unread after it as of `ver`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Mark {
    pub(super) seq: i64,
    pub(super) ver: i64,
    pub(super) unread: i64,
    pub(super) mentions: i64,
}

/// Somebody who is here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Present {
    pub(super) user: User,
    pub(super) state: String,
}

/// A frame of the server. What this client does not know, it leaves alone.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(super) enum Frame {
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
        online: Vec<Present>,
        count: Option<u64>,
    },
    Read {
        room_id: String,
        #[serde(flatten)]
        mark: Mark,
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
    fn frames_and_fields_that_are_not_known_are_left_alone() {
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
