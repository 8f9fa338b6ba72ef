//! Clients that are cut off again and again still end with everything, in order.

use crate::support::{LOBBY, PATIENCE, Person, Socket, Teahouse, long_tests};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

const CLIENTS: usize = 20;
const A_SECOND: u64 = 20;

/// A client as docs/protocol.md describes it: it keeps its `ver`, and asks for what it missed.
struct Client {
    person: Person,
    /// Everything up to here is known.
    ver: u64,
    /// Where the running `sync` began.
    asked: Option<u64>,
    heard: BTreeMap<u64, String>,
    cuts: usize,
}

impl Client {
    /// Reads until the deadline, or until it has heard up to `last`.
    async fn listen(&mut self, until: Instant, last: Option<u64>) {
        let mut socket = Socket::open(&self.person).await;
        self.asked = None;
        while last.is_none_or(|last| self.ver < last) {
            let Some(frame) = socket.next_before(until).await else {
                break;
            };
            match frame["type"].as_str() {
                Some("hello") if frame["rooms"][0]["ver"].as_u64() > Some(self.ver) => {
                    self.sync(&mut socket).await;
                }
                Some("message") => self.hear(&frame),
                Some("synced") => {
                    self.ver = self.ver.max(frame["ver"].as_u64().expect("ver"));
                    self.asked = None;
                    if frame["more"] == true {
                        self.sync(&mut socket).await;
                    }
                }
                Some("resync" | "error") => panic!("{frame}"),
                _ => {}
            }
        }
        self.cuts += 1;
        socket.cut();
    }

    async fn sync(&mut self, socket: &mut Socket) {
        self.asked = Some(self.ver);
        socket
            .send(json!({"type": "sync", "roomId": LOBBY, "ver": self.ver}))
            .await;
    }

    fn hear(&mut self, message: &Value) {
        let number = |field: &str| message[field].as_u64().expect("a number");
        let (seq, ver) = (number("seq"), number("ver"));
        match self.asked {
            // What was live before the server read the `sync` may come again in its answer, never what was known.
            Some(asked) => assert!(ver > asked, "{ver} comes again, after {asked}"),
            None => {
                assert_eq!(ver, self.ver + 1, "in order, without holes, nothing twice");
                self.ver = ver;
            }
        }
        let content = message["content"].as_str().expect("content").to_owned();
        self.heard.insert(seq, content);
    }
}

/// Listens in short stretches until `last` is known and heard.
async fn restless(person: Person, mut last: watch::Receiver<Option<u64>>) -> Client {
    let mut client = Client {
        person,
        ver: 0,
        asked: None,
        heard: BTreeMap::new(),
        cuts: 0,
    };
    loop {
        let known = *last.borrow_and_update();
        if known.is_some_and(|last| client.ver >= last) {
            return client;
        }
        let stretch = Duration::from_millis(20 + rand::random::<u64>() % 600);
        match known {
            None => client.listen(Instant::now() + stretch, None).await,
            Some(_) => {
                client.listen(Instant::now() + PATIENCE, known).await;
                assert!(
                    Some(client.ver) >= known,
                    "{} of {known:?} heard",
                    client.ver
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_people_cut_off_at_random_miss_nothing_and_hear_nothing_twice() {
    let house = Teahouse::start();
    let writer = Person::register(&house, "writer").await;
    let (tell, last) = watch::channel(None);
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let person = Person::register(&house, &format!("client{n}")).await;
        clients.push(tokio::spawn(restless(person, last.clone())));
    }
    let total = A_SECOND * if long_tests() { 60 } else { 10 };
    let mut pace = interval(Duration::from_millis(1000 / A_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut socket = writer.socket().await;
    for n in 1..=total {
        pace.tick().await;
        socket.say(&format!("message {n}")).await;
    }
    tell.send(Some(total)).expect("they listen");
    let wanted: BTreeMap<_, _> = (1..=total).map(|n| (n, format!("message {n}"))).collect();
    let mut cuts = 0;
    for client in clients {
        let client = client.await.expect("no panic");
        cuts += client.cuts;
        assert_eq!(client.heard, wanted);
        assert!(client.cuts > 10, "cut off {} times", client.cuts);
    }
    println!("{CLIENTS} people cut off {cuts} times in {total} messages: all complete, in order");
}
