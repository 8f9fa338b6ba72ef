//! Users who chat while a test does something else.

use super::{LOBBY, Socket, TIMEOUT};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Posts one message per turn, 1/20 s after the previous user's. Returns the ack times.
async fn post_in_turn(
    mut socket: Socket,
    turn: usize,
    people: usize,
    stop: Arc<AtomicBool>,
) -> (Socket, Vec<Duration>) {
    let round = Duration::from_millis(50) * u32::try_from(people).expect("few");
    let mut next = Instant::now()
        + round * u32::try_from(turn).expect("few") / u32::try_from(people).expect("few");
    let mut times = Vec::new();
    loop {
        while Instant::now() < next {
            socket.next_before(next).await;
        }
        if stop.load(Relaxed) {
            return (socket, times);
        }
        let sent = Instant::now();
        let id = socket.post(LOBBY, "a word among friends").await;
        loop {
            let frame = socket.next_before(sent + TIMEOUT).await;
            let ended = socket.closed_with;
            let frame = frame.unwrap_or_else(|| panic!("person {turn}: no frame, {ended:?}"));
            assert_ne!(frame["type"], "error", "{frame}");
            if frame["type"] == "ack" && frame["clientId"] == id {
                break;
            }
        }
        times.push(sent.elapsed());
        next += round;
    }
}

/// Lets all users chat during an action. Returns the sorted ack times and the sockets.
pub async fn chat_during(
    sockets: Vec<Socket>,
    action: impl Future<Output = ()>,
) -> (Vec<Duration>, Vec<Socket>) {
    let stop = Arc::new(AtomicBool::new(false));
    let people = sockets.len();
    let mut tasks = JoinSet::new();
    for (turn, socket) in sockets.into_iter().enumerate() {
        tasks.spawn(post_in_turn(socket, turn, people, stop.clone()));
    }
    action.await;
    stop.store(true, Relaxed);
    let (mut times, mut sockets) = (Vec::new(), Vec::new());
    while let Some(result) = tasks.join_next().await {
        let (socket, own) = result.expect("each message is acknowledged");
        sockets.push(socket);
        times.extend(own);
    }
    times.sort();
    (times, sockets)
}

/// Returns the p99 of ack times and a summary.
pub fn latency_summary(times: &[Duration]) -> (Duration, String) {
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let text = format!(
        "{} acks: p50 {:.1?}, p99 {:.1?}, max {:.1?}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    (at(0.99), text)
}
