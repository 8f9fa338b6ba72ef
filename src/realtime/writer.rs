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
use super::store::{Log, WriteResult, WriteCommand};
use crate::error::outage::{explains, warn_unless_outage};
use crate::error::{Error, Result};

/// The most messages of one transaction.
const BATCH: usize = 256;
/// Whether more has come is looked at so often.
const GLANCE: Duration = Duration::from_micros(50);
/// A transaction that failed for no fault of its messages is tried again so often,
const ATTEMPTS: usize = 3;
/// but only within this time: whoever waits behind it shall be answered too.
const AGAIN_WITHIN: Duration = Duration::from_millis(500);
/// A sender who waits longer is told `unavailable`.
const PATIENCE: Duration = Duration::from_secs(2);
/// A transaction that takes longer hangs.
const HANGING: Duration = Duration::from_secs(3);
/// So many threads may hang at once, from one outage after another; then the last one is waited for.
const HANGING_MAX: usize = 64;

enum Job {
    Store(WriteCommand, oneshot::Sender<WriteResult>),
    /// Everything before it is done.
    Finish(oneshot::Sender<()>),
}

/// The way into the log. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    shift: Arc<dyn Failover>,
}

impl Writer {
    /// Starts the thread. At most `queue_size` messages wait for it.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(log: impl Log + 'static, hub: Arc<Hub>, queue_size: usize) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(queue_size);
        let room = Arc::new(Shared {
            jobs: Mutex::new(jobs),
            log,
            hub,
            state: Mutex::default(),
            is_failing: AtomicBool::default(),
        });
        room.clone().start_thread(0)?;
        Ok(Self { queue, shift: room })
    }

    /// Writes; answers after the commit. One person's writes are done in the order of these calls (not of the
    /// awaits): this one is in the queue when the call returns.
    pub fn write(&self, write: WriteCommand) -> impl Future<Output = WriteResult> + use<> {
        let (reply, verdict) = oneshot::channel();
        self.shift.clone().relieve();
        let queued = self.queue.try_send(Job::Store(write, reply)).is_ok();
        async move {
            if !queued {
                return Err(ErrorCode::Unavailable);
            }
            match timeout(PATIENCE, verdict).await {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(_)) | Err(_) => Err(ErrorCode::Unavailable),
            }
        }
    }

    /// How many writes wait for the thread.
    pub fn waiting(&self) -> usize {
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
    since: Option<Instant>,
    hanging: usize,
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
    fn relieve(self: Arc<Self>);
}

impl<L: Log + 'static> Failover for Shared<L> {
    fn relieve(self: Arc<Self>) {
        let mut state = self.state();
        let hangs = state.since.is_some_and(|since| since.elapsed() > HANGING);
        if !hangs || state.hanging == HANGING_MAX {
            return;
        }
        state.thread += 1;
        state.since = None;
        state.hanging += 1;
        let thread = state.thread;
        drop(state);
        tracing::warn!("storing messages hangs: another thread goes on");
        self.hub.figures.relieved.inc();
        if let Err(error) = self.clone().start_thread(thread) {
            tracing::error!(%error, "no thread can be started to store messages");
            // The next message tries again.
            self.state().since = Some(Instant::now());
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
            .spawn(move || self.work(number))?;
        Ok(())
    }

    fn work(&self, number: u64) {
        let mut waiting = Vec::with_capacity(BATCH);
        let mut expected = 0;
        while self.receive(&mut waiting) {
            let mut writes = Vec::with_capacity(waiting.len());
            let mut replies = Vec::with_capacity(waiting.len());
            let mut finished = Vec::new();
            for job in waiting.drain(..) {
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
            self.state().since = Some(begun);
            let asked = writes.len();
            if !writes.is_empty() {
                let verdicts = self.append(&writes);
                // A retry's message is published too: the hub drops what it delivered before, and delivers what the
                // first attempt could not because the commit's outcome was unknown.
                self.hub
                    .publish(verdicts.iter().flatten().map(|stored| &stored.message));
                expected = asked + self.queued();
                for (reply, verdict) in replies.into_iter().zip(verdicts) {
                    let _ = reply.send(verdict);
                }
            }
            for done in finished {
                let _ = done.send(());
            }
            if !self.goes_on(number) {
                return;
            }
            self.hub.rest(self.queued() >= BATCH);
            self.gather(expected, begun.elapsed() / 2);
        }
    }

    /// Waits until as many writes are there as people are talking, or not for long. Whoever has just been answered often
    /// has the next message on its way, and it can go with those of the others: one commit for all, one write to each
    /// socket.
    fn gather(&self, expected: usize, patience: Duration) {
        let deadline = Instant::now() + patience;
        // For one alone, receiving is waiting enough.
        while expected > 1 && self.queued() < expected.min(BATCH) && Instant::now() < deadline {
            thread::sleep(GLANCE);
        }
    }

    /// How many wait; 0 for a thread that was relieved, while the other one waits.
    fn queued(&self) -> usize {
        self.jobs.try_lock().map_or(0, |jobs| jobs.len())
    }

    /// Takes what waits; false when nobody can write any more.
    fn receive(&self, waiting: &mut Vec<Job>) -> bool {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.blocking_recv_many(waiting, BATCH) > 0
    }

    /// Whether this thread still writes, or hung and was relieved.
    fn goes_on(&self, number: u64) -> bool {
        let mut state = self.state();
        if state.thread == number {
            state.since = None;
            return true;
        }
        state.hanging -= 1;
        false
    }

    fn append(&self, writes: &[WriteCommand]) -> Vec<WriteResult> {
        let start = Instant::now();
        for attempt in 1..=ATTEMPTS {
            let begun = Instant::now();
            match self.append_once(writes) {
                Ok(verdicts) => {
                    self.hub.figures.committed(writes.len(), begun.elapsed());
                    self.is_failing.store(false, Ordering::Relaxed);
                    return verdicts;
                }
                Err(error @ (Error::Unavailable(_) | Error::SerializationFailure(_)))
                    if attempt < ATTEMPTS && start.elapsed() < AGAIN_WITHIN =>
                {
                    warn_unless_outage!(error, attempt, "a batch of messages is tried again");
                    self.hub.figures.retries.inc();
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
