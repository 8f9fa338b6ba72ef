//! Frames from clients.

use serde::{Deserialize, Serialize};

use super::Id;

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
}
