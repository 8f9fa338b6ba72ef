//! Passwords, and how many are hashed at once.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

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

    /// Its hash, as a PHC string. Takes its time: requests go through the [`Hasher`].
    ///
    /// # Errors
    /// `Internal` when it cannot be hashed.
    pub fn hash(&self) -> Result<String> {
        hash(&Argon2::default(), &self.0)
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

/// What a hash costs: memory in KiB, and how often it is gone through.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// KiB.
    pub memory_kib: u32,
    /// Times.
    pub passes: u32,
}

/// What comparing a typed password with a hash says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is another one.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and its hash is cheaper than hashes are today: here is a new one.
    RightButCheap(String),
}

/// Hashes passwords with argon2id (RFC 9106, p = 1), a few at a time.
///
/// More at once would only take memory and hold up the rest: they wait, and past the queue they are refused.
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    /// What an unknown number's password is compared with, so that it takes as long as a wrong one.
    nobody: Arc<str>,
    permits: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Hasher {
    /// So many at the same time, so many waiting.
    ///
    /// # Errors
    /// `Unavailable` when hashes cannot cost that.
    pub fn new(cost: Cost, permits: usize, queue: usize) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| {
            Error::Unavailable(format!("passwords cannot be hashed like that: {error}"))
        })?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        LazyLock::force(&COMMON);
        Ok(Self {
            nobody: hash(&argon2, "nobody's password")?.into(),
            argon2,
            permits: Arc::new(Semaphore::new(permits)),
            queue: Arc::new(Semaphore::new(permits + queue)),
        })
    }

    /// The password's hash, as a PHC string.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn hash(&self, password: Password) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.run(move || hash(&argon2, &password.0)).await?
    }

    /// Whether `typed` is the password of `stored`; takes as long when there is none.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn verify(&self, typed: String, stored: Option<String>) -> Result<Verdict> {
        let (argon2, nobody) = (self.argon2.clone(), self.nobody.clone());
        self.run(move || {
            let known = stored.as_deref().unwrap_or(&nobody);
            let Ok(known) = PasswordHash::new(known) else {
                return Verdict::Wrong;
            };
            let matches = argon2.verify_password(typed.as_bytes(), &known).is_ok();
            if !matches || stored.is_none() {
                return Verdict::Wrong;
            }
            match is_cheaper(&known, argon2.params()).then(|| hash(&argon2, &typed)) {
                Some(Ok(hash)) => Verdict::RightButCheap(hash),
                _ => Verdict::Right,
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = self
            .queue
            .try_acquire()
            .map_err(|_| Error::Unavailable("too many sign-ins at once".into()))?;
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(Error::internal)?;
        spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(Error::internal)
    }
}

/// Whether a hash cost less than hashes do now.
fn is_cheaper(hash: &PasswordHash, now: &Params) -> bool {
    Params::try_from(hash)
        .is_ok_and(|then| then.m_cost() < now.m_cost() || then.t_cost() < now.t_cost())
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String> {
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
            "5201314520",
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
