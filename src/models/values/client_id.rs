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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_form_of_a_uuid_is_the_same_name(number in any::<u128>()) {
            let uuid = Uuid::from_u128(number);
            let kept = uuid.hyphenated().to_string();
            for form in [
                kept.clone(),
                kept.to_uppercase(),
                uuid.simple().to_string(),
                uuid.braced().to_string(),
                uuid.urn().to_string(),
                format!(" {kept}\n"),
            ] {
                let id = ClientId::parse(&form).expect("a UUID");
                prop_assert_eq!(id.to_string(), kept.as_str());
            }
        }

        #[test]
        fn nothing_else_is_a_name(text in prop_oneof![any::<String>(), "[0-9a-fA-F-]{30,40}"]) {
            if let Some(id) = ClientId::parse(&text) {
                prop_assert_eq!(id.to_string().len(), 36);
                prop_assert_eq!(ClientId::parse(&id.to_string()), Some(id));
            }
        }
    }
}
