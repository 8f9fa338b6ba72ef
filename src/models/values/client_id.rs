//! The id that a client gives a message before it is stored, which makes retries idempotent.

use std::fmt;

use uuid::Uuid;

/// A UUID (RFC 9562), parsed from any textual form and displayed as 36 lower-case characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientId(Uuid);

impl ClientId {
    /// Parses a UUID. Returns `None` when the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text.trim()).ok().map(Self)
    }

    /// Creates a random id, for senders that provide none.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_textual_forms_parse_to_the_same_id(number in any::<u128>()) {
            let uuid = Uuid::from_u128(number);
            let canonical = uuid.hyphenated().to_string();
            for form in [
                canonical.clone(),
                canonical.to_uppercase(),
                uuid.simple().to_string(),
                uuid.braced().to_string(),
                uuid.urn().to_string(),
                format!(" {canonical}\n"),
            ] {
                let id = ClientId::parse(&form).expect("a UUID");
                prop_assert_eq!(id.to_string(), canonical.as_str());
            }
        }

        #[test]
        fn parsed_ids_round_trip(text in prop_oneof![any::<String>(), "[0-9a-fA-F-]{30,40}"]) {
            if let Some(id) = ClientId::parse(&text) {
                prop_assert_eq!(id.to_string().len(), 36);
                prop_assert_eq!(ClientId::parse(&id.to_string()), Some(id));
            }
        }
    }
}
