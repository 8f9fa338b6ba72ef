//! Everybody sees a room's messages in one order, which is the database's.

use crate::support::{Follower, LOBBY, LoadGenerator, Teahouse, eventually, message_states, long_tests};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

const SENDERS: usize = 8;
/// Far more than it takes.
const TIMEOUT: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_readers_have_the_same_list_and_it_is_the_databases() {
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
            // Whoever comes when all come at once may have to knock again.
            while !reader.listen(Instant::now() + TIMEOUT, &last).await {
                sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(reader.closed_with, [], "{} was sent away", member.name);
            reader
        }));
    }
    eventually("everybody listens", async || {
        (connected.load(Ordering::SeqCst) == count).then_some(())
    })
    .await;
    let senders = LoadGenerator::paced(&server, SENDERS, Duration::from_millis(40)).await;
    let reader = senders.people[0].clone();
    let time = senders.until_acked(total, Duration::from_secs(300)).await;
    let record = senders.stop().await;
    let stored = server.audit(&record, &reader).await;
    tell.send(Some(stored as u64)).expect("they listen");
    let wanted = message_states(&reader.whole_history(LOBBY).await);
    for reader in readers {
        let reader = timeout(Duration::from_secs(120), reader).await;
        let reader = reader.expect("it hears everything").expect("no panic");
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
    println!(
        "{SENDERS} senders, {count} readers: {stored} messages in {time:?}, {count} identical lists"
    );
}
