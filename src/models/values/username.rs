//! Names that people choose.

use precis_core::IdentifierClass;
use precis_core::profile::Rules;
use precis_profiles::UsernameCaseMapped;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::phone_number::PhoneNumber;
use super::{bidi, characters};
use crate::error::{Error, Result, LocalizedMessage};

/// The fewest characters of a name.
pub const MIN_CHARS: usize = 2;
/// The most characters of a name.
pub const MAX_CHARS: usize = 32;

/// 2–32 characters (Unicode scalar values): letters, marks and digits of any script, `_`, `-` and `.`, with at least one
/// that is no mark, and in one direction (RFC 5893, section 2).
///
/// Shown as typed; two names are one when RFC 8265's UsernameCaseMapped profile maps them to one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username {
    shown: String,
    key: String,
}

/// The rule that a name breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Broken {
    Missing,
    TooShort,
    TooLong,
    Spaces,
    /// A character that no name may hold, when it can be named.
    Character(Option<char>),
    OnlyMarks,
    PhoneNumber,
    Directions,
}

impl Username {
    /// Reads a new name as typed; white space around it does not count.
    ///
    /// # Errors
    /// `Invalid` for the field `username`, with the rule that it breaks.
    pub fn parse(typed: &str) -> Result<Self> {
        let shown = typed.trim();
        let key = checked_key(shown).map_err(|broken| Error::field("username", broken))?;
        Ok(Self {
            shown: shown.to_owned(),
            key,
        })
    }

    /// A name that somebody has already, whatever new names must be like.
    pub fn from_stored(shown: String) -> Self {
        let key = key(&shown).unwrap_or_else(|| shown.to_lowercase());
        Self { shown, key }
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

impl From<Broken> for LocalizedMessage {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Missing => "error-username-missing".into(),
            Broken::TooShort => Self::with("error-username-short", "limit", MIN_CHARS),
            Broken::TooLong => Self::with("error-username-long", "limit", MAX_CHARS),
            Broken::Spaces => "error-username-spaces".into(),
            Broken::Character(Some(c)) => {
                Self::with("error-username-character", "character", named(c))
            }
            Broken::Character(None) => "error-username-characters".into(),
            Broken::OnlyMarks => "error-username-marks".into(),
            Broken::PhoneNumber => "error-username-phone".into(),
            Broken::Directions => "error-username-directions".into(),
        }
    }
}

/// A character as a sentence shows it: by its code point when it cannot be seen by itself.
fn named(c: char) -> String {
    match characters::is_blank(c.encode_utf8(&mut [0; 4])) {
        true => format!("U+{:04X}", u32::from(c)),
        false => c.to_string(),
    }
}

fn checked_key(name: &str) -> Result<String, Broken> {
    let length = name.chars().count();
    if name.is_empty() {
        return Err(Broken::Missing);
    }
    if name.chars().any(char::is_whitespace) {
        return Err(Broken::Spaces);
    }
    if let Some(bad) = name.chars().find(|c| !is_allowed(*c)) {
        return Err(Broken::Character(Some(bad)));
    }
    if length < MIN_CHARS {
        return Err(Broken::TooShort);
    }
    if length > MAX_CHARS {
        return Err(Broken::TooLong);
    }
    let key = mapped(name)?;
    if characters::is_blank(name) {
        return Err(Broken::OnlyMarks);
    }
    if PhoneNumber::is_meant(name) {
        return Err(Broken::PhoneNumber);
    }
    match bidi::is_satisfied(&key) {
        true => Ok(key),
        false => Err(Broken::Directions),
    }
}

/// The key of a name that is looked for; `None` for a text that cannot be one. Asks less than [`Username::parse`], so that
/// names from before a rule are found.
pub(in crate::models) fn key(name: &str) -> Option<String> {
    let name = name.trim();
    let is_possible = !name.is_empty() && name.chars().take(MAX_CHARS + 1).count() <= MAX_CHARS;
    is_possible.then(|| mapped(name).ok()).flatten()
}

/// Applies UsernameCaseMapped but for its directionality rule: `precis-profiles` 0.2 takes RFC 5893's conditions 3 and 6
/// for a ban of marks inside a name.
fn mapped(name: &str) -> Result<String, Broken> {
    let profile = UsernameCaseMapped::new();
    let unnamed = |_| Broken::Character(None);
    let wide = profile.width_mapping_rule(name).map_err(unnamed)?;
    let is_newer_allowed = |c: char| is_allowed(c) && std::iter::once(c).nfkc().eq([c]);
    characters::check(&IdentifierClass::default(), &wide, is_newer_allowed)
        .map_err(Broken::Character)?;
    let lower = profile.case_mapping_rule(wide).map_err(unnamed)?;
    let normal = profile.normalization_rule(lower).map_err(unnamed)?;
    Ok(normal.into_owned())
}

/// Whether names may hold this character.
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
            // Scripts that are younger than Unicode 6.3.
            "𞤀𞤣𞤤𞤢𞤥",
            "𐴀𐴞𐴇𐴥",
            "𐒰𐓆𐒼",
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
        for (name, broken) in [
            ("", Broken::Missing),
            ("a", Broken::TooShort),
            ("two words", Broken::Spaces),
            ("a\u{3000}b", Broken::Spaces),
            ("a@b", Broken::Character(Some('@'))),
            ("a\u{200b}b", Broken::Character(Some('\u{200b}'))),
            ("emoji😀", Broken::Character(Some('😀'))),
            ("\u{301}\u{302}", Broken::OnlyMarks),
            ("\u{5b8}\u{5c1}", Broken::OnlyMarks),
            ("\u{93e}\u{902}", Broken::OnlyMarks),
            ("1380013", Broken::PhoneNumber),
            ("138ー0013ー8000", Broken::PhoneNumber),
            ("١٣٨٠٠١٣٨", Broken::PhoneNumber),
            ("שלוםabc", Broken::Directions),
            ("abcשלום", Broken::Directions),
            ("1שלום", Broken::Directions),
            ("שלום-", Broken::Directions),
            ("a٢", Broken::Directions),
        ] {
            assert_eq!(checked_key(name), Err(broken), "{name}");
        }
        assert_eq!(checked_key(&"x".repeat(33)), Err(Broken::TooLong));
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
            prop_assert!(!PhoneNumber::is_meant(name.as_str()));
            let stored = Username::from_stored(name.as_str().to_owned());
            prop_assert_eq!(&stored, &name);
            // Keys of names that were accepted before are as they were.
            if let Ok(before) = UsernameCaseMapped::new().enforce(name.as_str()) {
                prop_assert_eq!(name.key(), before);
            }
        }
    }
}
