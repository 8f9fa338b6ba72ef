//! All readers see a room's messages in the same order, the database's.

use crate::support::{Follower, LOBBY, LoadGenerator, Teahouse, long_tests, message_states, until};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

const SENDERS: usize = 8;
/// Upper limit for the whole test.
const TIMEOUT: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_readers_receive_messages_in_database_order() {
    let (count, total) = if long_tests() {
        (200, 2_000)
    } else {
        (40, 400)
    };
    let server = Teahouse::start();
    let (tell, last) = watch::channel(None);
    let connected = Arc::new(AtomicUsize::default());
    let mut readers = Vec::new();
    for member in server.add_members(count) {
        let (last, connected) = (last.clone(), connected.clone());
        readers.push(tokio::spawn(async move {
            let mut reader = Follower::new(member.request());
            reader.connected = connected;
            // A connection may be refused while all readers connect at once.
            while !reader.listen(Instant::now() + TIMEOUT, &last).await {
                sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(reader.closed_with, [], "{} was disconnected", member.name);
            reader
        }));
    }
    until("all readers are connected", async || {
        connected.load(Ordering::SeqCst) == count
    })
    .await;
    let senders = LoadGenerator::paced(&server, SENDERS, Duration::from_millis(40)).await;
    let reader = senders.people[0].clone();
    senders.until_acked(total, Duration::from_secs(300)).await;
    let record = senders.stop().await;
    let stored = server.audit(&record, &reader).await;
    tell.send(Some(stored as u64))
        .expect("readers are listening");
    let wanted = message_states(&reader.whole_history(LOBBY).await);
    for reader in readers {
        let reader = timeout(Duration::from_secs(120), reader).await;
        let reader = reader
            .expect("the reader receives every message")
            .expect("no panic");
        assert_eq!(reader.kept, wanted);
    }
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for message in wanted.values() {
        let (name, number) = message
            .content
            .split_once(" says ")
            .expect("a sender's text");
        let next = said.entry(name).or_default();
        assert_eq!(number.parse(), Ok(*next), "{name} is out of order");
        *next += 1;
    }
    assert_eq!(said.len(), SENDERS);
    println!("{SENDERS} senders, {count} readers: {stored} messages in one order for all");
}
