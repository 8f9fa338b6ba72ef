//! Hashes and verifies passwords on a few dedicated threads.

pub mod queue;

use std::sync::Arc;
use std::thread::Builder;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::oneshot;

use self::queue::{HashQueue, Job, Requester};
use crate::error::{Error, Result};
use crate::models::values::password::{Password, forms, hash};

/// `nice` increment of the hashing threads.
const NICENESS: i32 = 10;

/// argon2id parameters.
#[derive(Debug, Clone, Copy)]
pub struct HashCost {
    /// Memory per hash in KiB.
    pub memory_kib: u32,
    /// Number of passes over the memory.
    pub passes: u32,
}

/// The result of verifying a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The password is wrong.
    Invalid,
    /// The password is correct.
    Valid,
    /// The password is correct, but its hash is cheaper than the current cost, or was made from the password before
    /// normalization. Contains the new hash to store.
    ValidNeedsRehash(String),
}

/// Hashes passwords with argon2id (RFC 9106, p = 1) on its own threads, which keep the memory of a hash. Further jobs wait
/// in a bounded queue, or are rejected when it is full. Cheap to clone.
#[derive(Clone)]
pub struct PasswordHasher {
    argon2: Argon2<'static>,
    /// Verified when there is no stored hash, so that response times do not reveal whether an account exists.
    dummy_hash: Arc<str>,
    threads: usize,
    queue: Arc<OpenQueue>,
    /// Number of jobs rejected because the queue was full.
    pub rejected: Counter,
}

impl PasswordHasher {
    /// Starts the threads. At most `queued` jobs wait, and `per_address` of one address and priority.
    ///
    /// # Errors
    /// `Unavailable` when the cost is invalid; `Internal` when a thread cannot be started.
    pub fn new(cost: HashCost, threads: usize, queued: usize, per_address: usize) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| {
            Error::Unavailable(format!("invalid password hashing cost: {error}"))
        })?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let queue = Arc::new(HashQueue::new(queued, per_address));
        for _ in 0..threads {
            let queue = queue.clone();
            let thread = Builder::new().name("passwords".into());
            thread
                .spawn(move || run_jobs(&queue))
                .map_err(Error::internal)?;
        }
        Ok(Self {
            dummy_hash: hash(&argon2, "dummy password")?.into(),
            argon2,
            threads,
            queue: Arc::new(OpenQueue(queue)),
            rejected: Counter::default(),
        })
    }

    /// Returns the number of running and of queued jobs.
    pub fn load(&self) -> (usize, usize) {
        let (idle, queued) = self.queue.0.load();
        (self.threads - idle, queued)
    }

    /// Returns the password's hash as a PHC string.
    ///
    /// # Errors
    /// `Unavailable` when the queue is full.
    pub async fn hash(&self, requester: Requester, password: Password) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.run(requester, move || password.hash_with(&argon2))
            .await?
    }

    /// Verifies a password against a stored hash. Takes as long when there is none.
    ///
    /// # Errors
    /// `Unavailable` when the queue is full.
    pub async fn verify(
        &self,
        requester: Requester,
        typed: String,
        stored: Option<String>,
    ) -> Result<PasswordCheck> {
        let (argon2, dummy_hash) = (self.argon2.clone(), self.dummy_hash.clone());
        self.run(requester, move || {
            let expected = stored.as_deref().unwrap_or(&dummy_hash);
            let Ok(expected) = PasswordHash::new(expected) else {
                return PasswordCheck::Invalid;
            };
            let forms = forms(&typed);
            let matching = (forms.iter())
                .position(|form| argon2.verify_password(form.as_bytes(), &expected).is_ok());
            let Some(form) = matching.filter(|_| stored.is_some()) else {
                return PasswordCheck::Invalid;
            };
            let is_outdated = form > 0 || is_cheaper(&expected, argon2.params());
            match is_outdated.then(|| hash(&argon2, &forms[0])) {
                Some(Ok(hash)) => PasswordCheck::ValidNeedsRehash(hash),
                _ => PasswordCheck::Valid,
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        requester: Requester,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(Task { work, sender });
        let is_queued = self.queue.0.push(requester, job);
        // A job that is later dropped from a full queue drops its sender.
        let result = if is_queued { receiver.await.ok() } else { None };
        result.ok_or_else(|| {
            self.rejected.inc();
            Error::Unavailable("password hashing queue full".into())
        })
    }
}

/// Ends the threads when the last clone of a [`PasswordHasher`] is dropped.
struct OpenQueue(Arc<HashQueue>);

impl Drop for OpenQueue {
    fn drop(&mut self) {
        self.0.close();
    }
}

struct Task<T, F> {
    work: F,
    sender: oneshot::Sender<T>,
}

impl<T: Send, F: FnOnce() -> T + Send> Job for Task<T, F> {
    fn run(self: Box<Self>) {
        // The request may have been cancelled.
        if !self.sender.is_closed() {
            let _ = self.sender.send((self.work)());
        }
    }

    fn is_abandoned(&self) -> bool {
        self.sender.is_closed()
    }
}

fn run_jobs(queue: &HashQueue) {
    // Message delivery has priority over sign-ins. On Linux, `nice` applies to the calling thread only.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "cannot lower the priority of a password hashing thread");
    }
    while let Some(job) = queue.pop() {
        job.run();
    }
}

/// Returns whether a hash was made with less memory or fewer passes than `current`.
fn is_cheaper(hash: &PasswordHash, current: &Params) -> bool {
    Params::try_from(hash).is_ok_and(|params| {
        params.m_cost() < current.m_cost() || params.t_cost() < current.t_cost()
    })
}
