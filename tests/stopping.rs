//! Orderly shutdown.

use crate::support::{
    Follower, LOBBY, LastVersion, LoadGenerator, RawSocket, Teahouse, field_values, long_tests,
    message_states,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const STOPPED_WITHIN: Duration = Duration::from_secs(5);
/// All clients have reconnected within this time.
const RECONNECTED_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn shutdown_closes_sockets_with_1001_and_keeps_acknowledged_messages() {
    let (mut server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut one, mut two, mut three) =
        (ming.socket().await, ming.socket().await, ana.socket().await);
    for n in 0..50 {
        one.post(LOBBY, &format!("message {n}")).await;
    }
    one.expect("ack").await;
    server.terminate();
    for socket in [&mut one, &mut two, &mut three] {
        assert_eq!(socket.close_code(STOPPED_WITHIN).await, 1001);
    }
    let status = server
        .wait_for_exit(STOPPED_WITHIN)
        .expect("the server stops");
    assert_eq!(status.code(), Some(0), "{status}");
    let acked = 1 + one.buffered("ack").len();
    assert!(server.count("messages") >= acked as i64);
    server.restart();
    let history = ming.whole_history(LOBBY).await;
    let wanted = Vec::from_iter(1..=history.len());
    assert_eq!(field_values(&history, "seq"), wanted);
}

#[tokio::test]
async fn stalled_clients_do_not_delay_the_shutdown() {
    let (mut server, [ming]) = Teahouse::with_users(["Ming"]).await;
    // A socket that answers nothing, an unfinished request and an idle connection.
    let _socket = RawSocket::open(&ming).await;
    let connect = async || tokio::net::TcpStream::connect(server.host()).await;
    let mut half = connect().await.expect("a connection");
    let request = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nphone=";
    half.write_all(request).await.expect("sent");
    let _idle = connect().await.expect("a connection");
    assert_eq!(ming.get("/healthz").await.status(), 200);
    let started = Instant::now();
    server.terminate();
    let status = server
        .wait_for_exit(STOPPED_WITHIN)
        .expect("the server stops within 5 s");
    let took = started.elapsed();
    assert_eq!(status.code(), Some(0), "{status} after {took:?}");
}

/// Reads until it has every message and reconnects as our own clients do: within 5 s after close code 1001,
/// and sooner after a rejected connection.
async fn reconnecting(mut follower: Follower, last: LastVersion) -> Follower {
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

/// Waits until `count` clients are connected; returns how long that took.
async fn all_connected(connected: &AtomicUsize, count: usize) -> Duration {
    let start = Instant::now();
    while connected.load(Ordering::SeqCst) < count {
        let is_in_time = start.elapsed() < RECONNECTED_WITHIN * 5;
        assert!(is_in_time, "the clients do not connect");
        sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_reconnect_after_a_restart_and_miss_no_message() {
    let count = if long_tests() { 500 } else { 60 };
    let mut server = Teahouse::start();
    let (tell, last) = watch::channel(None);
    let connected = Arc::new(AtomicUsize::default());
    let start = |member: crate::support::Member| {
        let mut follower = Follower::new(member.request());
        follower.connected = connected.clone();
        tokio::spawn(reconnecting(follower, last.clone()))
    };
    let crowd: Vec<_> = server.add_members(count).into_iter().map(start).collect();
    all_connected(&connected, count).await;
    let senders = LoadGenerator::paced(&server, 8, Duration::from_millis(400)).await;
    let reader = senders.people[0].clone();
    senders.until_acked(60, Duration::from_secs(60)).await;
    let start = Instant::now();
    server.terminate();
    let status = server
        .wait_for_exit(STOPPED_WITHIN * 2)
        .expect("the server stops");
    let stopped = start.elapsed();
    assert_eq!(status.code(), Some(0), "{status} after {stopped:?}");
    server.restart();
    let back = all_connected(&connected, count).await;
    senders.until_acked(60, Duration::from_secs(60)).await;
    let record = senders.stop().await;
    let stored = server.audit(&record, &reader).await;
    tell.send(Some(stored as u64))
        .expect("clients are listening");
    let wanted = message_states(&reader.whole_history(LOBBY).await);
    for follower in crowd {
        let follower = timeout(Duration::from_secs(60), follower).await;
        let follower = follower
            .expect("the client receives every message")
            .expect("no panic");
        assert_eq!(follower.closed_with, [Some(1001)]);
        assert_eq!(follower.kept, wanted);
    }
    println!(
        "{count} sockets and 8 senders: stopped in {stopped:?}, all back after {back:?}; {} acknowledged, \
         {stored} stored, all clients complete",
        record.acked.len()
    );
}
