//! The network between the program and its database fails.

use crate::support::{
    Database, MariaDb, Person, Proxy, Senders, Teahouse, Visits, Way, long_tests,
};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::sleep;

const SENDERS: usize = 8;
const RECOVERY: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(10);

/// A program that reaches its database through a network of ours.
async fn house_behind(server: &MariaDb) -> (Proxy, Teahouse) {
    let proxy = Proxy::before(server.port).await;
    let url = server
        .url
        .replace(&server.port.to_string(), &proxy.port.to_string());
    let house = tokio::task::block_in_place(|| Teahouse::on(Database::on(&url), &[]));
    (proxy, house)
}

/// Makes rooms by the form. Answers how often each status came.
async fn make_rooms(person: &Person, count: usize) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    for n in 0..count {
        let name = format!("Room {n}");
        let room = [("name", name.as_str()), ("kind", "open")];
        let status = person.post("/rooms", &room).await.status().as_u16();
        *statuses.entry(status).or_default() += 1;
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_between_commit_and_its_answer_doubles_nothing_and_loses_nothing() {
    let Some(server) = MariaDb::start() else {
        return;
    };
    let (proxy, house) = house_behind(&server).await;
    let senders = Senders::paced(&house, SENDERS, Duration::from_millis(20)).await;
    let reader = senders.people[0].clone();
    proxy.cut_every(10);
    let messages = if long_tests() { 1000 } else { 200 };
    senders
        .until_acked(messages, Duration::from_secs(120))
        .await;
    // A slow machine stores more with each commit.
    while proxy.counts().1 < 5 {
        senders.until_acked(50, Duration::from_secs(60)).await;
    }
    let record = senders.stop().await;
    let (commits, cuts) = proxy.counts();
    // What has no number of its own to be tried again by says that its outcome is unknown.
    proxy.cut_every(2);
    let rooms = make_rooms(&reader, 10).await;
    proxy.cut_every(0);
    let stored = house.audit(&record, &reader).await;
    println!(
        "{cuts} of {commits} commits cut: {stored} stored, {} acknowledged, {} refused and repeated, slowest answer {:?}; \
         rooms made: {rooms:?}",
        record.acked.len(),
        record.refused,
        record.slowest
    );
    assert!(
        rooms.keys().all(|status| matches!(status, 303 | 503)),
        "{rooms:?}"
    );
    assert!(record.acked.len() >= messages);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_swallows_everything_is_survived() {
    let Some(server) = MariaDb::start() else {
        return;
    };
    let (proxy, house) = house_behind(&server).await;
    let senders = Senders::paced(&house, SENDERS, Duration::from_millis(5)).await;
    let reader = senders.people[0].clone();
    // More of them than there are connections.
    let pages = [
        "/rooms/1",
        "/rooms",
        "/people",
        "/api/rooms",
        "/api/auth_user",
    ];
    let more = [
        "/api/rooms/1",
        "/api/rooms/1/messages",
        "/rooms/1/messages",
        "/readyz",
        "/healthz",
    ];
    let visits = [
        Visits::start(&reader, &pages),
        Visits::start(&reader, &more),
    ];
    let lengths = if long_tests() {
        vec![1, 4, 20]
    } else {
        vec![1, 4]
    };
    for seconds in lengths {
        senders.until_acked(100, Duration::from_secs(60)).await;
        proxy.lead(Way::Nowhere);
        sleep(Duration::from_secs(seconds)).await;
        proxy.lead(Way::Through);
        let sends = senders.until_acked(SENDERS, RECOVERY).await;
        let start = tokio::time::Instant::now();
        while reader.get("/rooms/1").await.status() != 200 {
            assert!(start.elapsed() < RECOVERY, "pages work again");
        }
        println!(
            "swallowed for {seconds} s: sends work after {sends:?}, pages {:?} later",
            start.elapsed()
        );
    }
    let record = senders.stop().await;
    let mut seen = BTreeMap::new();
    for visits in visits {
        seen.extend(visits.stop().await);
    }
    let stored = house.audit(&record, &reader).await;
    println!(
        "{stored} stored, {} refused, slowest answer {:?}, sockets lost {}; pages: {seen:?}",
        record.refused, record.slowest, record.lost_sockets
    );
    assert_eq!(record.lost_sockets, 0);
    assert!(record.slowest < ANSWER);
    assert!(seen.values().all(|seen| seen.slowest < ANSWER), "{seen:?}");
}
