//! An orderly end.

use crate::support::{LOBBY, Person, RawSocket, Teahouse};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

const IN_TIME: Duration = Duration::from_secs(5);

#[tokio::test]
async fn everybody_is_told_and_what_was_acknowledged_is_stored() {
    let mut house = Teahouse::start();
    let (ming, ana) = (
        Person::register(&house, "Ming").await,
        Person::register(&house, "Ana").await,
    );
    let (mut one, mut two, mut three) =
        (ming.socket().await, ming.socket().await, ana.socket().await);
    for n in 0..50 {
        one.post(LOBBY, &format!("message {n}")).await;
    }
    one.expect("ack").await;
    house.ask_to_stop();
    for socket in [&mut one, &mut two, &mut three] {
        assert_eq!(socket.close_code(IN_TIME).await, 1001);
    }
    let status = house.ended(IN_TIME).expect("it ends");
    assert_eq!(status.code(), Some(0), "{status}");
    let acked = 1 + one.taken("ack").len();
    assert!(
        house
            .database()
            .number("SELECT COUNT(*) AS value FROM messages")
            >= acked as i64
    );
    house.start_again();
    let history = ming.whole_history(LOBBY).await;
    let seqs: Vec<_> = history
        .iter()
        .map(|message| message["seq"].as_u64().expect("seq"))
        .collect();
    assert_eq!(seqs, (1..=history.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_can_hold_the_program_up() {
    let mut house = Teahouse::start();
    let ming = Person::register(&house, "Ming").await;
    // A socket that answers nothing, a request that never ends, a connection that says nothing.
    let _socket = RawSocket::open(&ming).await;
    let mut half = tokio::net::TcpStream::connect(house.host())
        .await
        .expect("a connection");
    half.write_all(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nphone=")
        .await
        .expect("sent");
    let _idle = tokio::net::TcpStream::connect(house.host())
        .await
        .expect("a connection");
    assert_eq!(ming.get("/healthz").await.status(), 200);
    let started = Instant::now();
    house.ask_to_stop();
    let status = house.ended(IN_TIME).expect("it ends within five seconds");
    assert_eq!(
        status.code(),
        Some(0),
        "{status} after {:?}",
        started.elapsed()
    );
}
