//! Users who post continuously and repeat messages until they are acknowledged.

use super::{LOBBY, Person, Socket, Teahouse, client_id};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::{Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Maximum number of unacknowledged messages of a sender.
const IN_FLIGHT: usize = 16;
/// Delay before a message rejected as `unavailable` is repeated.
const RETRY_DELAY: Duration = Duration::from_millis(50);
/// A socket with unacknowledged messages is abandoned after this time without frames.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(15);

/// Shared state of the senders.
#[derive(Default)]
struct Counters {
    acked: AtomicUsize,
    in_flight: AtomicUsize,
    stop: AtomicBool,
}

/// The posted messages and their outcome.
#[derive(Default, Clone)]
pub struct Record {
    /// Contents, by client id.
    pub sent: HashMap<String, String>,
    /// `seq` of acknowledged messages, by client id.
    pub acked: HashMap<String, u64>,
    /// Number of `unavailable` errors.
    pub refused: usize,
    pub lost_sockets: usize,
    /// The longest time from a post to its response.
    pub slowest: Duration,
}

impl Display for Record {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (sent, acked) = (self.sent.len(), self.acked.len());
        write!(
            f,
            "{sent} sent, {acked} acknowledged, {} refused and repeated, ",
            self.refused
        )?;
        write!(
            f,
            "{} sockets lost, slowest response {:?}",
            self.lost_sockets, self.slowest
        )
    }
}

impl Record {
    /// Merges another record into this one.
    pub fn extend(&mut self, other: Self) {
        self.sent.extend(other.sent);
        self.acked.extend(other.acked);
        self.refused += other.refused;
        self.lost_sockets += other.lost_sockets;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// Users who post in the Lobby until they are stopped.
pub struct LoadGenerator {
    /// The senders.
    pub people: Vec<Person>,
    counters: Arc<Counters>,
    tasks: Vec<JoinHandle<Record>>,
}

impl LoadGenerator {
    /// Registers this many senders, who post as fast as they are acknowledged.
    pub async fn start(server: &Teahouse, count: usize) -> Self {
        Self::paced(server, count, Duration::ZERO).await
    }

    /// Like `start`, with a pause between the messages of a sender.
    pub async fn paced(server: &Teahouse, count: usize, pause: Duration) -> Self {
        let mut people = Vec::new();
        for n in 0..count {
            people.push(Person::register(server, &format!("sender{n}")).await);
        }
        Self::of(people, pause)
    }

    /// Lets these people post.
    pub fn of(people: Vec<Person>, pause: Duration) -> Self {
        let counters = Arc::new(Counters::default());
        let senders = people.iter().map(|person| {
            let sender = Sender::new(person.clone(), pause, counters.clone());
            tokio::spawn(sender.run())
        });
        Self {
            tasks: senders.collect(),
            people,
            counters,
        }
    }

    /// Number of acknowledged messages so far.
    pub fn acked(&self) -> usize {
        self.counters.acked.load(Ordering::SeqCst)
    }

    /// Number of unacknowledged messages.
    pub fn in_flight(&self) -> usize {
        self.counters.in_flight.load(Ordering::SeqCst)
    }

    /// Waits for `more` acknowledgements and returns the time it took.
    pub async fn until_acked(&self, more: usize, timeout: Duration) -> Duration {
        let (start, wanted) = (Instant::now(), self.acked() + more);
        while self.acked() < wanted {
            let is_found = !self.tasks.iter().any(JoinHandle::is_finished);
            assert!(is_found, "a sender failed");
            let left = wanted - self.acked().min(wanted);
            assert!(
                start.elapsed() < timeout,
                "{left} of {more} messages are not stored after {timeout:?}"
            );
            sleep(Duration::from_millis(5)).await;
        }
        start.elapsed()
    }

    /// Stops posting, waits for unacknowledged messages, and returns the record.
    pub async fn stop(self) -> Record {
        self.counters.stop.store(true, Ordering::SeqCst);
        let mut record = Record::default();
        for task in self.tasks {
            let one = timeout(Duration::from_secs(60), task).await;
            let one = one.expect("each message is acknowledged");
            record.extend(one.expect("no panic"));
        }
        record
    }
}

/// A message that is not acknowledged yet.
struct Unacknowledged {
    id: String,
    sent_at: Instant,
}

struct Sender {
    person: Person,
    pause: Duration,
    counters: Arc<Counters>,
    record: Record,
    pending: Vec<Unacknowledged>,
    next_at: Instant,
}

impl Sender {
    fn new(person: Person, pause: Duration, counters: Arc<Counters>) -> Self {
        Self {
            person,
            pause,
            counters,
            record: Record::default(),
            pending: Vec::new(),
            next_at: Instant::now(),
        }
    }

    /// Posts over one socket after another.
    async fn run(mut self) -> Record {
        loop {
            let Ok(mut socket) = Socket::try_open(&self.person).await else {
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            for at in 0..self.pending.len() {
                self.post(&mut socket, at).await;
            }
            if self.post_until_stopped(&mut socket).await {
                return self.record;
            }
            self.record.lost_sockets += 1;
        }
    }

    /// Posts until stopped (true) or until the socket ends (false).
    async fn post_until_stopped(&mut self, socket: &mut Socket) -> bool {
        let mut last_frame = Instant::now();
        loop {
            let stopping = self.counters.stop.load(Ordering::SeqCst);
            if stopping && self.pending.is_empty() {
                return true;
            }
            while !stopping && self.pending.len() < IN_FLIGHT && Instant::now() >= self.next_at {
                self.post_next(socket).await;
            }
            let wake = match self.pause.is_zero() || stopping {
                true => last_frame + SILENCE_TIMEOUT,
                false => self.next_at.max(Instant::now() + Duration::from_millis(1)),
            };
            match socket.next_until(wake).await {
                Ok(Some(frame)) => {
                    last_frame = Instant::now();
                    self.handle(socket, &frame).await;
                }
                Ok(None) if self.pending.is_empty() || last_frame.elapsed() < SILENCE_TIMEOUT => {}
                Ok(None) | Err(()) => return false,
            }
        }
    }

    async fn post_next(&mut self, socket: &mut Socket) {
        let id = client_id();
        let text = format!("{} says {}", self.person.name, self.record.sent.len());
        self.record.sent.insert(id.clone(), text);
        self.pending.push(Unacknowledged {
            id,
            sent_at: Instant::now(),
        });
        self.next_at = Instant::now() + self.pause;
        self.counters.in_flight.fetch_add(1, Ordering::SeqCst);
        self.post(socket, self.pending.len() - 1).await;
    }

    async fn post(&mut self, socket: &mut Socket, at: usize) {
        let pending = &mut self.pending[at];
        pending.sent_at = Instant::now();
        let text = &self.record.sent[&pending.id];
        socket
            .send(json!({"type": "post", "clientId": pending.id, "roomId": LOBBY, "content": text}))
            .await;
    }

    async fn handle(&mut self, socket: &mut Socket, frame: &Value) {
        let id = frame["clientId"].as_str().unwrap_or_default();
        let at = self.pending.iter().position(|pending| pending.id == id);
        match (frame["type"].as_str(), at) {
            (Some("ack"), _) => {
                let seq = frame["seq"].as_u64().expect("seq");
                if let Some(before) = self.record.acked.insert(id.to_owned(), seq) {
                    assert_eq!(before, seq, "a retry gets the same seq");
                }
                if let Some(at) = at {
                    let pending = self.pending.swap_remove(at);
                    self.record.slowest = self.record.slowest.max(pending.sent_at.elapsed());
                    self.counters.in_flight.fetch_sub(1, Ordering::SeqCst);
                    self.counters.acked.fetch_add(1, Ordering::SeqCst);
                }
            }
            (Some("error"), _) => {
                assert_eq!(frame["code"], "unavailable", "{frame}");
                if let Some(at) = at {
                    let waited = self.pending[at].sent_at.elapsed();
                    self.record.slowest = self.record.slowest.max(waited);
                    self.record.refused += 1;
                    sleep(RETRY_DELAY).await;
                    self.post(socket, at).await;
                }
            }
            _ => {}
        }
    }
}
