//! Requests that fail before they reach the application: their responses and log lines.

use crate::support::raw_http::{connect, exchange, status, values};
use crate::support::{Person, TIMEOUT, Teahouse, until, words};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const ALWAYS: &str = "content-security-policy x-content-type-options referrer-policy cross-origin-opener-policy \
    cross-origin-resource-policy permissions-policy";

/// Compares the headers of the last response with those of a response of the application.
async fn check(server: &Teahouse, response: &str, wanted: u16, what: &str) {
    let page = Person::visitor(server).get("/healthz").await;
    let last = response
        .rfind("HTTP/1.")
        .map_or("", |start| &response[start..]);
    assert_eq!(status(last), wanted, "{what}: {response}");
    for name in words(ALWAYS) {
        let own = page.headers()[name].to_str().expect("text");
        assert_eq!(values(last, name), [own], "{what}: {name}");
    }
    assert_eq!(values(last, "cache-control"), ["no-store"], "{what}");
    assert_eq!(values(last, "connection"), ["close"], "{what}");
    assert_eq!(values(last, "content-length"), ["0"], "{what}");
    assert!(last.ends_with("\r\n\r\n"), "{what}: {last}");
}

/// Requests that cannot be parsed: description, bytes, status.
fn malformed() -> Vec<(&'static str, Vec<u8>, u16)> {
    let text = |what, text: &str, status| (what, text.as_bytes().to_vec(), status);
    let many: String = (0..200).map(|n| format!("x{n}: y\r\n")).collect();
    let good = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let login = "GET /login HTTP/1.1\r\nHost: x\r\n\r\n";
    let head = "GET / HTTP/1.1\r\nHost: x\r\n";
    let get =
        |what, headers: &str| text(what, &format!("GET / HTTP/1.1\r\n{headers}\r\n\r\n"), 400);
    let post = |what, headers: &str| {
        let request = format!("POST /login HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n");
        text(what, &request, 400)
    };
    vec![
        text("no HTTP", "hello\r\n\r\n", 400),
        text("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", 400),
        text("no version", "GET /\r\n\r\n", 400),
        text("another version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 400),
        get("a space in a name", "Host: x\r\nA b: c"),
        get("no colon", "Host x"),
        text("no host", "GET / HTTP/1.1\r\n\r\n", 400),
        get("two hosts", "Host: a\r\nHost: b"),
        get("a NUL", "Host: x\r\nA: \0"),
        post("an invalid length", "Content-Length: x"),
        post("two lengths", "Content-Length: 1\r\nContent-Length: 2"),
        post(
            "a length and chunks",
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
        ),
        text(
            "an invalid URL",
            "GET \u{7f} HTTP/1.1\r\nHost: x\r\n\r\n",
            400,
        ),
        text("too many headers", &format!("{head}{many}\r\n"), 431),
        text(
            "an unterminated head",
            &format!("{head}A: {}", "a".repeat(300 * 1024)),
            431,
        ),
        text(
            "invalid data after a request",
            &format!("{good}nonsense\r\n\r\n"),
            400,
        ),
        text(
            "invalid data after several requests",
            &format!("{good}{good}{login}nonsense\r\n\r\n"),
            400,
        ),
    ]
}

#[tokio::test]
async fn error_responses_of_the_http_library_have_the_security_headers() {
    let server = Teahouse::start();
    for (what, request, wanted) in malformed() {
        let response = exchange(server.host(), &request).await;
        check(&server, &response, wanted, what).await;
    }
    let response = exchange(server.host(), b"nonsense\r\n\r\n").await;
    assert!(values(&response, "strict-transport-security").is_empty());
}

#[tokio::test]
async fn error_responses_of_the_http_library_have_hsts_behind_https() {
    let server = Teahouse::with(&[("PUBLIC_ORIGIN", "https://chat.example.org")]);
    let response = exchange(server.host(), b"nonsense\r\n\r\n").await;
    check(&server, &response, 400, "https").await;
    assert_eq!(values(&response, "strict-transport-security").len(), 1);
}

#[tokio::test]
async fn slow_request_head_gets_a_408_with_the_security_headers() {
    let server = Teahouse::with(&[("TEAHOUSE__SERVER__HEAD_SECONDS", "1")]);
    let beginning = "GET / HTTP/1.1\r\nHost: x\r\n";
    let response = exchange(server.host(), beginning.as_bytes()).await;
    check(&server, &response, 408, "the first request").await;
    // actix-http's own timer covers only the first request of a connection.
    let mut stream = connect(&server).await;
    let first = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(first.as_bytes()).await.expect("sent");
    let mut response = String::new();
    let mut buffer = [0; 4096];
    while !response.ends_with("alive\n") {
        let read = stream.read(&mut buffer).await.expect("a response");
        response += &String::from_utf8_lossy(&buffer[..read]);
    }
    stream.write_all(b"GET / HT").await.expect("sent");
    response.clear();
    let read = timeout(TIMEOUT, stream.read_to_string(&mut response)).await;
    read.expect("it ends").expect("text");
    check(&server, &response, 408, "a later request").await;
}

#[tokio::test]
async fn unparsable_requests_do_not_fill_the_log() {
    let server = Teahouse::start();
    for (_, request, _) in malformed() {
        exchange(server.host(), &request).await;
    }
    Person::visitor(&server).get("/login").await;
    server.expect_in_log("/login").await;
    let loud = |line: &&String| line.contains("ERROR") || line.contains("WARN");
    let log = server.log();
    let loud: Vec<_> = log.iter().filter(loud).collect();
    assert!(loud.is_empty(), "{loud:#?}");
    // It is logged at DEBUG.
    let server = Teahouse::with(&[("TEAHOUSE__LOG__FILTER", "info,actix_http=debug")]);
    exchange(server.host(), b"nonsense\r\n\r\n").await;
    until("it is logged at DEBUG", async || {
        let log = server.log();
        let is_it = |line: &String| line.contains("DEBUG") && line.contains("after a client error");
        log.iter().any(is_it)
    })
    .await;
    assert!(!server.log().iter().any(|line| line.contains("ERROR")));
}
