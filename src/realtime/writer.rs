//! One thread stores all messages. While a transaction commits, new messages gather; then all of them go into the next
//! one, so that many messages share the cost of one durable commit.
//!
//! A database that never answers would hold that thread for ever. So when a transaction takes far longer than anybody
//! waits for it, another thread goes on with what came since. The first one may still finish: its messages are
//! delivered then, and their senders' retries find them stored.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::frames::ErrorCode;
use super::hub::Hub;
use super::store::{Log, WriteCommand, WriteResult};
use crate::error::outage::{explains, warn_unless_outage};
use crate::error::{Error, Result};

/// The most messages of one transaction.
const BATCH: usize = 256;
/// Whether more has come is looked at so often.
const POLL_INTERVAL: Duration = Duration::from_micros(50);
/// A transaction that failed for no fault of its messages is tried again so often,
const MAX_ATTEMPTS: usize = 3;
/// but only within this time: whoever waits behind it shall be answered too.
const RETRY_WINDOW: Duration = Duration::from_millis(500);
/// A sender who waits longer is told `unavailable`.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// A transaction that takes longer hangs.
const HANG_TIMEOUT: Duration = Duration::from_secs(3);
/// So many threads may hang at once, from one outage after another; then the last one is waited for.
const MAX_HUNG_THREADS: usize = 64;

enum Job {
    Store(WriteCommand, oneshot::Sender<WriteResult>),
    /// Everything before it is done.
    Finish(oneshot::Sender<()>),
}

/// The way into the log. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    failover: Arc<dyn Failover>,
}

impl Writer {
    /// Starts the thread. At most `queue_size` messages wait for it.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(log: impl Log + 'static, hub: Arc<Hub>, queue_size: usize) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(queue_size);
        let shared = Arc::new(Shared {
            jobs: Mutex::new(jobs),
            log,
            hub,
            state: Mutex::default(),
            is_failing: AtomicBool::default(),
        });
        shared.clone().start_thread(0)?;
        Ok(Self {
            queue,
            failover: shared,
        })
    }

    /// Writes; answers after the commit. One person's writes are done in the order of these calls (not of the
    /// awaits): this one is in the queue when the call returns.
    pub fn write(&self, write: WriteCommand) -> impl Future<Output = WriteResult> + use<> {
        let (reply, result) = oneshot::channel();
        self.failover.clone().replace_hung_thread();
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

    /// How many writes wait for the thread.
    pub fn queue_length(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Waits until everything that was written before is stored.
    pub async fn finish(&self) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(Job::Finish(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

/// Which thread writes, and since when its transaction is under way.
#[derive(Default)]
struct State {
    thread: u64,
    busy_since: Option<Instant>,
    hung_threads: usize,
}

/// What the threads share of which one after another writes.
struct Shared<L> {
    jobs: Mutex<mpsc::Receiver<Job>>,
    log: L,
    hub: Arc<Hub>,
    state: Mutex<State>,
    /// The last batch was not stored.
    is_failing: AtomicBool,
}

/// Whoever can take over from a thread that hangs.
trait Failover: Send + Sync {
    /// Starts another thread when the present one hangs.
    fn replace_hung_thread(self: Arc<Self>);
}

impl<L: Log + 'static> Failover for Shared<L> {
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
        tracing::warn!("storing messages hangs: another thread goes on");
        self.hub.metrics.writer_threads_replaced.inc();
        if let Err(error) = self.clone().start_thread(thread) {
            tracing::error!(%error, "no thread can be started to store messages");
            // The next message tries again.
            self.state().busy_since = Some(Instant::now());
        }
    }
}

impl<L: Log + 'static> Shared<L> {
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
                    // Nobody waits for this one any more: its sender was told to try again.
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
                // A retry's message is published too: the hub drops what it delivered before, and delivers what the
                // first attempt could not because the commit's outcome was unknown.
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

    /// Waits until as many writes are there as people are talking, or not for long. Whoever has just been answered often
    /// has the next message on its way, and it can go with those of the others: one commit for all, one write to each
    /// socket.
    fn wait_for_batch(&self, expected: usize, patience: Duration) {
        let deadline = Instant::now() + patience;
        // For one alone, receiving is waiting enough.
        while expected > 1 && self.pending_jobs() < expected.min(BATCH) && Instant::now() < deadline
        {
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// How many wait; 0 for a thread that was relieved, while the other one waits.
    fn pending_jobs(&self) -> usize {
        self.jobs.try_lock().map_or(0, |jobs| jobs.len())
    }

    /// Takes what waits; false when nobody can write any more.
    fn receive(&self, batch: &mut Vec<Job>) -> bool {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.blocking_recv_many(batch, BATCH) > 0
    }

    /// Whether this thread still writes, or hung and was relieved.
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
                    warn_unless_outage!(error, attempt, "a batch of messages is tried again");
                    self.hub.metrics.commit_retries.inc();
                }
                Err(error) => {
                    let writes = writes.len();
                    // Once for as long as an outage lasts.
                    match explains(&error) && self.is_failing.swap(true, Ordering::Relaxed) {
                        true => {
                            tracing::debug!(%error, writes, "a batch of messages was not stored")
                        }
                        false => {
                            tracing::error!(%error, writes, "a batch of messages was not stored")
                        }
                    }
                    break;
                }
            }
        }
        vec![Err(ErrorCode::Unavailable); writes.len()]
    }

    /// A panic must not end the only thread that stores messages.
    fn append_once(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>> {
        catch_unwind(AssertUnwindSafe(|| self.log.append(writes)))
            .unwrap_or_else(|_| Err(Error::internal("the writer panicked")))
    }
}

/// The outcome of a post for those who need an error.
impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::BadFrame => Self::BadRequest("error-bad-request".into()),
            ErrorCode::NotFound => Self::NotFound,
            ErrorCode::Empty => Self::field("content", "error-content-empty"),
            ErrorCode::TooLong => Self::field("content", "error-content-too-long"),
            ErrorCode::Invalid => Self::field("content", "error-content-invalid"),
            ErrorCode::RateLimited => Self::RateLimited { seconds: 1 },
            ErrorCode::Conflict => Self::Conflict,
            ErrorCode::Forbidden => Self::Forbidden,
            ErrorCode::Unreachable => Self::Unreachable,
            ErrorCode::Oneself => Self::ForbiddenBecause("error-direct-oneself".into()),
            ErrorCode::Blocked => Self::Blocked,
            ErrorCode::Unavailable => Self::Unavailable("the message was not stored".into()),
        }
    }
}
