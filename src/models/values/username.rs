//! Usernames.

use precis_core::IdentifierClass;
use precis_core::profile::Rules;
use precis_profiles::UsernameCaseMapped;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::phone_number::PhoneNumber;
use super::{bidi, characters};
use crate::error::{Error, LocalizedMessage, Result};

/// Minimum length in characters.
pub const MIN_CHARS: usize = 2;
/// Maximum length in characters.
pub const MAX_CHARS: usize = 32;

/// A username of 2 to 32 characters (Unicode scalar values): letters, marks and digits of any script, `_`, `-` and `.`; not
/// only marks, and satisfying the Bidi rule (RFC 5893, section 2).
///
/// Displayed as typed. Two usernames are equal if RFC 8265's UsernameCaseMapped profile maps them to the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username {
    display: String,
    key: String,
}

/// The rule that a username violates.
#[derive(Debug, Clone, PartialEq, Eq)]
enum UsernameError {
    Missing,
    TooShort,
    TooLong,
    Spaces,
    /// A disallowed character, if known.
    Character(Option<char>),
    OnlyMarks,
    PhoneNumber,
    Directions,
}

impl Username {
    /// Parses a new username and trims white space.
    ///
    /// # Errors
    /// `Invalid` for the field `username`.
    pub fn parse(typed: &str) -> Result<Self> {
        let display = typed.trim();
        let key = checked_key(display).map_err(|error| Error::field("username", error))?;
        Ok(Self {
            display: display.to_owned(),
            key,
        })
    }

    /// Wraps a stored username, which may predate the current rules.
    pub fn from_stored(display: String) -> Self {
        let key = key(&display).unwrap_or_else(|| display.to_lowercase());
        Self { display, key }
    }

    /// Returns the username as typed.
    pub fn as_str(&self) -> &str {
        &self.display
    }

    /// Returns the key for comparisons.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl From<UsernameError> for LocalizedMessage {
    fn from(error: UsernameError) -> Self {
        match error {
            UsernameError::Missing => "error-username-missing".into(),
            UsernameError::TooShort => Self::with("error-username-short", "limit", MIN_CHARS),
            UsernameError::TooLong => Self::with("error-username-long", "limit", MAX_CHARS),
            UsernameError::Spaces => "error-username-spaces".into(),
            UsernameError::Character(Some(c)) => {
                Self::with("error-username-character", "character", displayed(c))
            }
            UsernameError::Character(None) => "error-username-characters".into(),
            UsernameError::OnlyMarks => "error-username-marks".into(),
            UsernameError::PhoneNumber => "error-username-phone".into(),
            UsernameError::Directions => "error-username-directions".into(),
        }
    }
}

/// Returns the character, or its code point if it is invisible by itself.
fn displayed(c: char) -> String {
    match characters::is_blank(c.encode_utf8(&mut [0; 4])) {
        true => format!("U+{:04X}", u32::from(c)),
        false => c.to_string(),
    }
}

fn checked_key(name: &str) -> Result<String, UsernameError> {
    let length = name.chars().count();
    if name.is_empty() {
        return Err(UsernameError::Missing);
    }
    if name.chars().any(char::is_whitespace) {
        return Err(UsernameError::Spaces);
    }
    if let Some(bad) = name.chars().find(|c| !is_allowed(*c)) {
        return Err(UsernameError::Character(Some(bad)));
    }
    if length < MIN_CHARS {
        return Err(UsernameError::TooShort);
    }
    if length > MAX_CHARS {
        return Err(UsernameError::TooLong);
    }
    let key = case_mapped(name)?;
    if characters::is_blank(name) {
        return Err(UsernameError::OnlyMarks);
    }
    if PhoneNumber::is_number_like(name) {
        return Err(UsernameError::PhoneNumber);
    }
    match bidi::satisfies_rule(&key) {
        true => Ok(key),
        false => Err(UsernameError::Directions),
    }
}

/// Returns the key to look up a username by, or `None` for a text that cannot be one. Less strict than [`Username::parse`],
/// so that usernames are found that predate a rule.
pub(in crate::models) fn key(name: &str) -> Option<String> {
    let name = name.trim();
    let is_possible = !name.is_empty() && name.chars().take(MAX_CHARS + 1).count() <= MAX_CHARS;
    is_possible.then(|| case_mapped(name).ok()).flatten()
}

/// Applies UsernameCaseMapped except its directionality rule: `precis-profiles` 0.2 misreads RFC 5893's conditions 3 and 6
/// as forbidding marks inside a name.
fn case_mapped(name: &str) -> Result<String, UsernameError> {
    let profile = UsernameCaseMapped::new();
    let unknown = |_| UsernameError::Character(None);
    let wide = profile.width_mapping_rule(name).map_err(unknown)?;
    let is_newer_allowed = |c: char| is_allowed(c) && std::iter::once(c).nfkc().eq([c]);
    characters::check(&IdentifierClass::default(), &wide, is_newer_allowed)
        .map_err(UsernameError::Character)?;
    let lower = profile.case_mapping_rule(wide).map_err(unknown)?;
    let normal = profile.normalization_rule(lower).map_err(unknown)?;
    Ok(normal.into_owned())
}

/// Returns whether usernames may contain the character.
pub(in crate::models) fn is_allowed(c: char) -> bool {
    matches!(c, '_' | '-' | '.')
        || c.general_category() == GeneralCategory::DecimalNumber
        || matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark
        )
}

#[cfg(test)]
mod tests {
    use precis_core::profile::Profile;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usernames_of_any_script_are_accepted() {
        for name in [
            "mei",
            "李梅",
            "José",
            "Ωmega_1",
            "a.b-c",
            "नमस्ते",
            "x2",
            "12345",
            "123456",
            // Right to left, with vowel marks and digits.
            "שָׁלוֹם",
            "יִשְׂרָאֵל",
            "محمّد",
            "مُحَمَّد",
            "ދިވެހި",
            "ދިވެހި2",
            "אבג-דה",
            "علي٢",
            "ܫܠܵܡܵܐ",
            // Scripts added after Unicode 6.3.
            "𞤀𞤣𞤤𞤢𞤥",
            "𐴀𐴞𐴇𐴥",
            "𐒰𐓆𐒼",
        ] {
            assert_eq!(Username::parse(name).expect(name).as_str(), name);
        }
    }

    #[test]
    fn usernames_that_differ_in_case_or_width_are_equal() {
        let key = |name| Username::parse(name).expect(name).key().to_owned();
        assert_eq!(key("Mei"), key("mEI"));
        assert_eq!(key("ＭＥＩ"), key("mei"));
        assert_eq!(key("Jose\u{301}"), key("josé"));
        assert_ne!(key("jose"), key("josé"));
    }

    #[test]
    fn invalid_usernames_are_refused() {
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
        for (name, error) in [
            ("", UsernameError::Missing),
            ("a", UsernameError::TooShort),
            ("two words", UsernameError::Spaces),
            ("a\u{3000}b", UsernameError::Spaces),
            ("a@b", UsernameError::Character(Some('@'))),
            ("a\u{200b}b", UsernameError::Character(Some('\u{200b}'))),
            ("emoji😀", UsernameError::Character(Some('😀'))),
            ("\u{301}\u{302}", UsernameError::OnlyMarks),
            ("\u{5b8}\u{5c1}", UsernameError::OnlyMarks),
            ("\u{93e}\u{902}", UsernameError::OnlyMarks),
            ("1380013", UsernameError::PhoneNumber),
            ("138ー0013ー8000", UsernameError::PhoneNumber),
            ("١٣٨٠٠١٣٨", UsernameError::PhoneNumber),
            ("שלוםabc", UsernameError::Directions),
            ("abcשלום", UsernameError::Directions),
            ("1שלום", UsernameError::Directions),
            ("שלום-", UsernameError::Directions),
            ("a٢", UsernameError::Directions),
        ] {
            assert_eq!(checked_key(name), Err(error), "{name}");
        }
        assert_eq!(checked_key(&"x".repeat(33)), Err(UsernameError::TooLong));
        assert!(Username::parse(&"x".repeat(33)).is_err());
        assert!(Username::parse(&"茶".repeat(32)).is_ok());
    }

    proptest! {
        #[test]
        fn accepted_usernames_are_valid_and_stable(
            typed in prop_oneof!["[a-zA-Z0-9_.-]{0,34}", "[\\p{L}\\p{M}\\p{N}]{1,34}", "\\PC{0,40}", any::<String>()],
        ) {
            let Ok(name) = Username::parse(&typed) else {
                return Ok(());
            };
            prop_assert_eq!(name.as_str(), typed.trim());
            prop_assert!((2..=32).contains(&name.as_str().chars().count()));
            prop_assert!(!name.as_str().contains(['@', '+', '/', '<', '&', '"', ' ']));
            prop_assert_eq!(&Username::parse(name.as_str()).expect("valid"), &name);
            let upper: String = typed.chars().map(|c| c.to_ascii_uppercase()).collect();
            let upper = Username::parse(&upper).expect("valid");
            prop_assert_eq!(upper.key(), name.key());
            prop_assert!(!PhoneNumber::is_number_like(name.as_str()));
            let stored = Username::from_stored(name.as_str().to_owned());
            prop_assert_eq!(&stored, &name);
            // Keys are those of the profile, so stored keys stay valid.
            if let Ok(before) = UsernameCaseMapped::new().enforce(name.as_str()) {
                prop_assert_eq!(name.key(), before);
            }
        }
    }
}
