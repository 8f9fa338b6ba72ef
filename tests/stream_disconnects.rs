//! Disconnected event streams are detected: their subscriber, presence and descriptor are released.

use crate::support::raw_http::connect;
use crate::support::{LOBBY, Person, RawSocket, TIMEOUT, Teahouse, until};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Maximum time until a disconnect is detected.
const MAX_DETECTION_TIME: Duration = Duration::from_secs(5);
/// Size of a pipelined request that exceeds the server's read buffer.
const PIPELINED_BYTES: usize = 400 * 1024;

/// How a client disconnects.
#[derive(Debug, Clone, Copy)]
enum Disconnect {
    /// Closes the connection.
    Fin,
    /// Shuts down its sending half and keeps reading.
    HalfClose,
    /// Resets the connection.
    Reset,
}

/// Opens an event stream of a client that shows the Lobby and sends `pipelined` bytes after its request.
async fn stream(person: &Person, path: &str, pipelined: usize) -> TcpStream {
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
        let read = timeout(TIMEOUT, stream.read(&mut buffer)).await;
        let read = read.expect("a response").expect("bytes");
        assert!(read > 0, "{text}");
        text += &String::from_utf8_lossy(&buffer[..read]);
    }
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    if pipelined > 0 {
        let junk = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(pipelined / 36);
        // Sends what fits; the rest waits in the kernel.
        let _ = timeout(
            Duration::from_millis(300),
            stream.write_all(junk.as_bytes()),
        )
        .await;
    }
    stream
}

async fn expect_closed(server: &Teahouse) {
    server
        .wait_for_at_most_connections(0, MAX_DETECTION_TIME)
        .await;
}

/// Disconnects, and returns the stream if it is still readable.
async fn disconnect(mut stream: TcpStream, how: Disconnect) -> Option<TcpStream> {
    match how {
        Disconnect::Fin => None,
        Disconnect::HalfClose => {
            stream.shutdown().await.expect("a half-close");
            Some(stream)
        }
        Disconnect::Reset => {
            let socket = socket2::SockRef::from(&stream);
            socket.set_linger(Some(Duration::ZERO)).expect("a linger");
            None
        }
    }
}

#[tokio::test]
async fn closed_stream_releases_its_descriptor_at_once() {
    let (server, [li]) = Teahouse::with_users(["Li"]).await;
    server.wait_for_connections(0).await;
    for path in ["/api/events?view=1", "/api/events", "/api/messages"] {
        for pipelined in [0, PIPELINED_BYTES] {
            for how in [Disconnect::Fin, Disconnect::HalfClose, Disconnect::Reset] {
                let open = stream(&li, path, pipelined).await;
                server.wait_for_connections(1).await;
                println!("{path}, {how:?}, {pipelined} bytes pipelined");
                let rest = disconnect(open, how).await;
                expect_closed(&server).await;
                drop(rest);
            }
        }
    }
}

#[tokio::test]
async fn stream_closed_before_its_response_begins_is_detected() {
    let (server, [li]) = Teahouse::with_users(["Li"]).await;
    server.wait_for_connections(0).await;
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nCookie: {}\r\n\r\n",
        server.host(),
        li.cookie()
    );
    let mut early = connect(&server).await;
    early.write_all(request.as_bytes()).await.expect("sent");
    early.shutdown().await.expect("a half-close");
    let mut response = String::new();
    let read = timeout(MAX_DETECTION_TIME, early.read_to_string(&mut response)).await;
    assert!(read.is_ok(), "the stream is still open: {response}");
    expect_closed(&server).await;
}

#[tokio::test]
async fn closing_a_stream_ends_presence() {
    let (_server, [li, ana]) = Teahouse::with_users(["Li", "Ana"]).await;
    let mut socket = ana.socket().await;
    socket.view(LOBBY).await;
    let shows_li = |frame: &Value| frame["online"].to_string().contains("Li");
    for how in [Disconnect::Fin, Disconnect::HalfClose, Disconnect::Reset] {
        let open = stream(&li, "/api/events?view=1", 0).await;
        socket.expect_where("presence", shows_li).await;
        let since = Instant::now();
        let rest = disconnect(open, how).await;
        socket
            .expect_where("presence", |frame| !shows_li(frame))
            .await;
        let took = since.elapsed();
        assert!(took < MAX_DETECTION_TIME, "{how:?}: {took:?}");
        drop(rest);
    }
}

#[tokio::test]
async fn reconnecting_repeatedly_is_never_rejected() {
    let server = Teahouse::with(&[("TEAHOUSE__THROTTLE__ENABLED", "true")]);
    let li = Person::register(&server, "Li").await;
    // More than the limit of simultaneous connections.
    for how in [Disconnect::Fin, Disconnect::HalfClose, Disconnect::Reset] {
        for _ in 0..12 {
            let open = stream(&li, "/api/events", 0).await;
            let rest = disconnect(open, how).await;
            expect_closed(&server).await;
            drop(rest);
        }
    }
}

#[tokio::test]
async fn half_closed_request_still_gets_a_response() {
    let server = Teahouse::start();
    let request = format!("GET /login HTTP/1.1\r\nHost: {}\r\n\r\n", server.host());
    let mut stream = connect(&server).await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("a half-close");
    let mut response = String::new();
    let read = timeout(TIMEOUT, stream.read_to_string(&mut response)).await;
    read.expect("a response").expect("text");
    assert!(response.contains("</html>"), "{response}");
}

#[tokio::test]
async fn connection_that_answers_no_ping_is_closed_and_others_stay_open() {
    let server = Teahouse::configured("socket.ping_seconds=1 socket.pong_seconds=1");
    let li = Person::register(&server, "Li").await;
    let lively = li.socket().await;
    let mut silent = RawSocket::open(&li).await;
    silent.expect("hello").await;
    until("both are connected", async || server.connections() >= 2).await;
    // One socket answers pings while it is read; the other never does.
    let reading = tokio::spawn(async move {
        let mut lively = lively;
        lively
            .next_before(Instant::now() + MAX_DETECTION_TIME)
            .await;
    });
    server
        .wait_for_at_most_connections(1, MAX_DETECTION_TIME)
        .await;
    reading.abort();
}
