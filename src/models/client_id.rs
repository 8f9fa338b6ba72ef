//! The name that a sender gives a message before it is stored.

use std::fmt;

use uuid::Uuid;

/// A UUID (RFC 9562) in any of its textual forms; kept as 36 lower-case characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientId(Uuid);

impl ClientId {
    /// Reads a UUID; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text.trim()).ok().map(Self)
    }

    /// A new one, for a sender that made none.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}
