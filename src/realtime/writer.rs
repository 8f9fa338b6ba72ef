//! A single thread stores all messages. While a transaction commits, new messages are queued, and the next transaction
//! stores them together, so that they share the cost of one durable commit.
//!
//! A database that never responds would block that thread forever. When a transaction exceeds `HANG_TIMEOUT`, a new
//! thread takes over the queue. If the hung transaction still commits, its messages are delivered then, and retries by
//! their senders find them stored.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::hub::Hub;
use crate::error::outage::{is_caused_by_outage, warn_unless_outage};
use crate::error::{Error, Result};
use crate::protocol::ErrorCode;
use crate::protocol::commands::{WriteCommand, WriteResult};
use crate::realtime::store::MessageLog;

/// Maximum number of messages in one transaction.
const BATCH: usize = 256;
/// Interval at which the queue length is checked while a batch forms.
const POLL_INTERVAL: Duration = Duration::from_micros(50);
/// Attempts for a transaction that failed temporarily …
const MAX_ATTEMPTS: usize = 3;
/// … within this time, so that queued messages do not time out as well.
const RETRY_WINDOW: Duration = Duration::from_millis(500);
/// Time after which a sender receives `unavailable`.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Time after which a transaction counts as hung.
const HANG_TIMEOUT: Duration = Duration::from_secs(3);
/// Maximum number of hung threads; after that the last one is waited for.
const MAX_HUNG_THREADS: usize = 64;

enum Job {
    Store(WriteCommand, oneshot::Sender<WriteResult>),
    /// Signals that all earlier jobs are done.
    Finish(oneshot::Sender<()>),
}

/// Submits writes to the writer thread. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the writer thread with a queue of at most `queue_size` writes.
    ///
    /// # Errors
    /// When the thread cannot be spawned.
    pub fn start(
        log: impl MessageLog + 'static,
        hub: Arc<Hub>,
        queue_size: usize,
    ) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(queue_size);
        let shared = Arc::new(Shared {
            jobs: Mutex::new(jobs),
            log: Box::new(log),
            hub,
            state: Mutex::default(),
            is_failing: AtomicBool::default(),
        });
        shared.clone().start_thread(0)?;
        Ok(Self { queue, shared })
    }

    /// Submits a write; the future resolves after the commit. The write is queued when this call returns (not at the
    /// first poll), so a user's writes are stored in the order of the calls.
    pub fn write(&self, write: WriteCommand) -> impl Future<Output = WriteResult> + use<> {
        let (reply, result) = oneshot::channel();
        self.shared.clone().replace_hung_thread();
        let queued = self.queue.try_send(Job::Store(write, reply)).is_ok();
        async move {
            if !queued {
                return Err(ErrorCode::Unavailable);
            }
            match timeout(RESPONSE_TIMEOUT, result).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) | Err(_) => Err(ErrorCode::Unavailable),
            }
        }
    }

    /// Returns the number of queued writes.
    pub fn queue_length(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Waits until all earlier writes are stored.
    pub async fn finish(&self) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(Job::Finish(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

/// The current thread, and since when its transaction has been running.
#[derive(Default)]
struct State {
    thread: u64,
    busy_since: Option<Instant>,
    hung_threads: usize,
}

/// State shared by the writer threads, of which one is current.
struct Shared {
    jobs: Mutex<mpsc::Receiver<Job>>,
    log: Box<dyn MessageLog>,
    hub: Arc<Hub>,
    state: Mutex<State>,
    /// Whether the last batch failed.
    is_failing: AtomicBool,
}

impl Shared {
    /// Starts a new thread if the current one hangs.
    fn replace_hung_thread(self: Arc<Self>) {
        let mut state = self.state();
        let hangs = state
            .busy_since
            .is_some_and(|since| since.elapsed() > HANG_TIMEOUT);
        if !hangs || state.hung_threads == MAX_HUNG_THREADS {
            return;
        }
        state.thread += 1;
        state.busy_since = None;
        state.hung_threads += 1;
        let thread = state.thread;
        drop(state);
        tracing::warn!("writer transaction hangs; continuing on a new thread");
        self.hub.metrics.writer_threads_replaced.inc();
        if let Err(error) = self.clone().start_thread(thread) {
            tracing::error!(%error, "cannot start a new writer thread");
            // The next write tries again.
            self.state().busy_since = Some(Instant::now());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_thread(self: Arc<Self>, number: u64) -> io::Result<()> {
        thread::Builder::new()
            .name("writer".into())
            .spawn(move || self.run(number))?;
        Ok(())
    }

    fn run(&self, number: u64) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut expected = 0;
        while self.receive(&mut batch) {
            let mut writes = Vec::with_capacity(batch.len());
            let mut replies = Vec::with_capacity(batch.len());
            let mut finished = Vec::new();
            for job in batch.drain(..) {
                match job {
                    // The sender has given up and was told to retry.
                    Job::Store(_, reply) if reply.is_closed() => {}
                    Job::Store(write, reply) => {
                        writes.push(write);
                        replies.push(reply);
                    }
                    Job::Finish(done) => finished.push(done),
                }
            }
            let begun = Instant::now();
            self.state().busy_since = Some(begun);
            let count = writes.len();
            if !writes.is_empty() {
                let results = self.append(&writes);
                // Messages of retries are published too. The hub drops versions that it has delivered, and delivers
                // messages whose first commit had an unknown outcome.
                self.hub
                    .publish(results.iter().flatten().map(|stored| &stored.message));
                expected = count + self.pending_jobs();
                for (reply, result) in replies.into_iter().zip(results) {
                    let _ = reply.send(result);
                }
            }
            for done in finished {
                let _ = done.send(());
            }
            if !self.is_current(number) {
                return;
            }
            self.hub.wait_for_backlog(self.pending_jobs() >= BATCH);
            self.wait_for_batch(expected, begun.elapsed() / 2);
        }
    }

    /// Waits until `expected` writes are queued, or at most `patience`. Senders that have just been acknowledged often
    /// send their next message right away; storing these together saves commits and socket writes.
    fn wait_for_batch(&self, expected: usize, patience: Duration) {
        let deadline = Instant::now() + patience;
        // With a single sender, `receive` waits long enough.
        while expected > 1 && self.pending_jobs() < expected.min(BATCH) && Instant::now() < deadline
        {
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Returns the number of queued jobs; 0 for a replaced thread, because the current one holds the lock while it
    /// waits.
    fn pending_jobs(&self) -> usize {
        self.jobs.try_lock().map_or(0, |jobs| jobs.len())
    }

    /// Waits for jobs; returns false when all [`Writer`]s are gone.
    fn receive(&self, batch: &mut Vec<Job>) -> bool {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.blocking_recv_many(batch, BATCH) > 0
    }

    /// Returns whether this is still the current thread, or was replaced while it hung.
    fn is_current(&self, number: u64) -> bool {
        let mut state = self.state();
        if state.thread == number {
            state.busy_since = None;
            return true;
        }
        state.hung_threads -= 1;
        false
    }

    fn append(&self, writes: &[WriteCommand]) -> Vec<WriteResult> {
        let start = Instant::now();
        for attempt in 1..=MAX_ATTEMPTS {
            let begun = Instant::now();
            match self.append_once(writes) {
                Ok(results) => {
                    self.hub.metrics.committed(writes.len(), begun.elapsed());
                    self.is_failing.store(false, Ordering::Relaxed);
                    return results;
                }
                Err(error @ (Error::Unavailable(_) | Error::SerializationFailure(_)))
                    if attempt < MAX_ATTEMPTS && start.elapsed() < RETRY_WINDOW =>
                {
                    warn_unless_outage!(
                        error,
                        attempt,
                        "cannot store a batch of messages; retrying"
                    );
                    self.hub.metrics.commit_retries.inc();
                }
                Err(error) => {
                    let writes = writes.len();
                    // Logged as an error once per outage.
                    match is_caused_by_outage(&error)
                        && self.is_failing.swap(true, Ordering::Relaxed)
                    {
                        true => {
                            tracing::debug!(%error, writes, "batch of messages was not stored")
                        }
                        false => {
                            tracing::error!(%error, writes, "batch of messages was not stored")
                        }
                    }
                    break;
                }
            }
        }
        vec![Err(ErrorCode::Unavailable); writes.len()]
    }

    /// A panic must not end the writer thread.
    fn append_once(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>> {
        catch_unwind(AssertUnwindSafe(|| self.log.append(writes)))
            .unwrap_or_else(|_| Err(Error::internal("the writer panicked")))
    }
}
