//! What rooms are called, and what they are about.

use crate::error::{Error, Result};

/// The most characters of a name.
const NAME_MAX_CHARS: usize = 80;
/// The most characters of a topic.
const TOPIC_MAX_CHARS: usize = 250;

/// 1–80 Unicode scalar values on one line, without control characters; white space around it does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName(String);

impl RoomName {
    /// Reads a name as typed.
    ///
    /// # Errors
    /// `Invalid` for the field `name`.
    pub fn parse(typed: &str) -> Result<Self> {
        let name = typed.trim();
        if name.is_empty() {
            return Err(Error::field("name", "error-room-name-missing"));
        }
        if name.chars().count() > NAME_MAX_CHARS || name.chars().any(char::is_control) {
            return Err(Error::field("name", "error-room-name-invalid"));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// At most 250 Unicode scalar values on one line, without control characters; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topic(String);

impl Topic {
    /// Reads a topic as typed.
    ///
    /// # Errors
    /// `Invalid` for the field `topic`.
    pub fn parse(typed: &str) -> Result<Self> {
        let topic = typed.trim();
        if topic.chars().count() > TOPIC_MAX_CHARS || topic.chars().any(char::is_control) {
            return Err(Error::field("topic", "error-room-topic-invalid"));
        }
        Ok(Self(topic.to_owned()))
    }

    /// The topic.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
