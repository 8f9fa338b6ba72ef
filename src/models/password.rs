//! Passwords, and how many are hashed at once.

use std::fmt;
use std::sync::{Arc, LazyLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};

/// The fewest characters of a password.
pub const MIN_CHARS: usize = 8;
/// The most characters of a password.
pub const MAX_CHARS: usize = 128;

/// What an unknown number's password is compared with, so that it takes as long as a wrong one.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody's password").unwrap_or_default());

/// 8–128 characters (Unicode scalar values). `Debug` hides it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes a new password as typed, white space included.
    ///
    /// # Errors
    /// `Invalid` for the field `password`: too short or too long.
    pub fn parse(typed: &str) -> Result<Self> {
        let length = typed.chars().take(MAX_CHARS + 1).count();
        if length < MIN_CHARS {
            return Err(Error::field("password", "error-password-short"));
        }
        if length > MAX_CHARS {
            return Err(Error::field("password", "error-password-long"));
        }
        Ok(Self(typed.to_owned()))
    }

    /// Its hash, as a PHC string. Takes its time: requests go through the [`Hasher`].
    ///
    /// # Errors
    /// `Internal` when it cannot be hashed.
    pub fn hash(&self) -> Result<String> {
        hash(&self.0)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([secret])")
    }
}

/// Hashes passwords with argon2id (RFC 9106; m = 19 MiB, t = 2, p = 1), a few at a time.
///
/// More at once would only take memory and hold up the rest: they wait, and past the queue they are refused.
#[derive(Debug, Clone)]
pub struct Hasher {
    permits: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Hasher {
    /// So many at the same time, so many waiting.
    pub fn new(permits: usize, queue: usize) -> Self {
        LazyLock::force(&NOBODY);
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            queue: Arc::new(Semaphore::new(permits + queue)),
        }
    }

    /// The password's hash, as a PHC string.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn hash(&self, password: Password) -> Result<String> {
        self.run(move || password.hash()).await?
    }

    /// Whether `typed` is the password of `stored`; takes as long when there is none.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn verify(&self, typed: String, stored: Option<String>) -> Result<bool> {
        self.run(move || {
            let known = stored.is_some();
            let stored = stored.as_deref().unwrap_or(&NOBODY);
            let matches = PasswordHash::new(stored).is_ok_and(|stored| {
                Argon2::default()
                    .verify_password(typed.as_bytes(), &stored)
                    .is_ok()
            });
            matches && known
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

fn hash(password: &str) -> Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}
