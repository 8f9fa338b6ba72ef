//! People who talk to each other while something else happens.

use super::{LOBBY, PATIENCE, Socket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// One of all who speak in turn, each message 1/20 s after the one before. Returns how long each ack took.
async fn talk(
    mut socket: Socket,
    turn: usize,
    people: usize,
    stop: Arc<AtomicBool>,
) -> (Socket, Vec<Duration>) {
    let round = Duration::from_millis(50) * u32::try_from(people).expect("few");
    let mut next = Instant::now()
        + round * u32::try_from(turn).expect("few") / u32::try_from(people).expect("few");
    let mut took = Vec::new();
    loop {
        while Instant::now() < next {
            socket.next_before(next).await;
        }
        if stop.load(Relaxed) {
            return (socket, took);
        }
        let sent = Instant::now();
        let id = socket.post(LOBBY, "a word among friends").await;
        loop {
            let frame = socket.next_before(sent + PATIENCE).await;
            let frame = frame.unwrap_or_else(|| panic!("person {turn} hears nothing any more"));
            assert_ne!(frame["type"], "error", "{frame}");
            if frame["type"] == "ack" && frame["clientId"] == id {
                break;
            }
        }
        took.push(sent.elapsed());
        next += round;
    }
}

/// Lets everybody talk while something happens; the acks' times, sorted, and everybody's sockets.
pub async fn meanwhile(
    sockets: Vec<Socket>,
    what: impl Future<Output = ()>,
) -> (Vec<Duration>, Vec<Socket>) {
    let stop = Arc::new(AtomicBool::new(false));
    let people = sockets.len();
    let mut talking = JoinSet::new();
    for (turn, socket) in sockets.into_iter().enumerate() {
        talking.spawn(talk(socket, turn, people, stop.clone()));
    }
    what.await;
    stop.store(true, Relaxed);
    let (mut times, mut sockets) = (Vec::new(), Vec::new());
    while let Some(talked) = talking.join_next().await {
        let (socket, took) = talked.expect("they were heard");
        sockets.push(socket);
        times.extend(took);
    }
    times.sort();
    (times, sockets)
}

/// How long 99 of 100 acks took at most, and all of it in words.
pub fn told(times: &[Duration]) -> (Duration, String) {
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
