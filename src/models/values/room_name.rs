//! Names and topics of rooms.

use crate::error::{Error, Result};
use teahouse_text::characters::is_blank;

const NAME_MAX_CHARS: usize = 80;
const TOPIC_MAX_CHARS: usize = 250;

/// A room's name: 1 to 80 Unicode scalar values on one line, not all invisible, without control characters and surrounding
/// white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName(String);

impl RoomName {
    /// Parses a name and trims white space.
    ///
    /// # Errors
    /// `Invalid` for the field `name`.
    pub fn parse(text: &str) -> Result<Self> {
        if is_invisible(text) {
            return Err(Error::field("name", "error-room-name-missing"));
        }
        let name = parse_line(text, NAME_MAX_CHARS);
        name.map(Self)
            .ok_or_else(|| Error::field("name", "error-room-name-invalid"))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A room's topic: at most 250 Unicode scalar values on one line, without control characters; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topic(String);

impl Topic {
    /// Parses a topic and trims white space.
    ///
    /// # Errors
    /// `Invalid` for the field `topic`.
    pub fn parse(text: &str) -> Result<Self> {
        if !text.trim().is_empty() && is_invisible(text) {
            return Err(Error::field("topic", "error-room-topic-invisible"));
        }
        let topic = parse_line(text, TOPIC_MAX_CHARS);
        topic
            .map(Self)
            .ok_or_else(|| Error::field("topic", "error-room-topic-invalid"))
    }

    /// Returns the topic.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Trims a text. Returns `None` when it is longer than `max_chars` or has control characters, line ends included.
fn parse_line(text: &str, max_chars: usize) -> Option<String> {
    let line = text.trim();
    let is_valid = line.chars().count() <= max_chars && !line.contains(char::is_control);
    is_valid.then(|| line.to_owned())
}

/// Returns whether the text is blank, but not because of control characters, which have their own error message.
fn is_invisible(text: &str) -> bool {
    is_blank(text) && !text.trim().contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_and_topics_are_one_trimmed_line(text in prop::collection::vec(any::<char>(), 0..300)) {
            let text: String = text.into_iter().collect();
            let is_trimmed_line = |text: &str, max_chars: usize| {
                text == text.trim()
                    && text.chars().count() <= max_chars
                    && !text.chars().any(char::is_control)
            };
            if let Ok(name) = RoomName::parse(&text) {
                prop_assert!(is_trimmed_line(name.as_str(), NAME_MAX_CHARS) && !name.as_str().is_empty());
                prop_assert_eq!(RoomName::parse(name.as_str()).expect("valid"), name);
            }
            if let Ok(topic) = Topic::parse(&text) {
                prop_assert!(is_trimmed_line(topic.as_str(), TOPIC_MAX_CHARS));
                prop_assert_eq!(Topic::parse(topic.as_str()).expect("valid"), topic);
            }
        }

        #[test]
        fn any_visible_line_within_the_limit_is_a_name(name in "\\PC{0,80}") {
            prop_assert_eq!(RoomName::parse(&name).is_ok(), !is_blank(&name));
        }
    }
}
