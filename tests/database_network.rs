//! Network failures between the server and its database.

use crate::support::{
    Database, LoadGenerator, MariaDb, PagePoller, Person, Proxy, Teahouse, Traffic, long_tests,
    words,
};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::sleep;

const SENDERS: usize = 8;
const MAX_RECOVERY_TIME: Duration = Duration::from_secs(10);
const MAX_RESPONSE_TIME: Duration = Duration::from_secs(10);

/// Starts a Teahouse that connects to its database through a proxy.
async fn server_behind(mariadb: &MariaDb) -> (Proxy, Teahouse) {
    let proxy = Proxy::before(mariadb.port).await;
    let url = mariadb
        .url
        .replace(&mariadb.port.to_string(), &proxy.port.to_string());
    let server = tokio::task::block_in_place(|| Teahouse::on(Database::on(&url), &[]));
    (proxy, server)
}

/// Creates rooms with the form. Returns the count of each status.
async fn create_rooms(person: &Person, count: usize) -> BTreeMap<u16, usize> {
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
async fn connection_lost_between_commit_and_response_duplicates_and_loses_nothing() {
    let Some(mariadb) = MariaDb::start() else {
        return;
    };
    let (proxy, server) = server_behind(&mariadb).await;
    let senders = LoadGenerator::paced(&server, SENDERS, Duration::from_millis(20)).await;
    let reader = senders.people[0].clone();
    proxy.cut_every(10);
    let messages = if long_tests() { 1000 } else { 200 };
    senders
        .until_acked(messages, Duration::from_secs(120))
        .await;
    // A slow machine stores more messages per commit.
    while proxy.counts().1 < 5 {
        senders.until_acked(50, Duration::from_secs(60)).await;
    }
    let record = senders.stop().await;
    let (commits, cuts) = proxy.counts();
    // Requests without an idempotency key report that the outcome is unknown.
    proxy.cut_every(2);
    let rooms = create_rooms(&reader, 10).await;
    proxy.cut_every(0);
    server.audit(&record, &reader).await;
    println!("{cuts} of {commits} commits cut; responses to new rooms: {rooms:?}");
    let all_match = rooms.keys().all(|status| matches!(status, 303 | 503));
    assert!(all_match, "{rooms:?}");
    assert!(record.acked.len() >= messages);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_survives_a_network_that_drops_all_packets() {
    let Some(mariadb) = MariaDb::start() else {
        return;
    };
    let (proxy, server) = server_behind(&mariadb).await;
    let senders = LoadGenerator::paced(&server, SENDERS, Duration::from_millis(5)).await;
    let reader = senders.people[0].clone();
    // More requests than the pool has connections.
    let pages = words("/rooms/1 /rooms /people /api/rooms /api/auth_user");
    let more = words("/api/rooms/1 /api/rooms/1/messages /rooms/1/messages /readyz /healthz");
    let poller = [
        PagePoller::start(&reader, &pages),
        PagePoller::start(&reader, &more),
    ];
    let lengths = if long_tests() {
        vec![1, 4, 20]
    } else {
        vec![1, 4]
    };
    for seconds in lengths {
        senders.until_acked(100, Duration::from_secs(60)).await;
        proxy.set_traffic(Traffic::Drop);
        sleep(Duration::from_secs(seconds)).await;
        proxy.set_traffic(Traffic::Forward);
        let posts = senders.until_acked(SENDERS, MAX_RECOVERY_TIME).await;
        let start = tokio::time::Instant::now();
        while reader.get("/rooms/1").await.status() != 200 {
            assert!(start.elapsed() < MAX_RECOVERY_TIME, "pages work again");
        }
        let pages = start.elapsed();
        println!("dropped for {seconds} s: posts work after {posts:?}, pages {pages:?} later");
    }
    let record = senders.stop().await;
    let mut results = BTreeMap::new();
    for poller in poller {
        results.extend(poller.stop().await);
    }
    println!("pages: {results:?}");
    server.audit(&record, &reader).await;
    assert_eq!(record.lost_sockets, 0);
    assert!(record.slowest < MAX_RESPONSE_TIME);
    let all_match = results
        .values()
        .all(|results| results.slowest < MAX_RESPONSE_TIME);
    assert!(all_match, "{results:?}");
}
