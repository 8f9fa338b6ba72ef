//! People come and go for a long time, and the program neither grows nor keeps what they left behind.

use crate::support::{LOBBY, Member, Socket, Teahouse, client_id, long_tests};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// How long, and how many.
struct Plan {
    members: usize,
    clients: usize,
    warm: Duration,
    measured: Duration,
    /// KiB that it may grow while it is measured; five times what is promised.
    growth: i64,
}

const LONG: Plan = Plan {
    members: 400,
    clients: 300,
    warm: Duration::from_secs(5 * 60),
    measured: Duration::from_secs(15 * 60),
    growth: 5 * 1024 * 15 / 10,
};
/// What a few seconds can show: nothing that grows with each client.
const QUICK: Plan = Plan {
    members: 60,
    clients: 40,
    warm: Duration::from_secs(5),
    measured: Duration::from_secs(7),
    growth: 5 * 1024,
};
const CHURN_A_SECOND: u64 = 5;
const LOOSE_FILES: i64 = 20;

/// Somebody who listens until the task is ended. `connected` counts those with a socket.
fn come(member: Member, connected: Arc<AtomicUsize>) -> JoinHandle<()> {
    tokio::spawn(async move {
        // As every client does: whoever is not let in for now comes again.
        let mut socket = loop {
            match member.connect().await {
                Some(socket) => break socket,
                None => sleep(Duration::from_millis(200)).await,
            }
        };
        let _here = Here::new(connected);
        socket
            .send(json!({"type": "view", "roomId": "1", "away": false}))
            .await;
        loop {
            let deadline = Instant::now() + Duration::from_secs(60);
            socket.next_until(deadline).await.expect("it stays open");
        }
    })
}

struct Here(Arc<AtomicUsize>);

impl Here {
    fn new(connected: Arc<AtomicUsize>) -> Self {
        connected.fetch_add(1, Ordering::SeqCst);
        Self(connected)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Says something, and again as long as the database is too busy to store it in time.
async fn say(socket: &mut Socket, text: &str) {
    let post = json!({"type": "post", "clientId": client_id(), "roomId": LOBBY, "content": text});
    loop {
        socket.send(post.clone()).await;
        let answer = socket.first_of(&["ack", "error"]).await;
        if answer["type"] == "ack" {
            return;
        }
        assert_eq!(answer["code"], "unavailable", "{answer}");
        sleep(Duration::from_millis(200)).await;
    }
}

/// The middle of the values of a stretch of time, which a moment of work does not move.
fn median(values: &[i64]) -> i64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[values.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_and_goes_for_long_leaves_nothing_behind() {
    let plan = if long_tests() { LONG } else { QUICK };
    let (server, [talker]) = Teahouse::with_users(["talker"]).await;
    let members = server.add_members(plan.members);
    let mut talking = talker.socket().await;
    // Files that are always there: the database's, the log's, the door's, one socket of the talker.
    let files_without = server.descriptors() as i64;
    let connected = Arc::new(AtomicUsize::default());
    let mut clients: Vec<_> = (members.iter().take(plan.clients))
        .map(|member| come(member.clone(), connected.clone()))
        .collect();
    let mut pace = interval(Duration::from_millis(1000 / CHURN_A_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (start, mut next, mut said, mut samples) = (Instant::now(), plan.clients, 0, Vec::new());
    while start.elapsed() < plan.warm + plan.measured {
        pace.tick().await;
        let gone = rand::random_range(0..clients.len());
        clients[gone].abort();
        clients[gone] = come(members[next % members.len()].clone(), connected.clone());
        next += 1;
        if next % 2 == 0 {
            said += 1;
            say(&mut talking, &format!("message {said}")).await;
        }
        if start.elapsed() > plan.warm {
            samples.push(server.memory_kib() as i64);
        }
    }
    assert!(
        clients.iter().all(|client| !client.is_finished()),
        "somebody lost their socket"
    );
    let part = samples.len() / 10;
    let (before, after) = (
        median(&samples[..part]),
        median(&samples[samples.len() - part..]),
    );
    // Who went last is still being let go.
    sleep(Duration::from_secs(2)).await;
    let open = connected.load(Ordering::SeqCst) as i64;
    let files = server.descriptors() as i64 - files_without;
    println!(
        "{open} clients, {} came and went in {:?}, {said} messages: {before} KiB, at the end {after} KiB; \
         {files} files for {open} sockets",
        next - plan.clients,
        start.elapsed(),
    );
    clients.iter().for_each(JoinHandle::abort);
    let tenths: Vec<_> = samples.chunks(part.max(1)).map(median).collect();
    println!("KiB in each tenth of the measured time: {tenths:?}");
    assert!(
        after - before < plan.growth,
        "it grew by {} KiB",
        after - before
    );
    assert!(
        (files - open).abs() <= LOOSE_FILES,
        "{files} files for {open} sockets"
    );
    server.audit_rooms();
}
