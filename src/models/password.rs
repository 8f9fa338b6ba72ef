//! Passwords, and how many are hashed at once.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::Builder;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::oneshot;

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

/// What a thread is to do.
type Work = Box<dyn FnOnce() + Send>;

/// Hashes passwords with argon2id (RFC 9106; m = 19 MiB, t = 2, p = 1), a few at a time.
///
/// More at once would only take memory and hold up the rest: they wait, and past the queue they are refused. The
/// threads are its own, because each thread that ever hashed keeps those 19 MiB.
#[derive(Debug, Clone)]
pub struct Hasher {
    queue: SyncSender<Work>,
    threads: usize,
    /// How many passwords are being hashed or wait.
    inside: Arc<AtomicUsize>,
    /// Sign-ins that found too many waiting.
    pub refused: Counter,
}

impl Hasher {
    /// So many at the same time, so many waiting.
    ///
    /// # Errors
    /// `Internal` when the threads cannot be started.
    pub fn new(threads: usize, waiting: usize) -> Result<Self> {
        LazyLock::force(&NOBODY);
        let (queue, work) = sync_channel(waiting);
        let work = Arc::new(Mutex::new(work));
        for _ in 0..threads {
            let work = work.clone();
            let thread = Builder::new().name("passwords".into());
            thread
                .spawn(move || hash_for_ever(&work))
                .map_err(Error::internal)?;
        }
        Ok(Self {
            queue,
            threads,
            inside: Arc::default(),
            refused: Counter::default(),
        })
    }

    /// How many passwords are being hashed now, and how many wait.
    pub fn load(&self) -> (usize, usize) {
        let inside = self.inside.load(Ordering::Relaxed);
        let running = inside.min(self.threads);
        (running, inside - running)
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
        let (tell, told) = oneshot::channel();
        let inside = self.inside.clone();
        let work: Work = Box::new(move || {
            // Nobody waits any more when the client went away meanwhile.
            if !tell.is_closed() {
                let _ = tell.send(work());
            }
            inside.fetch_sub(1, Ordering::Relaxed);
        });
        self.inside.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(work).is_err() {
            self.inside.fetch_sub(1, Ordering::Relaxed);
            self.refused.inc();
            return Err(Error::Unavailable("too many sign-ins at once".into()));
        }
        told.await.map_err(Error::internal)
    }
}

fn hash_for_ever(work: &Mutex<Receiver<Work>>) {
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(work) => work(),
            Err(_) => return,
        }
    }
}

fn hash(password: &str) -> Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}
