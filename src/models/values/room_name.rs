//! What rooms are called, and what they are about.

use super::characters::is_blank;
use crate::error::{Error, Result};

/// The most characters of a name.
const NAME_MAX_CHARS: usize = 80;
/// The most characters of a topic.
const TOPIC_MAX_CHARS: usize = 250;

/// 1–80 Unicode scalar values on one line, of which something can be seen, without control characters; white space around
/// it does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName(String);

impl RoomName {
    /// Reads a name as typed.
    ///
    /// # Errors
    /// `Invalid` for the field `name`.
    pub fn parse(typed: &str) -> Result<Self> {
        let name = typed.trim();
        if is_invisible(name) {
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
        if !topic.is_empty() && is_invisible(topic) {
            return Err(Error::field("topic", "error-room-topic-invisible"));
        }
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

/// Whether nothing of a text can be seen. Control characters have a sentence of their own.
fn is_invisible(text: &str) -> bool {
    is_blank(text) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_and_topics_are_one_tidy_line(typed in prop::collection::vec(any::<char>(), 0..300)) {
            let typed: String = typed.into_iter().collect();
            let is_tidy = |text: &str, most: usize| {
                text == typed.trim()
                    && text.chars().count() <= most
                    && !text.chars().any(char::is_control)
            };
            if let Ok(name) = RoomName::parse(&typed) {
                prop_assert!(is_tidy(name.as_str(), NAME_MAX_CHARS) && !name.as_str().is_empty());
                prop_assert_eq!(RoomName::parse(name.as_str()).expect("its own form"), name);
            }
            if let Ok(topic) = Topic::parse(&typed) {
                prop_assert!(is_tidy(topic.as_str(), TOPIC_MAX_CHARS));
                prop_assert_eq!(Topic::parse(topic.as_str()).expect("its own form"), topic);
            }
        }

        #[test]
        fn any_line_within_the_limit_is_a_name(name in "\\PC{0,80}") {
            prop_assert_eq!(RoomName::parse(&name).is_ok(), !is_blank(&name));
        }
    }
}
