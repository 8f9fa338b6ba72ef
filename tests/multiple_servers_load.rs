//! Many people on two servers with one database: all of them end with the same, soon.

use crate::support::{LOBBY, Person, Socket, Teahouse, long_tests};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Five times what is promised.
const HEARD: Duration = Duration::from_secs(15);
const OFF: Duration = Duration::from_secs(25);

/// How many of everything: per server, and of messages altogether.
struct Size {
    senders: usize,
    readers: usize,
    messages: usize,
}

/// Says its share, and changes every fifth of its messages as soon as that is stored.
async fn sender(person: Person, name: String, count: usize) {
    let mut socket = person.socket().await;
    for n in 0..count {
        let text = format!("{name} says {n}");
        let id = socket.post(LOBBY, &text).await;
        if n % 5 > 0 && n + 1 < count {
            continue;
        }
        let ack = socket
            .expect_where("ack", |ack| ack["clientId"] == id)
            .await;
        let content = format!("{text}, or rather not");
        let (room_id, seq) = (&ack["roomId"], &ack["seq"]);
        socket
            .send(json!({"type": "edit", "roomId": room_id, "seq": seq, "content": content}))
            .await;
        let is_edited = |message: &Value| message["seq"] == *seq && !message["editedAt"].is_null();
        socket.expect_where("message", is_edited).await;
    }
}

/// What a reader ends with, and how late the latest came.
async fn reader(mut socket: Socket, last_ver: i64) -> (BTreeMap<i64, String>, Duration) {
    let (mut ver, mut known, mut latest) = (0, BTreeMap::new(), Duration::ZERO);
    while ver < last_ver {
        let message = socket.expect("message").await;
        let now = chrono::Utc::now();
        let next = message["ver"].as_i64().expect("ver");
        assert!(next > ver, "in order, each once");
        ver = next;
        let at = message["editedAt"]
            .as_str()
            .or(message["createdAt"].as_str());
        let at = chrono::DateTime::parse_from_rfc3339(at.expect("a time")).expect("a time");
        latest = latest.max((now - at.to_utc()).to_std().unwrap_or_default());
        let content = message["content"].as_str().expect("a text").to_owned();
        known.insert(message["seq"].as_i64().expect("seq"), content);
    }
    (known, latest)
}

async fn everybody_ends_with_the_same(size: &Size) {
    let here = Teahouse::start();
    let mei = Person::register(&here, "mei").await;
    let there = here.second_server();
    let share = size.messages / (2 * size.senders);
    let edits = share.div_ceil(5) + usize::from(!(share - 1).is_multiple_of(5));
    let last_ver = (2 * size.senders * (share + edits)) as i64;
    let (mut readers, mut senders) = (Vec::new(), Vec::new());
    for (at, server) in [&here, &there].into_iter().enumerate() {
        for _ in 0..size.readers {
            let socket = mei.at(server).socket().await;
            readers.push(tokio::spawn(reader(socket, last_ver)));
        }
        for n in 0..size.senders {
            let name = format!("sender-{at}-{n}");
            let person = Person::register(server, &name).await;
            senders.push((person, name));
        }
    }
    let started = Instant::now();
    let talk: Vec<_> = senders
        .into_iter()
        .map(|(person, name)| tokio::spawn(sender(person, name, share)))
        .collect();
    for sender in talk {
        sender.await.expect("no panic");
    }
    let sql = "SELECT content AS value FROM messages WHERE room_id = 1 ORDER BY seq";
    let stored: Vec<String> = here.database().strings(sql);
    let (mut results, mut latest) = (0, Duration::ZERO);
    for reader in readers {
        let (known, its_latest) = reader.await.expect("no panic");
        assert!(known.values().eq(&stored) && known.keys().copied().eq(1..=stored.len() as i64));
        latest = latest.max(its_latest);
        results += 1;
    }
    println!(
        "{} messages and {} changes on two servers in {:?}: {results} identical results, the latest arrival after {latest:?}",
        stored.len(),
        last_ver - stored.len() as i64,
        started.elapsed()
    );
    assert!(latest < HEARD);
    let li = Person::register(&here, "li").await;
    let mut devices = [li.socket().await, li.at(&there).socket().await];
    let ban = here.command(&["user", "ban", "li"]);
    assert!(ban.status.success(), "{ban:?}");
    let banned = Instant::now();
    for device in &mut devices {
        assert_eq!(device.close_code(OFF).await, 4001);
    }
    println!("banned: off both after {:?}", banned.elapsed());
}

#[tokio::test]
async fn everybody_on_two_servers_ends_with_the_same_messages() {
    everybody_ends_with_the_same(&Size {
        senders: 2,
        readers: 5,
        messages: 200,
    })
    .await;
}

#[tokio::test]
async fn a_hundred_on_two_servers_end_with_the_same_messages() {
    if long_tests() {
        everybody_ends_with_the_same(&Size {
            senders: 4,
            readers: 50,
            messages: 2000,
        })
        .await;
    }
}
