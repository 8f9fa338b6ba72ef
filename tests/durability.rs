//! What was acknowledged stays, whatever happens to the program.

use crate::support::{LOBBY, Senders, Teahouse, long_tests};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SENDERS: usize = 8;
const ACKS_BETWEEN_KILLS: usize = 500;
/// After a start it works within this time.
const READY: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_program_is_killed_again_and_again() {
    let mut house = Teahouse::start();
    let senders = Senders::start(&house, SENDERS).await;
    let reader = senders.people[0].clone();
    let kills = if long_tests() { 20 } else { 5 };
    let mut slowest = Duration::ZERO;
    for kill in 1..=kills {
        senders
            .until_acked(ACKS_BETWEEN_KILLS, Duration::from_secs(120))
            .await;
        sleep(Duration::from_millis(rand::random::<u64>() % 50)).await;
        assert!(senders.in_flight() > 0, "kill {kill}: sends are in flight");
        house.kill9();
        let start = Instant::now();
        house.start_again();
        reader.until_ready().await;
        slowest = slowest.max(start.elapsed());
    }
    let record = senders.stop().await;
    assert!(record.acked.len() > kills * ACKS_BETWEEN_KILLS);
    assert!(slowest < READY * 5, "ready after {slowest:?}");
    let stored = house.audit(&record, &reader).await;
    println!(
        "{kills} kills under {SENDERS} senders: {} sent, {} acknowledged, {stored} stored; ready after {slowest:?} at most",
        record.sent.len(),
        record.acked.len(),
    );
}

#[tokio::test]
async fn after_a_kill_people_are_still_signed_in_and_the_database_is_the_same() {
    let (mut house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let stored = ming.say("before").await;
    let epoch = ming.socket().await.hello["epoch"].clone();
    house.kill9();
    house.start_again();
    let mut socket = ming.socket().await;
    assert_eq!(socket.hello["epoch"], epoch);
    assert_eq!(ming.history(LOBBY).await, [stored]);
    assert_eq!(socket.say("after").await["seq"], 2);
}
