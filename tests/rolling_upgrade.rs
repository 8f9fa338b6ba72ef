//! Rolling restart: a new server replaces an old one behind nginx without losing messages.

use crate::support::load_generator::LoadGenerator;
use crate::support::nginx::public_origin;
use crate::support::{LOBBY, Nginx, Person, Socket, Teahouse, long_tests};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

const SENDERS: usize = 8;
const READERS: usize = 20;
/// Pause between two messages of one sender.
const PAUSE: Duration = Duration::from_millis(40);

/// A client that reconnects when its socket closes and syncs what it missed.
struct Reader {
    person: Person,
    /// Every change up to this version is known.
    ver: u64,
    contents: BTreeMap<u64, Value>,
    reconnects: usize,
}

impl Reader {
    /// Reads until every change up to `last` is known.
    async fn listen(mut self, last: watch::Receiver<Option<u64>>) -> Self {
        loop {
            if let Ok(mut socket) = Socket::try_open(&self.person).await {
                let deadline = || Instant::now() + Duration::from_millis(100);
                while let Ok(frame) = socket.next_until(deadline()).await {
                    if let Some(frame) = frame {
                        self.handle(&mut socket, frame).await;
                    }
                    if last.borrow().is_some_and(|last| self.ver >= last) {
                        return self;
                    }
                }
                self.reconnects += 1;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn handle(&mut self, socket: &mut Socket, frame: Value) {
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
                // A live message continues the known range; a page of messages is completed by `synced`.
                self.ver = if ver == self.ver + 1 { ver } else { self.ver };
                let text = frame["content"].clone();
                let before = self.contents.insert(seq, text.clone());
                let is_same = before.is_none_or(|before| before == text);
                assert!(is_same, "{seq} has two contents");
            }
            Some("resync" | "error") => panic!("{frame}"),
            _ => {}
        }
    }

    async fn sync(&self, socket: &mut Socket) {
        let frame = json!({"type": "sync", "roomId": LOBBY, "ver": self.ver});
        socket.send(frame).await;
    }
}

/// Stops the server with SIGTERM and returns how long that took.
async fn stop(server: &mut Teahouse) -> Duration {
    let start = Instant::now();
    server.terminate();
    let ended = server
        .wait_for_exit(Duration::from_secs(6))
        .expect("the server stops in time");
    assert_eq!(ended.code(), Some(0));
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_lose_no_message() {
    let origin = public_origin();
    let mut first = Teahouse::with(&[("PUBLIC_ORIGIN", &origin)]);
    // nginx must know the second server's address before it starts.
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
            let reader = Reader {
                person: people[n % SENDERS].clone(),
                ver: 0,
                contents: BTreeMap::new(),
                reconnects: 0,
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
    let mut reconnects = 0;
    let history = reader.whole_history(LOBBY).await;
    for reader in readers {
        let reader = timeout(patience, reader)
            .await
            .expect("the reader receives every message");
        let reader = reader.expect("no panic");
        let wanted = history.iter().map(|message| &message["content"]);
        assert!(reader.contents.values().eq(wanted));
        reconnects += reader.reconnects;
    }
    println!(
        "{} restarts under {SENDERS} senders: {} acknowledged, {stored} stored, {} refused, {reconnects} reconnects; \
         slowest ack {:?}, slowest stop {slowest:?}",
        2 * rounds,
        record.acked.len(),
        record.refused,
        record.slowest,
    );
    let is_expected = reconnects >= READERS * 2 * rounds;
    assert!(is_expected, "a reader was not disconnected by a restart");
}
