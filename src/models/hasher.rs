//! How passwords are hashed and compared, and how many at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::oneshot;

use super::password::{Password, forms, hash};
use crate::error::{Error, Result};

/// So much less urgent is hashing than the rest, as `nice` counts.
const NICENESS: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

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
    /// It is the one, and its hash is cheaper than hashes are today, or of the form before normalization: here is a new
    /// one.
    RightButCheap(String),
}

/// Hashes passwords with argon2id (RFC 9106, p = 1), a few at a time.
///
/// More at once would only take memory and hold up the rest: they wait, and past the queue they are refused. The
/// threads are its own, because each thread that ever hashed keeps the memory that a hash takes.
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    /// What an unknown number's password is compared with, so that it takes as long as a wrong one.
    nobody: Arc<str>,
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
    /// `Unavailable` when hashes cannot cost that; `Internal` when the threads cannot be started.
    pub fn new(cost: Cost, threads: usize, waiting: usize) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| {
            Error::Unavailable(format!("passwords cannot be hashed like that: {error}"))
        })?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
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
            nobody: hash(&argon2, "nobody's password")?.into(),
            argon2,
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
        let argon2 = self.argon2.clone();
        self.run(move || password.hash_with(&argon2)).await?
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
            let forms = forms(&typed);
            let matching = (forms.iter())
                .position(|form| argon2.verify_password(form.as_bytes(), &known).is_ok());
            let Some(form) = matching.filter(|_| stored.is_some()) else {
                return Verdict::Wrong;
            };
            let is_outdated = form > 0 || is_cheaper(&known, argon2.params());
            match is_outdated.then(|| hash(&argon2, &forms[0])) {
                Some(Ok(hash)) => Verdict::RightButCheap(hash),
                _ => Verdict::Right,
            }
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
    // Whoever signs in waits behind those who talk: on Linux this is about the thread that says it.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "passwords are hashed as urgently as all else is done");
    }
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(work) => work(),
            Err(_) => return,
        }
    }
}

/// Whether a hash cost less than hashes do now.
fn is_cheaper(hash: &PasswordHash, now: &Params) -> bool {
    Params::try_from(hash)
        .is_ok_and(|then| then.m_cost() < now.m_cost() || then.t_cost() < now.t_cost())
}
