//! Passwords: which may be chosen.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;

use super::phone_number::PhoneNumber;
use super::username::Username;
use crate::error::{Error, Result};

/// The fewest characters of a password.
pub const MIN_CHARS: usize = 8;
/// The most characters of a password.
pub const MAX_CHARS: usize = 128;
/// So many digits or signs behind a word do not make another one of it.
const TAIL_CHARS: usize = 6;
/// Fewer digits than these say nothing about whose number it is.
const NUMBER_DIGITS: usize = 7;

/// What everybody tries first.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

/// 8–128 characters (Unicode scalar values). `Debug` hides it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes a new password as typed, white space included. What it is made of is nobody's business, but it must not be
    /// one that everybody tries first.
    ///
    /// # Errors
    /// `Invalid` for the field `password`: too short, too long or too common.
    pub fn parse(typed: &str) -> Result<Self> {
        let length = typed.chars().take(MAX_CHARS + 1).count();
        if length < MIN_CHARS {
            return Err(Error::field("password", "error-password-short"));
        }
        if length > MAX_CHARS {
            return Err(Error::field("password", "error-password-long"));
        }
        if is_common(&typed.to_lowercase()) {
            return Err(Error::field("password", "error-password-common"));
        }
        Ok(Self(typed.to_owned()))
    }

    /// Refuses what everybody knows who knows the person: their number, as E.164 or as they dial it, and their name.
    ///
    /// # Errors
    /// `Invalid` for the field `password`.
    pub fn require_unlike(&self, phone: Option<&PhoneNumber>, name: &Username) -> Result<()> {
        let typed = self.0.to_lowercase();
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let is_number = phone.is_some_and(|phone| {
            digits.len() >= NUMBER_DIGITS
                && !typed.chars().any(char::is_alphabetic)
                && (phone.as_str().ends_with(&digits) || digits.ends_with(&phone.as_str()[1..]))
        });
        let is_name = [typed.as_str(), stem(&typed)]
            .iter()
            .any(|said| *said == name.key() || *said == name.as_str().to_lowercase());
        if is_number || is_name {
            return Err(Error::field("password", "error-password-own"));
        }
        Ok(())
    }

    /// Its hash, as a PHC string. Takes its time: requests go through the [`Hasher`](super::hasher::Hasher).
    ///
    /// # Errors
    /// `Internal` when it cannot be hashed.
    pub fn hash(&self) -> Result<String> {
        self.hash_with(&Argon2::default())
    }

    /// The same, at this cost.
    pub(super) fn hash_with(&self, argon2: &Argon2<'_>) -> Result<String> {
        hash(argon2, &self.0)
    }
}

/// Without what people put behind a word to please a form, such as the year.
fn stem(typed: &str) -> &str {
    let stem = typed.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    match typed.len() - stem.len() {
        ..=TAIL_CHARS => stem,
        _ => typed,
    }
}

fn is_common(lower: &str) -> bool {
    COMMON.contains(lower) || COMMON.contains(stem(lower))
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([secret])")
    }
}

pub(super) fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    argon2
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_first_is_refused_also_with_the_year() {
        for typed in [
            "password",
            "Password",
            "password1",
            "PASSWORD2026",
            "12345678",
            "qwertyuiop",
            "iloveyou!",
            "147258369",
            "woaini1314",
            "Dragon123!",
            "1qaz2wsx",
            "aaaaaaaa",
        ] {
            assert!(Password::parse(typed).is_err(), "{typed}");
        }
        for typed in [
            "correct horse battery",
            "aaaaaaab",
            "password of mine",
            "drachen1999",
            "茶馆里的人们好",
        ] {
            assert_eq!(
                Password::parse(typed).is_ok(),
                typed.chars().count() >= 8,
                "{typed}"
            );
        }
        assert!(COMMON.len() > 3000);
        assert!(COMMON.iter().all(|line| *line == line.to_lowercase()));
    }

    #[test]
    fn ones_own_number_and_name_are_refused() {
        let phone = PhoneNumber::parse("+8613800138000", "CN").expect("one");
        let name = Username::parse("Ming-the-Great").expect("one");
        for typed in [
            "13800138000",
            "+86 138 0013 8000",
            "008613800138000",
            "00138000",
            "ming-the-great",
            "MING-THE-GREAT",
            "Ming-the-Great2026",
        ] {
            let password = Password::parse(typed).expect(typed);
            assert!(
                password.require_unlike(Some(&phone), &name).is_err(),
                "{typed}"
            );
        }
        for typed in ["13800138001", "ming-the-greatest-of-all", "tea 13800138000"] {
            let password = Password::parse(typed).expect(typed);
            assert!(
                password.require_unlike(Some(&phone), &name).is_ok(),
                "{typed}"
            );
        }
    }
}
