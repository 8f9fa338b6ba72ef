//! The network between the program and its database fails.

use crate::support::{Database, MariaDb, Proxy, Senders, Teahouse, Visits, Way, long_tests};
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
    let record = senders.stop().await;
    let (commits, cuts) = proxy.counts();
    proxy.cut_every(0);
    let stored = house.audit(&record, &reader).await;
    println!(
        "{cuts} of {commits} commits cut: {stored} stored, {} acknowledged, {} refused and repeated, slowest answer {:?}",
        record.acked.len(),
        record.refused,
        record.slowest
    );
    assert!(cuts >= 3, "{cuts} of {commits}");
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
    let visits = Visits::start(&reader, &["/rooms/1", "/api/rooms", "/healthz"]);
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
    let seen = visits.stop().await;
    let stored = house.audit(&record, &reader).await;
    println!(
        "{stored} stored, {} refused, slowest answer {:?}, sockets lost {}; pages: {seen:?}",
        record.refused, record.slowest, record.lost_sockets
    );
    assert_eq!(record.lost_sockets, 0);
    assert!(record.slowest < ANSWER);
    assert!(seen.values().all(|seen| seen.slowest < ANSWER), "{seen:?}");
}
