//! An orderly end.

use crate::support::{Follower, LOBBY, LastVersion, RawSocket, LoadGenerator, Teahouse, message_states, long_tests};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const IN_TIME: Duration = Duration::from_secs(5);
/// Everybody is back within this time.
const BACK: Duration = Duration::from_secs(10);

#[tokio::test]
async fn everybody_is_told_and_what_was_acknowledged_is_stored() {
    let (mut server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut one, mut two, mut three) =
        (ming.socket().await, ming.socket().await, ana.socket().await);
    for n in 0..50 {
        one.post(LOBBY, &format!("message {n}")).await;
    }
    one.expect("ack").await;
    server.terminate();
    for socket in [&mut one, &mut two, &mut three] {
        assert_eq!(socket.close_code(IN_TIME).await, 1001);
    }
    let status = server.wait_for_exit(IN_TIME).expect("it ends");
    assert_eq!(status.code(), Some(0), "{status}");
    let acked = 1 + one.buffered("ack").len();
    assert!(server.count("messages") >= acked as i64);
    server.restart();
    let history = ming.whole_history(LOBBY).await;
    let seqs: Vec<_> = history
        .iter()
        .map(|message| message["seq"].as_u64().expect("seq"))
        .collect();
    assert_eq!(seqs, (1..=history.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_can_hold_the_program_up() {
    let (mut server, [ming]) = Teahouse::with_users(["Ming"]).await;
    // A socket that answers nothing, a request that never ends, a connection that says nothing.
    let _socket = RawSocket::open(&ming).await;
    let mut half = tokio::net::TcpStream::connect(server.host())
        .await
        .expect("a connection");
    half.write_all(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nphone=")
        .await
        .expect("sent");
    let _idle = tokio::net::TcpStream::connect(server.host())
        .await
        .expect("a connection");
    assert_eq!(ming.get("/healthz").await.status(), 200);
    let started = Instant::now();
    server.terminate();
    let status = server.wait_for_exit(IN_TIME).expect("it ends within five seconds");
    assert_eq!(
        status.code(),
        Some(0),
        "{status} after {:?}",
        started.elapsed()
    );
}

/// Listens until it has everything, and comes back as our own clients do: within five seconds after the goodbye, and
/// soon again when it is not let in.
async fn faithful(mut follower: Follower, last: LastVersion) -> Follower {
    let forever = Instant::now() + Duration::from_secs(600);
    pause(2_000).await;
    while !follower.has(&last) {
        match follower.listen(forever.into(), &last).await {
            true => pause(5_000).await,
            false => pause(1_000).await,
        }
    }
    follower
}

async fn pause(most_ms: u64) {
    sleep(Duration::from_millis(rand::random_range(0..most_ms))).await;
}

/// Waits until so many are connected; answers how long that took.
async fn all_here(connected: &AtomicUsize, count: usize) -> Duration {
    let start = Instant::now();
    while connected.load(Ordering::SeqCst) < count {
        assert!(start.elapsed() < BACK * 5, "they do not come");
        sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_told_goodbye_and_is_back_soon_with_everything() {
    let count = if long_tests() { 500 } else { 60 };
    let mut server = Teahouse::start();
    let (tell, last) = watch::channel(None);
    let connected = Arc::new(AtomicUsize::default());
    let crowd: Vec<_> = (server.add_members(count).into_iter())
        .map(|member| {
            let mut follower = Follower::new(member.request());
            follower.connected = connected.clone();
            tokio::spawn(faithful(follower, last.clone()))
        })
        .collect();
    all_here(&connected, count).await;
    let senders = LoadGenerator::paced(&server, 8, Duration::from_millis(400)).await;
    let reader = senders.people[0].clone();
    senders.until_acked(60, Duration::from_secs(60)).await;
    let start = Instant::now();
    server.terminate();
    let status = server.wait_for_exit(IN_TIME * 2).expect("it ends");
    let stopped = start.elapsed();
    assert_eq!(status.code(), Some(0), "{status} after {stopped:?}");
    server.restart();
    let back = all_here(&connected, count).await;
    senders.until_acked(60, Duration::from_secs(60)).await;
    let record = senders.stop().await;
    let stored = server.audit(&record, &reader).await;
    tell.send(Some(stored as u64)).expect("they listen");
    let wanted = message_states(&reader.whole_history(LOBBY).await);
    let mut refused = 0;
    for follower in crowd {
        let follower = timeout(Duration::from_secs(60), follower).await;
        let follower = follower.expect("it hears everything").expect("no panic");
        assert_eq!(follower.closed_with, [Some(1001)]);
        refused += follower.refused;
        assert_eq!(follower.kept, wanted);
    }
    println!(
        "{count} sockets and 8 senders: all told 1001, exit 0 after {stopped:?}, all back after {back:?}, \
         {stored} messages stored, {} acknowledged, {count} complete; \
         {refused} times a sync had to be asked again",
        record.acked.len()
    );
}
