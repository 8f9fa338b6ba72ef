//! People who talk without pause, and repeat what was not acknowledged until it is.

use super::{LOBBY, Person, Socket, Teahouse, client_id};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// So many messages of one sender are under way at once.
const IN_FLIGHT: usize = 16;
/// What was refused as `unavailable` is said again so much later.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// A socket that is silent for so long, with messages under way, is given up.
const SILENCE: Duration = Duration::from_secs(15);

/// What the senders have in common.
#[derive(Default)]
struct Tally {
    acked: AtomicUsize,
    in_flight: AtomicUsize,
    stop: AtomicBool,
}

/// What was said, and what became of it.
#[derive(Default, Clone)]
pub struct Record {
    /// Texts, by the sender's id.
    pub sent: HashMap<String, String>,
    /// Places in the room, by the sender's id.
    pub acked: HashMap<String, u64>,
    /// How often the answer was `unavailable`.
    pub refused: usize,
    /// How often a socket ended.
    pub lost_sockets: usize,
    /// The longest that anything said waited for its answer, whatever the answer was.
    pub slowest: Duration,
}

impl Record {
    /// Both together.
    pub fn extend(&mut self, other: Self) {
        self.sent.extend(other.sent);
        self.acked.extend(other.acked);
        self.refused += other.refused;
        self.lost_sockets += other.lost_sockets;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// People who talk in the Lobby until they are told to stop.
pub struct Senders {
    /// Who talks.
    pub people: Vec<Person>,
    tally: Arc<Tally>,
    tasks: Vec<JoinHandle<Record>>,
}

impl Senders {
    /// So many people register and talk as fast as they are answered.
    pub async fn start(house: &Teahouse, count: usize) -> Self {
        Self::paced(house, count, Duration::ZERO).await
    }

    /// The same, but each waits `pause` between two new messages.
    pub async fn paced(house: &Teahouse, count: usize, pause: Duration) -> Self {
        let mut people = Vec::new();
        for n in 0..count {
            people.push(Person::register(house, &format!("sender{n}")).await);
        }
        Self::of(people, pause)
    }

    /// These people talk.
    pub fn of(people: Vec<Person>, pause: Duration) -> Self {
        let tally = Arc::new(Tally::default());
        let senders = people.iter().map(|person| {
            let sender = Sender::new(person.clone(), pause, tally.clone());
            tokio::spawn(sender.run())
        });
        Self {
            tasks: senders.collect(),
            people,
            tally,
        }
    }

    /// How much was acknowledged so far.
    pub fn acked(&self) -> usize {
        self.tally.acked.load(Ordering::SeqCst)
    }

    /// How much was said and not acknowledged yet.
    pub fn in_flight(&self) -> usize {
        self.tally.in_flight.load(Ordering::SeqCst)
    }

    /// Waits until so many more are acknowledged than now; answers how long that took.
    pub async fn until_acked(&self, more: usize, patience: Duration) -> Duration {
        let (start, wanted) = (Instant::now(), self.acked() + more);
        while self.acked() < wanted {
            assert!(
                !self.tasks.iter().any(JoinHandle::is_finished),
                "a sender failed"
            );
            assert!(
                start.elapsed() < patience,
                "only {} of {more} messages are stored after {patience:?}",
                self.acked() + more - wanted
            );
            sleep(Duration::from_millis(5)).await;
        }
        start.elapsed()
    }

    /// Everybody says no more, waits for what is under way, and tells what happened.
    pub async fn stop(self) -> Record {
        self.tally.stop.store(true, Ordering::SeqCst);
        let mut record = Record::default();
        for task in self.tasks {
            let one = timeout(Duration::from_secs(60), task).await;
            record.extend(one.expect("everything is answered").expect("no panic"));
        }
        record
    }
}

/// Something that was said and is not acknowledged yet.
struct Open {
    id: String,
    asked: Instant,
}

struct Sender {
    person: Person,
    pause: Duration,
    tally: Arc<Tally>,
    record: Record,
    open: Vec<Open>,
    next_at: Instant,
}

impl Sender {
    fn new(person: Person, pause: Duration, tally: Arc<Tally>) -> Self {
        Self {
            person,
            pause,
            tally,
            record: Record::default(),
            open: Vec::new(),
            next_at: Instant::now(),
        }
    }

    /// Talks over one socket after another.
    async fn run(mut self) -> Record {
        loop {
            let Ok(mut socket) = Socket::try_open(&self.person).await else {
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            for at in 0..self.open.len() {
                self.say(&mut socket, at).await;
            }
            if self.talk(&mut socket).await {
                return self.record;
            }
            self.record.lost_sockets += 1;
        }
    }

    /// Talks until told to stop (true) or until the socket ends (false).
    async fn talk(&mut self, socket: &mut Socket) -> bool {
        let mut heard = Instant::now();
        loop {
            let stopping = self.tally.stop.load(Ordering::SeqCst);
            if stopping && self.open.is_empty() {
                return true;
            }
            while !stopping && self.open.len() < IN_FLIGHT && Instant::now() >= self.next_at {
                self.say_something(socket).await;
            }
            let wake = match self.pause.is_zero() || stopping {
                true => heard + SILENCE,
                false => self.next_at.max(Instant::now() + Duration::from_millis(1)),
            };
            match socket.next_until(wake).await {
                Ok(Some(frame)) => {
                    heard = Instant::now();
                    self.hear(socket, &frame).await;
                }
                Ok(None) if self.open.is_empty() || heard.elapsed() < SILENCE => {}
                Ok(None) | Err(()) => return false,
            }
        }
    }

    async fn say_something(&mut self, socket: &mut Socket) {
        let id = client_id();
        let text = format!("{} says {}", self.person.name, self.record.sent.len());
        self.record.sent.insert(id.clone(), text);
        self.open.push(Open {
            id,
            asked: Instant::now(),
        });
        self.next_at = Instant::now() + self.pause;
        self.tally.in_flight.fetch_add(1, Ordering::SeqCst);
        self.say(socket, self.open.len() - 1).await;
    }

    async fn say(&mut self, socket: &mut Socket, at: usize) {
        let open = &mut self.open[at];
        open.asked = Instant::now();
        let text = &self.record.sent[&open.id];
        socket
            .send(json!({"type": "post", "clientId": open.id, "roomId": LOBBY, "content": text}))
            .await;
    }

    async fn hear(&mut self, socket: &mut Socket, frame: &Value) {
        let id = frame["clientId"].as_str().unwrap_or_default();
        let at = self.open.iter().position(|open| open.id == id);
        match (frame["type"].as_str(), at) {
            (Some("ack"), _) => {
                let seq = frame["seq"].as_u64().expect("seq");
                if let Some(before) = self.record.acked.insert(id.to_owned(), seq) {
                    assert_eq!(before, seq, "a retry gets the same answer");
                }
                if let Some(at) = at {
                    let open = self.open.swap_remove(at);
                    self.record.slowest = self.record.slowest.max(open.asked.elapsed());
                    self.tally.in_flight.fetch_sub(1, Ordering::SeqCst);
                    self.tally.acked.fetch_add(1, Ordering::SeqCst);
                }
            }
            (Some("error"), _) => {
                assert_eq!(frame["code"], "unavailable", "{frame}");
                if let Some(at) = at {
                    let waited = self.open[at].asked.elapsed();
                    self.record.slowest = self.record.slowest.max(waited);
                    self.record.refused += 1;
                    sleep(AGAIN_AFTER).await;
                    self.say(socket, at).await;
                }
            }
            _ => {}
        }
    }
}
