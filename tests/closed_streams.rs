//! An event stream whose client is gone is noticed: its seat, its presence and its descriptor are free again.

use crate::support::{LOBBY, PATIENCE, Person, RawSocket, Teahouse, eventually};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// So soon it is noticed.
const SOON: Duration = Duration::from_secs(5);
/// Another request behind the stream's, more than the server takes in.
const BEHIND: usize = 400 * 1024;

/// How a client goes.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    /// It closes the connection.
    Fin,
    /// It closes its sending half, and goes on reading.
    HalfClose,
    /// It resets the connection.
    Reset,
}

/// An event stream that has begun, of a client that shows the Lobby; with `behind` bytes sent after its request.
async fn stream(person: &Person, path: &str, behind: usize) -> TcpStream {
    let host = person.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nCookie: {}\r\n\r\n",
        person.cookie()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut text = String::new();
    while !text.contains("retry:") {
        let mut buffer = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await;
        let read = read.expect("an answer").expect("bytes");
        assert!(read > 0, "{text}");
        text += &String::from_utf8_lossy(&buffer[..read]);
    }
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    if behind > 0 {
        let junk = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(behind / 36);
        // As much as goes: the rest waits in the kernel.
        let _ = timeout(
            Duration::from_millis(300),
            stream.write_all(junk.as_bytes()),
        )
        .await;
    }
    stream
}

/// The client goes; what is still open of it.
async fn leave(mut stream: TcpStream, how: Leaving) -> Option<TcpStream> {
    match how {
        Leaving::Fin => None,
        Leaving::HalfClose => {
            stream.shutdown().await.expect("half a close");
            Some(stream)
        }
        Leaving::Reset => {
            let socket = socket2::SockRef::from(&stream);
            socket.set_linger(Some(Duration::ZERO)).expect("a linger");
            None
        }
    }
}

#[tokio::test]
async fn a_closed_stream_frees_its_descriptor_at_once() {
    let (house, [li]) = Teahouse::with_people(["Li"]).await;
    house.has_connections(0).await;
    for path in ["/api/events?view=1", "/api/events", "/api/messages"] {
        for behind in [0, BEHIND] {
            for how in [Leaving::Fin, Leaving::HalfClose, Leaving::Reset] {
                let open = stream(&li, path, behind).await;
                house.has_connections(1).await;
                let rest = leave(open, how).await;
                let took = house.connections_fall_to(0, SOON).await;
                println!("{path} {how:?} with {behind} bytes behind: {took:?}");
                drop(rest);
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_closed_before_its_answer_begins_is_noticed() {
    let (house, [li]) = Teahouse::with_people(["Li"]).await;
    house.has_connections(0).await;
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nCookie: {}\r\n\r\n",
        house.host(),
        li.cookie()
    );
    let mut early = TcpStream::connect(house.host()).await.expect("one");
    early.write_all(request.as_bytes()).await.expect("sent");
    early.shutdown().await.expect("half a close");
    let mut answer = String::new();
    let read = timeout(SOON, early.read_to_string(&mut answer)).await;
    assert!(read.is_ok(), "the stream goes on: {answer}");
    house.connections_fall_to(0, SOON).await;
}

#[tokio::test]
async fn whoever_closed_a_stream_is_no_longer_there() {
    let (_house, [li, ana]) = Teahouse::with_people(["Li", "Ana"]).await;
    let mut socket = ana.socket().await;
    socket.send(json!({"type": "view", "roomId": LOBBY})).await;
    let shows_li = |frame: &Value| frame["online"].to_string().contains("Li");
    for how in [Leaving::Fin, Leaving::HalfClose, Leaving::Reset] {
        let open = stream(&li, "/api/events?view=1", 0).await;
        socket.expect_where("presence", shows_li).await;
        let since = Instant::now();
        let rest = leave(open, how).await;
        socket
            .expect_where("presence", |frame| !shows_li(frame))
            .await;
        let took = since.elapsed();
        println!("{how:?}: gone after {took:?}");
        assert!(took < SOON, "{how:?}: {took:?}");
        drop(rest);
    }
}

#[tokio::test]
async fn reconnecting_again_and_again_is_never_refused() {
    let house = Teahouse::with(&[("TEAHOUSE__THROTTLE__ENABLED", "true")]);
    let li = Person::register(&house, "Li").await;
    // More than one person may have open at once.
    for how in [Leaving::Fin, Leaving::HalfClose, Leaving::Reset] {
        for _ in 0..12 {
            let open = stream(&li, "/api/events", 0).await;
            let rest = leave(open, how).await;
            house.connections_fall_to(0, SOON).await;
            drop(rest);
        }
    }
}

#[tokio::test]
async fn half_a_close_does_not_cost_an_ordinary_answer() {
    let house = Teahouse::start();
    let request = format!("GET /login HTTP/1.1\r\nHost: {}\r\n\r\n", house.host());
    let mut stream = TcpStream::connect(house.host()).await.expect("one");
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("half a close");
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    read.expect("an answer").expect("text");
    assert!(answer.contains("</html>"), "{answer}");
}

#[tokio::test]
async fn a_socket_that_answers_no_ping_is_gone() {
    let house = Teahouse::with(&[
        ("TEAHOUSE__SOCKET__PING_SECONDS", "1"),
        ("TEAHOUSE__SOCKET__PONG_SECONDS", "1"),
    ]);
    let li = Person::register(&house, "Li").await;
    let lively = li.socket().await;
    let mut silent = RawSocket::open(&li).await;
    silent.expect("hello").await;
    eventually("both are connected", async || {
        (house.connections() >= 2).then_some(())
    })
    .await;
    // One answers pings as long as it is read; the other never does.
    let reading = tokio::spawn(async move {
        let mut lively = lively;
        lively.next_before(Instant::now() + SOON).await;
    });
    house.connections_fall_to(1, SOON).await;
    reading.abort();
}
