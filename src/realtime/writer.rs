//! One thread stores all messages. While a transaction commits, new messages gather; then all of them go into the next
//! one, so that many messages share the cost of one durable commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::frames::Code;
use super::hub::Hub;
use super::store::{Log, Verdict, Write};
use crate::error::Error;

/// The most messages of one transaction.
const BATCH: usize = 256;
/// A transaction that failed for no fault of its messages is tried again so often.
const ATTEMPTS: usize = 3;
/// A sender who waits longer is told `unavailable`.
const PATIENCE: Duration = Duration::from_secs(2);

enum Job {
    Store(Write, oneshot::Sender<Verdict>),
    /// Everything before it is done.
    Finish(oneshot::Sender<()>),
}

/// The way into the log. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread. At most `queue_size` messages wait for it.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        log: impl Log + 'static,
        hub: Arc<Hub>,
        queue_size: usize,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(queue_size);
        thread::Builder::new()
            .name("writer".into())
            .spawn(move || work(jobs, log, &hub))?;
        Ok(Self { queue })
    }

    /// Writes; answers after the commit. One person's writes are done in the order of these calls (not of the
    /// awaits): this one is in the queue when the call returns.
    pub fn write(&self, write: Write) -> impl Future<Output = Verdict> + use<> {
        let (reply, verdict) = oneshot::channel();
        let queued = self.queue.try_send(Job::Store(write, reply)).is_ok();
        async move {
            if !queued {
                return Err(Code::Unavailable);
            }
            match timeout(PATIENCE, verdict).await {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(_)) | Err(_) => Err(Code::Unavailable),
            }
        }
    }

    /// Waits until everything that was written before is stored.
    pub async fn finish(&self) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(Job::Finish(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

fn work(mut jobs: mpsc::Receiver<Job>, mut log: impl Log, hub: &Hub) {
    let mut waiting = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut waiting, BATCH) > 0 {
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
        if !writes.is_empty() {
            let verdicts = append(&mut log, &writes);
            // A retry's message is published too: the hub drops what it delivered before, and delivers what the first
            // attempt could not because the commit's outcome was unknown.
            hub.publish(verdicts.iter().flatten().map(|stored| &stored.message));
            for (reply, verdict) in replies.into_iter().zip(verdicts) {
                let _ = reply.send(verdict);
            }
        }
        for done in finished {
            let _ = done.send(());
        }
    }
}

fn append(log: &mut impl Log, writes: &[Write]) -> Vec<Verdict> {
    for attempt in 1..=ATTEMPTS {
        // A panic must not end the only thread that stores messages.
        let result = catch_unwind(AssertUnwindSafe(|| log.append(writes)))
            .unwrap_or_else(|_| Err(Error::internal("the writer panicked")));
        match result {
            Ok(verdicts) => return verdicts,
            Err(error @ Error::Unavailable(_)) if attempt < ATTEMPTS => {
                tracing::warn!(%error, attempt, "a batch of messages is tried again");
            }
            Err(error) => {
                tracing::error!(%error, writes = writes.len(), "a batch of messages was not stored");
                break;
            }
        }
    }
    vec![Err(Code::Unavailable); writes.len()]
}

/// The outcome of a post for those who need an error.
impl From<Code> for Error {
    fn from(code: Code) -> Self {
        match code {
            Code::BadFrame => Self::BadRequest("error-bad-request".into()),
            Code::NotFound => Self::NotFound,
            Code::Empty => Self::field("content", "error-content-empty"),
            Code::TooLong => Self::field("content", "error-content-too-long"),
            Code::Invalid => Self::field("content", "error-content-invalid"),
            Code::RateLimited => Self::RateLimited { seconds: 1 },
            Code::Conflict => Self::Conflict,
            Code::Forbidden => Self::Forbidden,
            Code::Unreachable => Self::Unreachable,
            Code::Blocked => Self::Blocked,
            Code::Unavailable => Self::Unavailable("the message was not stored".into()),
        }
    }
}
