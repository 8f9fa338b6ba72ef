//! Acknowledged messages survive the server's death.

use crate::support::{LOBBY, LoadGenerator, Teahouse, long_tests};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SENDERS: usize = 8;
const ACKS_BETWEEN_KILLS: usize = 500;
/// Maximum time from a start until it is ready.
const MAX_START_TIME: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_messages_survive_repeated_kills() {
    let mut server = Teahouse::start();
    let senders = LoadGenerator::start(&server, SENDERS).await;
    let reader = senders.people[0].clone();
    let kills = if long_tests() { 20 } else { 5 };
    let mut slowest = Duration::ZERO;
    for kill in 1..=kills {
        senders
            .until_acked(ACKS_BETWEEN_KILLS, Duration::from_secs(120))
            .await;
        sleep(Duration::from_millis(rand::random::<u64>() % 50)).await;
        let is_expected = senders.in_flight() > 0;
        assert!(is_expected, "kill {kill}: messages are in flight");
        server.kill();
        let start = Instant::now();
        server.restart();
        reader.wait_until_ready().await;
        slowest = slowest.max(start.elapsed());
    }
    let record = senders.stop().await;
    assert!(record.acked.len() > kills * ACKS_BETWEEN_KILLS);
    println!("{kills} kills; ready after at most {slowest:?}");
    assert!(slowest < MAX_START_TIME * 5, "ready after {slowest:?}");
    server.audit(&record, &reader).await;
}

#[tokio::test]
async fn sessions_and_database_survive_a_kill() {
    let (mut server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let stored = ming.say("before").await;
    let epoch = ming.socket().await.hello["epoch"].clone();
    server.kill();
    server.restart();
    let mut socket = ming.socket().await;
    assert_eq!(socket.hello["epoch"], epoch);
    assert_eq!(ming.history(LOBBY).await, [stored]);
    assert_eq!(socket.say("after").await["seq"], 2);
}
