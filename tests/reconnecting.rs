//! Clients that are disconnected repeatedly end with every change, in order.

use crate::support::{Follower, LOBBY, LastVersion, Socket, Teahouse, long_tests, message_states};
use rand::RngExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

const WRITES_PER_SECOND: u64 = 20;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reconnects at random intervals until the last change is known, and then reads up to it.
async fn reconnecting(mut follower: Follower, last: LastVersion, stretch: u64) -> Follower {
    while !follower.has(&last) {
        let stretch = match *last.borrow() {
            None => Duration::from_millis(20 + rand::random_range(0..2 * stretch)),
            Some(_) => TIMEOUT,
        };
        follower.listen(Instant::now() + stretch, &last).await;
    }
    follower
}

/// Posts a message, or edits or deletes an earlier one; returns the message or the ack.
async fn write(socket: &mut Socket, n: u64) -> Value {
    let (what, seq) = {
        let mut rng = rand::rng();
        (rng.random_range(0..10), rng.random_range(1..=n.max(1)))
    };
    let frame = match what {
        0 | 1 if n > 0 => {
            json!({"type": "edit", "roomId": LOBBY, "seq": seq, "content": format!("changed at {n}")})
        }
        2 if n > 0 => json!({"type": "delete", "roomId": LOBBY, "seq": seq}),
        _ => return socket.say(&format!("message {n}")).await,
    };
    socket.discard_pending().await;
    socket.send(frame).await;
    // A deleted message cannot be edited.
    let answer = socket.first_of(&["message", "error"]).await;
    match answer["type"].as_str() {
        Some("message") => answer,
        _ => socket.say(&format!("message {n}")).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_disconnected_at_random_receive_every_change_once() {
    let (count, seconds) = if long_tests() { (50, 60) } else { (20, 10) };
    let server = Teahouse::start();
    let writer = crate::support::Person::register(&server, "writer").await;
    let (tell, last) = watch::channel(None);
    // In the long form each client is disconnected at least twenty times.
    let stretch = if long_tests() { 1_200 } else { 300 };
    let connect = |member: crate::support::Member| {
        let follower = Follower::new(member.request());
        tokio::spawn(reconnecting(follower, last.clone(), stretch))
    };
    let clients: Vec<_> = server.add_members(count).into_iter().map(connect).collect();
    let mut pace = interval(Duration::from_millis(1000 / WRITES_PER_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut socket = writer.socket().await;
    let (mut said, mut ver) = (0, 0);
    for _ in 0..WRITES_PER_SECOND * seconds {
        pace.tick().await;
        let answer = write(&mut socket, said).await;
        ver = answer["ver"].as_u64().expect("ver");
        said = said.max(answer["seq"].as_u64().expect("seq"));
    }
    tell.send(Some(ver)).expect("clients are listening");
    let wanted = message_states(&writer.whole_history(LOBBY).await);
    assert_eq!(wanted.len() as u64, said);
    let mut cuts = 0;
    for client in clients {
        let client = timeout(TIMEOUT, client).await;
        let client = client
            .expect("the client reads to the end")
            .expect("no panic");
        assert_eq!(client.kept, wanted);
        assert!(client.sockets > 10, "only {} sockets", client.sockets);
        cuts += client.sockets - 1;
    }
    println!(
        "{count} clients disconnected {cuts} times during {ver} changes; all complete, in order"
    );
    server.audit_rooms();
}
