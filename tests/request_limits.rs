//! Timeouts and size limits of requests.

use crate::limits::server_with;
use crate::support::raw_http::{connect, status};
use crate::support::{TIMEOUT, Teahouse, pairs};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Sends bytes on a new connection, then waits. Returns what the server sends until it closes.
async fn exchange_then_wait(server: &Teahouse, bytes: &[u8]) -> String {
    let mut stream = connect(server).await;
    stream.write_all(bytes).await.expect("sent");
    read_to_close(&mut stream).await
}

pub async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut response = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = timeout(TIMEOUT, stream.read(&mut buffer)).await;
        match read.expect("the server closes in time") {
            Ok(n) if n > 0 => response.extend_from_slice(&buffer[..n]),
            _ => return String::from_utf8_lossy(&response).into_owned(),
        }
    }
}

/// Timeouts that are short enough for a test.
const SHORT: &str = "server.head_seconds=1 server.body_seconds=1 server.idle_seconds=1";

const FORM: &str = "POST /login HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n";

#[tokio::test]
async fn slow_heads_bodies_and_pauses_time_out() {
    let server = server_with(&pairs(SHORT));
    let healthy = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let cases = [
        ("nothing", String::new(), vec![408]),
        ("half a head", "GET / HTTP/1.1\r\nHo".to_owned(), vec![408]),
        ("a pause", healthy.to_owned(), vec![200]),
        (
            "half a second head",
            format!("{healthy}GET / HT"),
            vec![200],
        ),
        (
            "half a form",
            format!("{FORM}Content-Length: 50\r\n\r\nphone=1"),
            vec![408],
        ),
        (
            "half a chunk",
            format!("{FORM}Transfer-Encoding: chunked\r\n\r\n40\r\nphone=1"),
            vec![408],
        ),
        (
            "half of some JSON",
            "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Content-Length: 50\r\n\r\n{\"phone\":"
                .to_owned(),
            vec![408],
        ),
        (
            "half a body that is not needed",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc".to_owned(),
            vec![200],
        ),
        (
            "half a chunk that is not needed",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nabc"
                .to_owned(),
            vec![200],
        ),
    ];
    let cases = cases.map(|(what, bytes, wanted)| {
        let server = &server;
        async move {
            let start = Instant::now();
            let response = exchange_then_wait(server, bytes.as_bytes()).await;
            let codes = statuses(&response);
            let took = start.elapsed();
            assert_eq!(codes, wanted, "{what}: {response}");
            assert!(took < Duration::from_secs(5), "{what}: {took:?}");
        }
    });
    futures_util::future::join_all(cases).await;
    let slow_heads = [
        "GET / HTTP/1.1\r\nX: ".to_owned(),
        format!("{FORM}Content-Length: 5000\r\n\r\n"),
    ];
    for head in slow_heads {
        let mut stream = connect(&server).await;
        stream.write_all(head.as_bytes()).await.expect("sent");
        let (mut reader, mut writer) = stream.into_split();
        let sending = tokio::spawn(async move {
            while writer.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let mut response = [0; 12];
        let read = timeout(TIMEOUT, reader.read_exact(&mut response)).await;
        read.expect("in time").expect("a response");
        assert_eq!(&response, b"HTTP/1.1 408");
        sending.abort();
    }
    // After a response, the time for the next request is not extended.
    let mut stream = connect(&server).await;
    stream.write_all(healthy.as_bytes()).await.expect("sent");
    let mut response = [0; 12];
    stream.read_exact(&mut response).await.expect("a response");
    assert_eq!(&response, b"HTTP/1.1 200");
    stream.write_all(b"GET / HT").await.expect("sent");
    let rest = read_to_close(&mut stream).await;
    assert!(rest.contains("HTTP/1.1 408"), "{rest}");
    server.wait_for_at_most_connections(0, TIMEOUT).await;
}

/// Returns the status of each response.
fn statuses(responses: &str) -> Vec<u16> {
    let rests = responses.split("HTTP/1.1 ").skip(1);
    rests
        .map(|rest| {
            rest.get(..3)
                .and_then(|code| code.parse().ok())
                .unwrap_or_default()
        })
        .collect()
}

#[tokio::test]
async fn oversized_and_contradictory_requests_are_rejected() {
    let server = server_with(&pairs(SHORT));
    let large = "a".repeat(70_000);
    let chunks = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    let headers: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let get = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
    let json = FORM
        .replace("/login", "/api/login")
        .replace("x-www-form-urlencoded", "json");
    let form = |rest: &str| format!("{FORM}{rest}");
    let long = "a".repeat(200_000);
    let (sized, in_chunks) = (
        format!("Content-Length: 70000\r\n\r\n{large}"),
        format!("{chunked}\r\n{chunks}"),
    );
    let cases = [
        ("a large form", form(&sized), 413),
        (
            "a form with a large declared length",
            form("Content-Length: 99999999999\r\n\r\nphone=1"),
            413,
        ),
        ("a large form in chunks", form(&in_chunks), 413),
        ("large JSON", format!("{json}{sized}"), 413),
        ("large JSON in chunks", format!("{json}{in_chunks}"), 413),
        (
            "a length and chunks",
            form(&format!("Content-Length: 3\r\n{in_chunks}")),
            400,
        ),
        (
            "two lengths",
            form("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
            400,
        ),
        (
            "an invalid length",
            form("Content-Length: many\r\n\r\nabcd"),
            400,
        ),
        (
            "a negative length",
            form("Content-Length: -1\r\n\r\nabcd"),
            400,
        ),
        (
            "a chunk without a size",
            form(&format!("{chunked}\r\nzz\r\n")),
            400,
        ),
        ("200 headers", format!("{get}{headers}\r\n"), 431),
        ("a large header", format!("{get}X: {long}\r\n\r\n"), 431),
        (
            "a large path",
            format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
            431,
        ),
        ("no HTTP", "hello, is this SMTP?\r\n\r\n".to_owned(), 400),
    ];
    for (what, bytes, wanted) in cases {
        let response = exchange_all(&server, bytes.as_bytes()).await;
        assert_eq!(status(&response), wanted, "{what}: {response:.300}");
    }
    // The excess of a body over its declared length is an invalid next request.
    let long = form("Content-Length: 8\r\n\r\nphone=1&password=2");
    let response = exchange_then_wait(&server, long.as_bytes()).await;
    let codes = statuses(&response);
    assert_eq!(codes, [422, 400], "{response}");
}

/// Like [`exchange_then_wait`], but the server may close before it has read everything.
async fn exchange_all(server: &Teahouse, bytes: &[u8]) -> String {
    let stream = connect(server).await;
    let (mut reader, mut writer) = stream.into_split();
    let bytes = bytes.to_vec();
    let sending = tokio::spawn(async move {
        let _ = writer.write_all(&bytes).await;
        writer
    });
    let mut head = vec![0; 512];
    let read = timeout(TIMEOUT, reader.read(&mut head)).await;
    let length = read.expect("in time").unwrap_or_default();
    sending.abort();
    String::from_utf8_lossy(&head[..length]).into_owned()
}
