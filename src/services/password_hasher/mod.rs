//! How passwords are hashed and compared, and how many at once.

pub mod queue;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::oneshot;

use self::queue::{HashQueue, Job, Requester};
use crate::error::{Error, Result};
use crate::models::values::password::{Password, forms, hash};

/// So much less urgent is hashing than the rest, as `nice` counts.
const NICENESS: i32 = 10;

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
    shared: Arc<Shared>,
    /// Sign-ins that found too many waiting.
    pub refused: Counter,
}

impl Hasher {
    /// So many at the same time, so many waiting, so many of those from one address.
    ///
    /// # Errors
    /// `Unavailable` when hashes cannot cost that; `Internal` when the threads cannot be started.
    pub fn new(cost: Cost, threads: usize, waiting: usize, per_address: usize) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| {
            Error::Unavailable(format!("passwords cannot be hashed like that: {error}"))
        })?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let jobs = Arc::new(Jobs {
            queue: HashQueue::new(waiting, per_address),
            running: AtomicUsize::new(0),
        });
        for _ in 0..threads {
            let jobs = jobs.clone();
            let thread = Builder::new().name("passwords".into());
            thread
                .spawn(move || hash_for_ever(&jobs))
                .map_err(Error::internal)?;
        }
        Ok(Self {
            nobody: hash(&argon2, "nobody's password")?.into(),
            argon2,
            shared: Arc::new(Shared(jobs)),
            refused: Counter::default(),
        })
    }

    /// How many passwords are being hashed now, and how many wait.
    pub fn load(&self) -> (usize, usize) {
        let jobs = &self.shared.0;
        (jobs.running.load(Ordering::Relaxed), jobs.queue.len())
    }

    /// The password's hash, as a PHC string.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn hash(&self, requester: Requester, password: Password) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.run(requester, move || password.hash_with(&argon2))
            .await?
    }

    /// Whether `typed` is the password of `stored`; takes as long when there is none.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn verify(
        &self,
        requester: Requester,
        typed: String,
        stored: Option<String>,
    ) -> Result<Verdict> {
        let (argon2, nobody) = (self.argon2.clone(), self.nobody.clone());
        self.run(requester, move || {
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

    async fn run<T: Send + 'static>(
        &self,
        requester: Requester,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = oneshot::channel();
        let is_taken = self
            .shared
            .0
            .queue
            .push(requester, Box::new(Task { work, tell }));
        // A job that is dropped from a full queue drops its sender.
        let told = if is_taken { told.await.ok() } else { None };
        told.ok_or_else(|| {
            self.refused.inc();
            Error::Unavailable("too many sign-ins at once".into())
        })
    }
}

/// The hashing threads' side of a [`Hasher`].
struct Jobs {
    queue: HashQueue,
    /// How many passwords are being hashed now.
    running: AtomicUsize,
}

/// Ends the threads with the last clone of a [`Hasher`].
struct Shared(Arc<Jobs>);

impl Drop for Shared {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

struct Task<T, F> {
    work: F,
    tell: oneshot::Sender<T>,
}

impl<T: Send, F: FnOnce() -> T + Send> Job for Task<T, F> {
    fn run(self: Box<Self>) {
        // The client may have gone away meanwhile.
        if !self.tell.is_closed() {
            let _ = self.tell.send((self.work)());
        }
    }

    fn is_abandoned(&self) -> bool {
        self.tell.is_closed()
    }
}

fn hash_for_ever(jobs: &Jobs) {
    // Whoever signs in waits behind those who talk: on Linux this is about the thread that says it.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "passwords are hashed as urgently as all else is done");
    }
    while let Some(job) = jobs.queue.pop() {
        jobs.running.fetch_add(1, Ordering::Relaxed);
        job.run();
        jobs.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a hash cost less than hashes do now.
fn is_cheaper(hash: &PasswordHash, now: &Params) -> bool {
    Params::try_from(hash)
        .is_ok_and(|then| then.m_cost() < now.m_cost() || then.t_cost() < now.t_cost())
}
