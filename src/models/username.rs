//! Names that people choose.

use precis_core::profile::Profile;
use precis_profiles::UsernameCaseMapped;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::error::{Error, Result};

/// The fewest characters of a name.
pub const MIN_CHARS: usize = 2;
/// The most characters of a name.
pub const MAX_CHARS: usize = 32;
/// As many digits, without a letter, read as a phone number (the shortest in E.164 have seven).
const PHONE_DIGITS: usize = 7;

/// 2–32 characters (Unicode scalar values): letters, marks and digits of any script, `_`, `-` and `.`.
///
/// Shown as typed; two names are one when RFC 8265's UsernameCaseMapped profile maps them to one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username {
    shown: String,
    key: String,
}

impl Username {
    /// Reads a name as typed; white space around it does not count.
    ///
    /// # Errors
    /// `Invalid` for the field `username`: missing, wrong length or characters, or it reads as a phone number.
    pub fn parse(typed: &str) -> Result<Self> {
        let refused = |sentence: &'static str| Error::field("username", sentence);
        let shown = typed.trim();
        if shown.is_empty() {
            return Err(refused("error-username-missing"));
        }
        let length = shown.chars().count();
        if !(MIN_CHARS..=MAX_CHARS).contains(&length) || !shown.chars().all(is_allowed) {
            return Err(refused("error-username-invalid"));
        }
        if reads_as_phone_number(shown) {
            return Err(refused("error-username-phone"));
        }
        let key = UsernameCaseMapped::new()
            .enforce(shown)
            .map_err(|_| refused("error-username-invalid"))?
            .into_owned();
        Ok(Self {
            shown: shown.to_owned(),
            key,
        })
    }

    /// The name as its owner typed it.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What names are compared by.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Whether names may hold this character.
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '_' | '-' | '.')
        || c.general_category() == GeneralCategory::DecimalNumber
        || matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark
        )
}

fn reads_as_phone_number(name: &str) -> bool {
    let digits = name.nfkc().filter(|c| c.is_numeric()).count();
    digits >= PHONE_DIGITS && !name.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_any_script_are_welcome() {
        for name in [
            "mei",
            "李梅",
            "José",
            "Ωmega_1",
            "a.b-c",
            "नमस्ते",
            "x2",
            "12345",
        ] {
            assert_eq!(Username::parse(name).expect(name).as_str(), name);
        }
    }

    #[test]
    fn names_that_look_alike_in_case_or_width_are_one() {
        let key = |name| Username::parse(name).expect(name).key().to_owned();
        assert_eq!(key("Mei"), key("mEI"));
        assert_eq!(key("ＭＥＩ"), key("mei"));
        assert_eq!(key("Jose\u{301}"), key("josé"));
        assert_ne!(key("jose"), key("josé"));
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            "a",
            "two words",
            "<b>",
            "a@b",
            "tab\t.",
            "emoji😀",
            "a\u{200b}b",
            "x·y",
            "13800138000",
            "138-0013-8000",
            "１３８００１３８０００",
            "a/b",
            "\u{202e}abc",
        ] {
            assert!(Username::parse(name).is_err(), "{name}");
        }
        assert!(Username::parse(&"x".repeat(33)).is_err());
        assert!(Username::parse(&"茶".repeat(32)).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_one_name_or_none(
            typed in prop_oneof!["[a-zA-Z0-9_.-]{0,34}", "[\\p{L}\\p{M}\\p{N}]{1,34}", "\\PC{0,40}", any::<String>()],
        ) {
            let Ok(name) = Username::parse(&typed) else {
                return Ok(());
            };
            prop_assert_eq!(name.as_str(), typed.trim());
            prop_assert!((2..=32).contains(&name.as_str().chars().count()));
            prop_assert!(!name.as_str().contains(['@', '+', '/', '<', '&', '"', ' ']));
            prop_assert_eq!(&Username::parse(name.as_str()).expect("its own form"), &name);
            let loud: String = typed.chars().map(|c| c.to_ascii_uppercase()).collect();
            let loud = Username::parse(&loud).expect("the same");
            prop_assert_eq!(loud.key(), name.key());
            prop_assert!(
                crate::models::phone_number::PhoneNumber::parse(name.as_str(), "").is_err()
            );
        }
    }
}
