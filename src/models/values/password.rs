//! Rules for new passwords, and their normalization.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use precis_core::FreeformClass;
use precis_core::profile::Rules;
use precis_profiles::OpaqueString;
use teahouse_text::characters;

use super::phone_number::PhoneNumber;
use super::username::Username;
use crate::error::{Error, Result};

/// Minimum length of a password in characters.
pub const MIN_CHARS: usize = 8;
/// Maximum length of a password in characters.
pub const MAX_CHARS: usize = 128;
/// Maximum length of a suffix of digits and punctuation that is ignored in comparisons with common passwords.
const SUFFIX_MAX_BYTES: usize = 6;
/// Minimum number of digits that are compared with the user's phone number.
const NUMBER_MIN_DIGITS: usize = 7;

/// Common passwords in lower case.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

/// A normalized password of 8 to 128 characters (Unicode scalar values). `Debug` hides it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Parses a new password, white space included, and normalizes it as RFC 8265's OpaqueString. Any composition is
    /// allowed, but not a common password.
    ///
    /// # Errors
    /// `Invalid` for the field `password`: too short, too long, too common, or with control or invisible characters.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::field("password", "error-password-short"));
        }
        let Some(password) = normalized(text) else {
            return Err(Error::field("password", "error-password-characters"));
        };
        let length = password.chars().take(MAX_CHARS + 1).count();
        if length < MIN_CHARS {
            return Err(Error::field("password", "error-password-short"));
        }
        if length > MAX_CHARS {
            return Err(Error::field("password", "error-password-long"));
        }
        if is_common(&password.to_lowercase()) {
            return Err(Error::field("password", "error-password-common"));
        }
        Ok(Self(password))
    }

    /// Rejects a password that is the user's own phone number, in E.164 or national form, or their username.
    ///
    /// # Errors
    /// `Invalid` for the field `password`.
    pub fn require_unlike(&self, phone: Option<&PhoneNumber>, name: &Username) -> Result<()> {
        let text = self.0.to_lowercase();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = phone.is_some_and(|phone| {
            digits.len() >= NUMBER_MIN_DIGITS
                && !text.chars().any(char::is_alphabetic)
                && (phone.as_str().ends_with(&digits) || digits.ends_with(&phone.as_str()[1..]))
        });
        let is_name = [text.as_str(), without_suffix(&text)]
            .iter()
            .any(|text| *text == name.key() || *text == name.as_str().to_lowercase());
        if is_number || is_name {
            return Err(Error::field("password", "error-password-own"));
        }
        Ok(())
    }

    /// Returns the hash as a PHC string. Slow by design: the server hashes on the password hasher's threads instead.
    ///
    /// # Errors
    /// `Internal` when hashing fails.
    pub fn hash(&self) -> Result<String> {
        self.hash_with(&Argon2::default())
    }

    /// Like [`Self::hash`], with the given cost.
    pub(crate) fn hash_with(&self, argon2: &Argon2<'_>) -> Result<String> {
        hash(argon2, &self.0)
    }
}

/// Normalizes a password as RFC 8265's OpaqueString: spaces of any kind become U+0020, the rest NFC; case and width are
/// preserved. Returns `None` when it is empty or contains characters that the profile disallows.
fn normalized(text: &str) -> Option<String> {
    characters::check(&FreeformClass::default(), text, |_| true).ok()?;
    let profile = OpaqueString::default();
    let spaced = profile.additional_mapping_rule(text).ok()?;
    let normal = profile.normalization_rule(spaced).ok()?;
    (!normal.is_empty()).then(|| normal.into_owned())
}

/// Returns the forms of a password that a stored hash may have been made from: the normalized one, and the raw one, which
/// was hashed before normalization was introduced.
pub(crate) fn forms(text: &str) -> Vec<String> {
    match normalized(text) {
        Some(normal) if normal != text => vec![normal, text.to_owned()],
        _ => vec![text.to_owned()],
    }
}

/// Returns the password without a short suffix of digits and punctuation, such as a year.
fn without_suffix(text: &str) -> &str {
    let rest = text.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    match text.len() - rest.len() {
        ..=SUFFIX_MAX_BYTES => rest,
        _ => text,
    }
}

fn is_common(lower: &str) -> bool {
    COMMON.contains(lower) || COMMON.contains(without_suffix(lower))
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([secret])")
    }
}

/// Returns the hash as a PHC string.
pub(crate) fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    argon2
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_rejected_also_with_a_suffix() {
        let common = "password Password password1 PASSWORD2026 12345678 qwertyuiop iloveyou! 147258369 \
            woaini1314 Dragon123! 1qaz2wsx aaaaaaaa";
        for text in common.split(' ') {
            assert!(Password::parse(text).is_err(), "{text}");
        }
        for text in [
            "correct horse battery",
            "aaaaaaab",
            "password of mine",
            "drachen1999",
        ] {
            assert!(Password::parse(text).is_ok(), "{text}");
        }
        assert!(
            Password::parse("茶馆里的人们好").is_err(),
            "only seven characters"
        );
        assert!(COMMON.len() > 3000);
        assert!(COMMON.iter().all(|line| *line == line.to_lowercase()));
    }

    #[test]
    fn passwords_are_normalized_as_opaque_strings() {
        for (text, normal) in [
            ("cafe\u{301} creme", "caf\u{e9} creme"),
            ("a\u{a0}b\u{3000}c\u{2003}d\u{1680}e", "a b c d e"),
            ("  spaces stay  ", "  spaces stay  "),
            ("Straße Ｆｕｌｌ ﬁ", "Straße Ｆｕｌｌ ﬁ"),
            ("\u{1100}\u{1161} \u{212b}", ""),
            ("\u{212b}ngstrom", "\u{c5}ngstrom"),
            ("密码和茶馆", "密码和茶馆"),
            ("emoji 😀🤔🫖", "emoji 😀🤔🫖"),
        ] {
            let expected = Some(normal.to_owned()).filter(|normal| !normal.is_empty());
            assert_eq!(normalized(text), expected, "{text}");
        }
        let invisible = ["a\u{200b}b", "a\u{202e}b", "a\u{7f}b", "\u{378}"];
        for rejected in ["", "a\tb", "a\nb", "nul\0"].into_iter().chain(invisible) {
            assert_eq!(normalized(rejected), None, "{}", rejected.escape_unicode());
        }
        assert_eq!(forms("plain"), ["plain"]);
        assert_eq!(forms("e\u{301}"), ["\u{e9}", "e\u{301}"]);
        assert_eq!(forms("a\tb"), ["a\tb"]);
        assert!(Password::parse(&"e\u{301}".repeat(MAX_CHARS)).is_ok());
        assert!(Password::parse(&"e\u{301}".repeat(MIN_CHARS - 1)).is_err());
    }

    #[test]
    fn own_phone_number_and_username_are_rejected() {
        let phone = PhoneNumber::parse("+8613800138000", "CN").expect("valid");
        let name = Username::parse("Ming-the-Great").expect("valid");
        for (text, is_own) in [
            ("13800138000", true),
            ("+86 138 0013 8000", true),
            ("008613800138000", true),
            ("00138000", true),
            ("ming-the-great", true),
            ("MING-THE-GREAT", true),
            ("Ming-the-Great2026", true),
            ("13800138001", false),
            ("ming-the-greatest-of-all", false),
            ("tea 13800138000", false),
        ] {
            let password = Password::parse(text).expect(text);
            let rejected = password.require_unlike(Some(&phone), &name).is_err();
            assert_eq!(rejected, is_own, "{text}");
        }
    }
}
