//! Clients connect and disconnect for a long time; neither memory nor file descriptors grow.

use crate::support::{LOBBY, Member, Socket, Teahouse, client_id, long_tests};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// Durations and numbers of clients.
struct Plan {
    members: usize,
    clients: usize,
    warm: Duration,
    measured: Duration,
    /// Allowed growth of memory during the measurement in KiB: five times the promised limit.
    growth: i64,
}

const LONG: Plan = Plan {
    members: 400,
    clients: 300,
    warm: Duration::from_secs(5 * 60),
    measured: Duration::from_secs(15 * 60),
    growth: 5 * 1024 * 15 / 10,
};
/// Short run: detects growth with each client.
const QUICK: Plan = Plan {
    members: 60,
    clients: 40,
    warm: Duration::from_secs(5),
    measured: Duration::from_secs(7),
    growth: 5 * 1024,
};
const RECONNECTS_PER_SECOND: u64 = 5;
const FILE_TOLERANCE: i64 = 20;

/// Starts a client that reads until the task is aborted; `connected` counts clients with a socket.
fn start_client(member: Member, connected: Arc<AtomicUsize>) -> JoinHandle<()> {
    tokio::spawn(async move {
        // Like every client, retries while the server rejects the connection.
        let mut socket = loop {
            match member.connect().await {
                Some(socket) => break socket,
                None => sleep(Duration::from_millis(200)).await,
            }
        };
        let _counted = Counted::new(connected);
        let view = json!({"type": "view", "roomId": "1", "away": false});
        socket.send(view).await;
        loop {
            let deadline = Instant::now() + Duration::from_secs(60);
            socket
                .next_until(deadline)
                .await
                .expect("the socket stays open");
        }
    })
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(connected: Arc<AtomicUsize>) -> Self {
        connected.fetch_add(1, Ordering::SeqCst);
        Self(connected)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Posts a message; retries while the database is too busy.
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

/// Median: short peaks do not change it.
fn median(values: &[i64]) -> i64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[values.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_disconnect_leave_no_memory_or_descriptors() {
    let plan = if long_tests() { LONG } else { QUICK };
    let (server, [writer]) = Teahouse::with_users(["writer"]).await;
    let members = server.add_members(plan.members);
    let mut writing = writer.socket().await;
    // Descriptors that are always open: database, log, listener and the writer's socket.
    let files_without = server.descriptors() as i64;
    let connected = Arc::new(AtomicUsize::default());
    let mut clients: Vec<_> = (members.iter().take(plan.clients))
        .map(|member| start_client(member.clone(), connected.clone()))
        .collect();
    let mut pace = interval(Duration::from_millis(1000 / RECONNECTS_PER_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (start, mut next, mut said, mut samples) = (Instant::now(), plan.clients, 0, Vec::new());
    while start.elapsed() < plan.warm + plan.measured {
        pace.tick().await;
        let gone = rand::random_range(0..clients.len());
        clients[gone].abort();
        clients[gone] = start_client(members[next % members.len()].clone(), connected.clone());
        next += 1;
        if next % 2 == 0 {
            said += 1;
            say(&mut writing, &format!("message {said}")).await;
        }
        if start.elapsed() > plan.warm {
            samples.push(server.memory_kib() as i64);
        }
    }
    let is_running = |client: &JoinHandle<()>| !client.is_finished();
    assert!(clients.iter().all(is_running), "a client lost its socket");
    let part = samples.len() / 10;
    let before = median(&samples[..part]);
    let after = median(&samples[samples.len() - part..]);
    // The last clients are still being closed.
    sleep(Duration::from_secs(2)).await;
    let open = connected.load(Ordering::SeqCst) as i64;
    let files = server.descriptors() as i64 - files_without;
    println!(
        "{open} clients, {} reconnects in {:?}, {said} messages: {before} KiB, at the end {after} KiB; \
         {files} files for {open} sockets",
        next - plan.clients,
        start.elapsed(),
    );
    clients.iter().for_each(JoinHandle::abort);
    let (growth, loose) = (after - before, (files - open).abs());
    assert!(growth < plan.growth, "memory grew by {growth} KiB");
    assert!(loose <= FILE_TOLERANCE, "{files} files for {open} sockets");
    server.audit_rooms();
}
