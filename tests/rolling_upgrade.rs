//! A new program takes over from an old one behind nginx, and nobody who talks loses anything.

use crate::support::nginx::public_origin;
use crate::support::load_generator::LoadGenerator;
use crate::support::{LOBBY, Nginx, Person, Socket, Teahouse, long_tests};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

const SENDERS: usize = 8;
const READERS: usize = 20;
/// Between two messages of one sender.
const PAUSE: Duration = Duration::from_millis(40);

/// Somebody who listens, comes back when the socket ends, and asks for what they missed.
struct Reader {
    person: Person,
    /// Everything up to here is known.
    ver: u64,
    heard: BTreeMap<u64, Value>,
    /// How often they came back.
    returns: usize,
}

impl Reader {
    /// Listens until everything up to what `last` comes to say is heard.
    async fn listen(mut self, last: watch::Receiver<Option<u64>>) -> Self {
        loop {
            if let Ok(mut socket) = Socket::try_open(&self.person).await {
                while let Ok(frame) = socket
                    .next_until(Instant::now() + Duration::from_millis(100))
                    .await
                {
                    if let Some(frame) = frame {
                        self.hear(&mut socket, frame).await;
                    }
                    if last.borrow().is_some_and(|last| self.ver >= last) {
                        return self;
                    }
                }
                self.returns += 1;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn hear(&mut self, socket: &mut Socket, frame: Value) {
        let number = |field: &str| frame[field].as_u64().expect("a number");
        match frame["type"].as_str() {
            Some("hello") => self.sync(socket).await,
            Some("synced") => {
                self.ver = self.ver.max(number("ver"));
                if frame["more"] == true {
                    self.sync(socket).await;
                }
            }
            Some("message") => {
                let (seq, ver) = (number("seq"), number("ver"));
                // What comes live continues what is known; what comes in a page is closed by `synced`.
                self.ver = if ver == self.ver + 1 { ver } else { self.ver };
                let text = frame["content"].clone();
                let before = self.heard.insert(seq, text.clone());
                assert!(
                    before.is_none_or(|before| before == text),
                    "{seq} is two things"
                );
            }
            Some("resync" | "error") => panic!("{frame}"),
            _ => {}
        }
    }

    async fn sync(&self, socket: &mut Socket) {
        socket
            .send(json!({"type": "sync", "roomId": LOBBY, "ver": self.ver}))
            .await;
    }
}

/// Stops it as an admin would, and answers how long that took.
async fn stop(server: &mut Teahouse) -> Duration {
    let start = Instant::now();
    server.terminate();
    let ended = server
        .wait_for_exit(Duration::from_secs(6))
        .expect("it ends in time");
    assert_eq!(ended.code(), Some(0));
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_take_turns_and_people_who_talk_lose_nothing() {
    let origin = public_origin();
    let mut first = Teahouse::with(&[("PUBLIC_ORIGIN", &origin)]);
    // The second one's address must be known to nginx before it is there.
    let mut second = first.second_server();
    let nginx = Nginx::at(&origin, &[first.host(), second.host()], str::to_owned);
    stop(&mut second).await;
    let mut people = Vec::new();
    for n in 0..SENDERS {
        people.push(nginx.register(&first, &format!("sender{n}")).await);
    }
    let (finish, last) = watch::channel(None);
    let readers: Vec<_> = (0..READERS)
        .map(|n| {
            let person = people[n % SENDERS].clone();
            let (ver, returns, heard) = (0, 0, BTreeMap::new());
            let reader = Reader {
                person,
                ver,
                heard,
                returns,
            };
            tokio::spawn(reader.listen(last.clone()))
        })
        .collect();
    let reader = people[0].clone();
    let senders = LoadGenerator::of(people, PAUSE);
    let rounds = if long_tests() { 10 } else { 1 };
    let patience = Duration::from_secs(60);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        senders.until_acked(200, patience).await;
        second.restart();
        slowest = slowest.max(stop(&mut first).await);
        senders.until_acked(200, patience).await;
        first.restart();
        slowest = slowest.max(stop(&mut second).await);
    }
    senders.until_acked(200, patience).await;
    let record = senders.stop().await;
    let stored = first.audit(&record, &reader).await;
    finish.send_replace(Some(stored as u64));
    let mut returns = 0;
    let history = reader.whole_history(LOBBY).await;
    for reader in readers {
        let reader = timeout(patience, reader).await.expect("it has everything");
        let reader = reader.expect("no panic");
        assert!(
            reader
                .heard
                .values()
                .eq(history.iter().map(|message| &message["content"]))
        );
        returns += reader.returns;
    }
    println!(
        "{} restarts under {SENDERS} senders and {READERS} readers: {} acknowledged, {stored} stored, {} refused for a \
         moment, {} and {returns} returns, slowest ack {:?}, slowest stop {slowest:?}",
        2 * rounds,
        record.acked.len(),
        record.refused,
        record.lost_sockets,
        record.slowest,
    );
    assert!(
        returns >= READERS * 2 * rounds,
        "everybody was sent away each time"
    );
}
