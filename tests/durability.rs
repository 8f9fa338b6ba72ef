//! What was acknowledged stays, whatever happens to the program.

use crate::support::{LOBBY, Person, Socket, Teahouse, client_id, long_tests};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const SENDERS: usize = 8;
const IN_FLIGHT: usize = 16;
const ACKS_BETWEEN_KILLS: usize = 500;

/// What the senders have in common.
#[derive(Default)]
struct Tally {
    acked: AtomicUsize,
    in_flight: AtomicUsize,
    stop: AtomicBool,
}

/// One person's messages: what was sent, and what was acknowledged as which `seq`.
#[derive(Default)]
struct Record {
    sent: HashMap<String, String>,
    acked: HashMap<String, u64>,
}

/// Sends and retries until told to stop, then until nothing is open any more.
async fn sender(person: Person, tally: Arc<Tally>) -> Record {
    let mut record = Record::default();
    let mut open: Vec<String> = Vec::new();
    loop {
        let Ok(mut socket) = Socket::try_open(&person).await else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        for id in &open {
            say(&mut socket, id, &record.sent[id]).await;
        }
        loop {
            let stopping = tally.stop.load(Ordering::SeqCst);
            if stopping && open.is_empty() {
                return record;
            }
            while !stopping && open.len() < IN_FLIGHT {
                let id = client_id();
                let text = format!("{} says {}", person.name, record.sent.len());
                say(&mut socket, &id, &text).await;
                record.sent.insert(id.clone(), text);
                open.push(id);
                tally.in_flight.fetch_add(1, Ordering::SeqCst);
            }
            let Some(frame) = socket
                .next_before(Instant::now() + Duration::from_secs(15))
                .await
            else {
                break;
            };
            let id = frame["clientId"].as_str().unwrap_or_default();
            match frame["type"].as_str() {
                Some("ack") => {
                    let seq = frame["seq"].as_u64().expect("seq");
                    if let Some(before) = record.acked.insert(id.to_owned(), seq) {
                        assert_eq!(before, seq, "a retry gets the same answer");
                    }
                    if let Some(at) = open.iter().position(|open| open == id) {
                        open.swap_remove(at);
                        tally.in_flight.fetch_sub(1, Ordering::SeqCst);
                        tally.acked.fetch_add(1, Ordering::SeqCst);
                    }
                }
                Some("error") => {
                    assert_eq!(frame["code"], "unavailable", "{frame}");
                    say(&mut socket, id, &record.sent[id]).await;
                }
                _ => {}
            }
        }
    }
}

async fn say(socket: &mut Socket, id: &str, text: &str) {
    socket
        .send(json!({"type": "post", "clientId": id, "roomId": LOBBY, "content": text}))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_program_is_killed_again_and_again() {
    let mut house = Teahouse::start();
    let tally = Arc::new(Tally::default());
    let mut senders = Vec::new();
    let mut people = Vec::new();
    for n in 0..SENDERS {
        let person = Person::register(&house, &format!("sender{n}")).await;
        people.push(person.clone());
        senders.push(tokio::spawn(sender(person, tally.clone())));
    }
    let kills = if long_tests() { 20 } else { 5 };
    for kill in 1..=kills {
        let before = tally.acked.load(Ordering::SeqCst);
        let enough = async {
            while tally.acked.load(Ordering::SeqCst) < before + ACKS_BETWEEN_KILLS {
                assert!(
                    !senders.iter().any(tokio::task::JoinHandle::is_finished),
                    "a sender failed"
                );
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(120), enough)
            .await
            .expect("messages are stored");
        sleep(Duration::from_millis(rand::random::<u64>() % 50)).await;
        assert!(
            tally.in_flight.load(Ordering::SeqCst) > 0,
            "kill {kill}: sends are in flight"
        );
        house.kill9();
        house.start_again();
    }
    tally.stop.store(true, Ordering::SeqCst);
    let mut record = Record::default();
    for sender in senders {
        let one = timeout(Duration::from_secs(60), sender)
            .await
            .expect("it ends")
            .expect("no panic");
        record.sent.extend(one.sent);
        record.acked.extend(one.acked);
    }
    assert!(record.acked.len() > kills * ACKS_BETWEEN_KILLS);
    let history = people[0].whole_history(LOBBY).await;
    println!(
        "{kills} kills under {SENDERS} senders: {} sent, {} acknowledged, {} stored",
        record.sent.len(),
        record.acked.len(),
        history.len()
    );
    for (n, message) in history.iter().enumerate() {
        assert_eq!(
            message["seq"].as_u64(),
            Some(n as u64 + 1),
            "no hole, no order but one"
        );
        let id = message["clientId"].as_str().expect("clientId");
        assert_eq!(
            record.sent.get(id).map(String::as_str),
            message["content"].as_str(),
            "nobody said that: {message}"
        );
        assert_eq!(
            record.acked.remove(id),
            message["seq"].as_u64(),
            "acknowledged as it is stored, once"
        );
    }
    assert!(
        record.acked.is_empty(),
        "{} acknowledged messages are lost",
        record.acked.len()
    );
    assert_eq!(
        house
            .database()
            .number("SELECT COUNT(*) AS value FROM messages"),
        history.len() as i64
    );
    assert_eq!(
        house
            .database()
            .number("SELECT last_seq AS value FROM rooms WHERE id = 1"),
        history.len() as i64
    );
}

#[tokio::test]
async fn after_a_kill_people_are_still_signed_in_and_the_database_is_the_same() {
    let mut house = Teahouse::start();
    let ming = Person::register(&house, "Ming").await;
    let stored = ming.say("before").await;
    let epoch = ming.socket().await.hello["epoch"].clone();
    house.kill9();
    house.start_again();
    let mut socket = ming.socket().await;
    assert_eq!(socket.hello["epoch"], epoch);
    assert_eq!(ming.history(LOBBY).await, [stored]);
    assert_eq!(socket.say("after").await["seq"], 2);
}
