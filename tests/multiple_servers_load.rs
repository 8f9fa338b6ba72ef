//! Many clients on two servers with one database end with identical messages.

use crate::support::{LOBBY, Person, Socket, Teahouse, long_tests};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Five times the promised delay.
const DELIVERED_WITHIN: Duration = Duration::from_secs(15);
const CLOSED_WITHIN: Duration = Duration::from_secs(25);

/// Posts `count` messages and edits every fifth as soon as it is acknowledged.
async fn sender(person: Person, name: String, count: usize) {
    let mut socket = person.socket().await;
    for n in 0..count {
        let text = format!("{name} says {n}");
        let id = socket.post(LOBBY, &text).await;
        if n % 5 > 0 && n + 1 < count {
            continue;
        }
        let is_mine = |ack: &Value| ack["clientId"] == id;
        let ack = socket.expect_where("ack", is_mine).await;
        let content = format!("{text}, or rather not");
        let (room_id, seq) = (&ack["roomId"], &ack["seq"]);
        let edit = json!({"type": "edit", "roomId": room_id, "seq": seq, "content": content});
        socket.send(edit).await;
        let is_edited = |message: &Value| message["seq"] == *seq && !message["editedAt"].is_null();
        socket.expect_where("message", is_edited).await;
    }
}

/// Returns the messages a reader ends with, and the longest delivery delay.
async fn reader(mut socket: Socket, last_ver: i64) -> (BTreeMap<i64, String>, Duration) {
    let (mut ver, mut known, mut latest) = (0, BTreeMap::new(), Duration::ZERO);
    while ver < last_ver {
        let message = socket.expect("message").await;
        let now = chrono::Utc::now();
        let next = message["ver"].as_i64().expect("ver");
        assert!(next > ver, "out of order or repeated");
        ver = next;
        let edited = message["editedAt"].as_str();
        let at = edited.or(message["createdAt"].as_str());
        let at = chrono::DateTime::parse_from_rfc3339(at.expect("a time")).expect("a time");
        latest = latest.max((now - at.to_utc()).to_std().unwrap_or_default());
        let content = message["content"].as_str().expect("a text").to_owned();
        known.insert(message["seq"].as_i64().expect("seq"), content);
    }
    (known, latest)
}

/// Connects senders and readers to each of two servers; the senders post `messages` in total.
async fn assert_identical_messages(senders_each: usize, readers_each: usize, messages: usize) {
    let here = Teahouse::start();
    let mei = Person::register(&here, "mei").await;
    let there = here.second_server();
    let share = messages / (2 * senders_each);
    let edits = share.div_ceil(5) + usize::from(!(share - 1).is_multiple_of(5));
    let last_ver = (2 * senders_each * (share + edits)) as i64;
    let (mut readers, mut senders) = (Vec::new(), Vec::new());
    for (at, server) in [&here, &there].into_iter().enumerate() {
        for _ in 0..readers_each {
            let socket = mei.at(server).socket().await;
            readers.push(tokio::spawn(reader(socket, last_ver)));
        }
        for n in 0..senders_each {
            let name = format!("sender-{at}-{n}");
            let person = Person::register(server, &name).await;
            senders.push((person, name));
        }
    }
    let post = |(person, name)| tokio::spawn(sender(person, name, share));
    let posting: Vec<_> = senders.into_iter().map(post).collect();
    for sender in posting {
        sender.await.expect("no panic");
    }
    let sql = "SELECT content AS value FROM messages WHERE room_id = 1 ORDER BY seq";
    let stored: Vec<String> = here.strings(sql);
    let mut latest = Duration::ZERO;
    for reader in readers {
        let (known, delay) = reader.await.expect("no panic");
        assert!(known.values().eq(&stored) && known.keys().copied().eq(1..=stored.len() as i64));
        latest = latest.max(delay);
    }
    println!(
        "{} messages on two servers, delivered after {latest:?} at most",
        stored.len()
    );
    assert!(latest < DELIVERED_WITHIN);
    let li = Person::register(&here, "li").await;
    let mut devices = [li.socket().await, li.at(&there).socket().await];
    here.command(&["user", "ban", "li"]).expect_success();
    let banned = Instant::now();
    for device in &mut devices {
        assert_eq!(device.close_code(CLOSED_WITHIN).await, 4001);
    }
    println!(
        "banned user disconnected from both after {:?}",
        banned.elapsed()
    );
}

#[tokio::test]
async fn clients_of_two_servers_end_with_identical_messages() {
    assert_identical_messages(2, 5, 200).await;
}

#[tokio::test]
async fn hundred_clients_of_two_servers_end_with_identical_messages() {
    if long_tests() {
        assert_identical_messages(4, 50, 2000).await;
    }
}
