//! Usernames.

use precis_core::IdentifierClass;
use precis_core::profile::Rules;
use precis_profiles::UsernameCaseMapped;
use teahouse_text::{bidi, characters};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::phone_number::PhoneNumber;
use crate::error::{Error, LocalizedMessage, Result};

/// Minimum length in characters.
pub const MIN_CHARS: usize = 2;
/// Maximum length in characters.
pub const MAX_CHARS: usize = 32;

/// A username of 2 to 32 characters (Unicode scalar values): letters, marks and digits of any script, `_`, `-` and `.`; not
/// only marks, and satisfying the Bidi rule (RFC 5893, section 2).
///
/// Displayed as text. Two usernames are equal if RFC 8265's UsernameCaseMapped profile maps them to the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username {
    display: String,
    key: String,
}

impl Username {
    /// Parses a new username and trims white space.
    ///
    /// # Errors
    /// `Invalid` for the field `username`.
    pub fn parse(text: &str) -> Result<Self> {
        let display = text.trim();
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

    /// Returns the username as text.
    pub fn as_str(&self) -> &str {
        &self.display
    }

    /// Returns the key for comparisons.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Returns the error of a disallowed character, if known. A character that is invisible by itself is shown as its code
/// point.
fn bad_character(c: Option<char>) -> LocalizedMessage {
    let Some(c) = c else {
        return "error-username-characters".into();
    };
    let shown = match characters::is_blank(c.encode_utf8(&mut [0; 4])) {
        true => format!("U+{:04X}", u32::from(c)),
        false => c.to_string(),
    };
    LocalizedMessage::with("error-username-character", "character", shown)
}

fn checked_key(name: &str) -> Result<String, LocalizedMessage> {
    let length = name.chars().count();
    if name.is_empty() {
        return Err("error-username-missing".into());
    }
    if name.chars().any(char::is_whitespace) {
        return Err("error-username-spaces".into());
    }
    if let Some(bad) = name.chars().find(|c| !is_allowed(*c)) {
        return Err(bad_character(Some(bad)));
    }
    if length < MIN_CHARS {
        return Err(LocalizedMessage::with(
            "error-username-short",
            "limit",
            MIN_CHARS,
        ));
    }
    if length > MAX_CHARS {
        return Err(LocalizedMessage::with(
            "error-username-long",
            "limit",
            MAX_CHARS,
        ));
    }
    let key = case_mapped(name)?;
    if characters::is_blank(name) {
        return Err("error-username-marks".into());
    }
    if PhoneNumber::is_number_like(name) {
        return Err("error-username-phone".into());
    }
    match bidi::satisfies_rule(&key) {
        true => Ok(key),
        false => Err("error-username-directions".into()),
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
fn case_mapped(name: &str) -> Result<String, LocalizedMessage> {
    let profile = UsernameCaseMapped::new();
    let unknown = |_| bad_character(None);
    let wide = profile.width_mapping_rule(name).map_err(unknown)?;
    let is_newer_allowed = |c: char| is_allowed(c) && std::iter::once(c).nfkc().eq([c]);
    characters::check(&IdentifierClass::default(), &wide, is_newer_allowed)
        .map_err(bad_character)?;
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
        let left_to_right = [
            "mei",
            "李梅",
            "José",
            "Ωmega_1",
            "a.b-c",
            "नमस्ते",
            "x2",
            "12345",
            "123456",
        ];
        // With vowel marks and digits.
        let right_to_left = [
            "שָׁלוֹם",
            "יִשְׂרָאֵל",
            "محمّد",
            "مُحَمَّد",
            "ދިވެހި",
            "ދިވެހި2",
            "אבג-דה",
            "علي٢",
            "ܫܠܵܡܵܐ",
        ];
        let newer_than_unicode_6_3 = ["𞤀𞤣𞤤𞤢𞤥", "𐴀𐴞𐴇𐴥", "𐒰𐓆𐒼"];
        for name in [&left_to_right[..], &right_to_left, &newer_than_unicode_6_3].concat() {
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
    fn invalid_usernames_are_rejected() {
        let character =
            |shown: &str| LocalizedMessage::with("error-username-character", "character", shown);
        let limit = |id, limit: usize| LocalizedMessage::with(id, "limit", limit);
        for (name, error) in [
            ("", "error-username-missing".into()),
            ("a", limit("error-username-short", 2)),
            (&"x".repeat(33), limit("error-username-long", 32)),
            ("two words", "error-username-spaces".into()),
            ("tab\t.", "error-username-spaces".into()),
            ("a\u{3000}b", "error-username-spaces".into()),
            ("<b>", character("<")),
            ("a@b", character("@")),
            ("x·y", character("·")),
            ("a/b", character("/")),
            ("emoji😀", character("😀")),
            ("a\u{200b}b", character("U+200B")),
            ("\u{202e}abc", character("U+202E")),
            ("\u{301}\u{302}", "error-username-marks".into()),
            ("\u{5b8}\u{5c1}", "error-username-marks".into()),
            ("\u{93e}\u{902}", "error-username-marks".into()),
            ("1380013", "error-username-phone".into()),
            ("13800138000", "error-username-phone".into()),
            ("138-0013-8000", "error-username-phone".into()),
            ("１３８００１３８０００", "error-username-phone".into()),
            ("138ー0013ー8000", "error-username-phone".into()),
            ("١٣٨٠٠١٣٨", "error-username-phone".into()),
            ("שלוםabc", "error-username-directions".into()),
            ("abcשלום", "error-username-directions".into()),
            ("1שלום", "error-username-directions".into()),
            ("שלום-", "error-username-directions".into()),
            ("a٢", "error-username-directions".into()),
        ] {
            assert_eq!(checked_key(name), Err(error), "{name}");
            assert!(Username::parse(name).is_err(), "{name}");
        }
        assert!(Username::parse(&"茶".repeat(32)).is_ok());
    }

    proptest! {
        #[test]
        fn accepted_usernames_are_valid_and_stable(
            text in prop_oneof!["[a-zA-Z0-9_.-]{0,34}", "[\\p{L}\\p{M}\\p{N}]{1,34}", "\\PC{0,40}", any::<String>()],
        ) {
            let Ok(name) = Username::parse(&text) else {
                return Ok(());
            };
            prop_assert_eq!(name.as_str(), text.trim());
            prop_assert!((2..=32).contains(&name.as_str().chars().count()));
            prop_assert!(!name.as_str().contains(['@', '+', '/', '<', '&', '"', ' ']));
            prop_assert_eq!(&Username::parse(name.as_str()).expect("valid"), &name);
            let upper: String = text.chars().map(|c| c.to_ascii_uppercase()).collect();
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
