//! Clients that are cut off again and again still end with everything, in order.

use crate::support::{Follower, LOBBY, LastVersion, Socket, Teahouse, message_states, long_tests};
use rand::RngExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

const A_SECOND: u64 = 20;
const IN_TIME: Duration = Duration::from_secs(60);

/// Listens in short stretches until the last change is known, and then until it is heard.
async fn restless(mut follower: Follower, last: LastVersion, stretch: u64) -> Follower {
    while !follower.has(&last) {
        let stretch = match *last.borrow() {
            None => Duration::from_millis(20 + rand::random_range(0..2 * stretch)),
            Some(_) => IN_TIME,
        };
        follower.listen(Instant::now() + stretch, &last).await;
    }
    follower
}

/// Says something, and now and then changes or deletes what was said before. Answers the number of the change.
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
    // A message that is deleted already cannot be changed.
    let answer = socket.first_of(&["message", "error"]).await;
    match answer["type"].as_str() {
        Some("message") => answer,
        _ => socket.say(&format!("message {n}")).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_cut_off_at_random_miss_nothing_and_hear_nothing_twice() {
    let (count, seconds) = if long_tests() { (50, 60) } else { (20, 10) };
    let server = Teahouse::start();
    let writer = crate::support::Person::register(&server, "writer").await;
    let (tell, last) = watch::channel(None);
    // In the long form everybody is cut off twenty times or more.
    let stretch = if long_tests() { 1_200 } else { 300 };
    let clients: Vec<_> = (server.add_members(count).into_iter())
        .map(|member| {
            tokio::spawn(restless(
                Follower::new(member.request()),
                last.clone(),
                stretch,
            ))
        })
        .collect();
    let mut pace = interval(Duration::from_millis(1000 / A_SECOND));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut socket = writer.socket().await;
    let (mut said, mut ver) = (0, 0);
    for _ in 0..A_SECOND * seconds {
        pace.tick().await;
        let answer = write(&mut socket, said).await;
        ver = answer["ver"].as_u64().expect("ver");
        said = said.max(answer["seq"].as_u64().expect("seq"));
    }
    tell.send(Some(ver)).expect("they listen");
    let wanted = message_states(&writer.whole_history(LOBBY).await);
    assert_eq!(wanted.len() as u64, said);
    let mut cuts = 0;
    for client in clients {
        let client = timeout(IN_TIME, client)
            .await
            .expect("it hears the end")
            .expect("no panic");
        assert_eq!(client.kept, wanted);
        assert!(client.sockets > 10, "only {} sockets", client.sockets);
        cuts += client.sockets - 1;
    }
    server.audit_rooms();
    let (edited, deleted) = wanted.values().fold((0, 0), |(edited, deleted), message| {
        (
            edited + usize::from(message.is_edited),
            deleted + usize::from(message.is_deleted),
        )
    });
    println!(
        "{count} people cut off {cuts} times in {ver} changes ({said} messages, {edited} edited, {deleted} deleted): \
         all complete, in order"
    );
}
