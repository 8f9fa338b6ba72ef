//! Requests that never reach the application: what they are answered with, and what the log says of them.

use crate::support::raw_http::{exchange, status, values};
use crate::support::{PATIENCE, Person, Teahouse, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const ALWAYS: [&str; 6] = [
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
];

/// Checks the last response against one that the application made.
async fn check(house: &Teahouse, answer: &str, wanted: u16, what: &str) {
    let page = Person::visitor(house).get("/healthz").await;
    let last = answer.rfind("HTTP/1.").map_or("", |start| &answer[start..]);
    assert_eq!(status(last), wanted, "{what}: {answer}");
    for name in ALWAYS {
        let own = page.headers()[name].to_str().expect("text");
        assert_eq!(values(last, name), [own], "{what}: {name}");
    }
    assert_eq!(values(last, "cache-control"), ["no-store"], "{what}");
    assert_eq!(values(last, "connection"), ["close"], "{what}");
    assert_eq!(values(last, "content-length"), ["0"], "{what}");
    assert!(last.ends_with("\r\n\r\n"), "{what}: {last}");
}

/// Requests that cannot be parsed.
fn malformed() -> Vec<(&'static str, Vec<u8>, u16)> {
    let text = |what, text: &str, status| (what, text.as_bytes().to_vec(), status);
    let many: String = (0..200).map(|n| format!("x{n}: y\r\n")).collect();
    let good = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    vec![
        text("no HTTP", "hello\r\n\r\n", 400),
        text("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", 400),
        text("no version", "GET /\r\n\r\n", 400),
        text("another version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 400),
        text(
            "a space in a name",
            "GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n",
            400,
        ),
        text("no colon", "GET / HTTP/1.1\r\nHost x\r\n\r\n", 400),
        text("no host", "GET / HTTP/1.1\r\n\r\n", 400),
        text(
            "two hosts",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            400,
        ),
        text("a NUL", "GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 400),
        text(
            "a bad length",
            "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
            400,
        ),
        text(
            "two lengths",
            "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        text(
            "length and pieces",
            "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        text(
            "a bad address",
            "GET \u{7f} HTTP/1.1\r\nHost: x\r\n\r\n",
            400,
        ),
        text(
            "too many headers",
            &format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
            431,
        ),
        (
            "a head without end",
            [
                b"GET / HTTP/1.1\r\nHost: x\r\nA: ",
                &vec![b'a'; 300 * 1024][..],
            ]
            .concat(),
            431,
        ),
        text(
            "nonsense behind a request",
            &format!("{good}nonsense\r\n\r\n"),
            400,
        ),
        text(
            "nonsense behind several",
            &format!("{good}{good}GET /login HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n"),
            400,
        ),
    ]
}

#[tokio::test]
async fn responses_made_below_the_application_carry_its_headers() {
    let house = Teahouse::start();
    for (what, request, wanted) in malformed() {
        let answer = exchange(house.host(), &request).await;
        check(&house, &answer, wanted, what).await;
    }
    let answer = exchange(house.host(), b"nonsense\r\n\r\n").await;
    assert!(values(&answer, "strict-transport-security").is_empty());
}

#[tokio::test]
async fn behind_https_they_are_strict_too() {
    let house = Teahouse::with(&[("PUBLIC_ORIGIN", "https://chat.example.org")]);
    let answer = exchange(house.host(), b"nonsense\r\n\r\n").await;
    check(&house, &answer, 400, "https").await;
    assert_eq!(values(&answer, "strict-transport-security").len(), 1);
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_is_answered_with_them() {
    let house = Teahouse::with(&[("TEAHOUSE__SERVER__HEAD_SECONDS", "1")]);
    let beginning = "GET / HTTP/1.1\r\nHost: x\r\n";
    let answer = exchange(house.host(), beginning.as_bytes()).await;
    check(&house, &answer, 408, "the first request").await;
    // For later ones HTTP's own clock no longer runs.
    let mut stream = TcpStream::connect(house.host()).await.expect("one");
    let first = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(first.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with("alive\n") {
        let read = stream.read(&mut buffer).await.expect("an answer");
        answer += &String::from_utf8_lossy(&buffer[..read]);
    }
    stream.write_all(b"GET / HT").await.expect("sent");
    answer.clear();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    read.expect("it ends").expect("text");
    check(&house, &answer, 408, "a later request").await;
}

#[tokio::test]
async fn what_cannot_be_parsed_fills_no_log() {
    let house = Teahouse::start();
    for (_, request, _) in malformed() {
        exchange(house.host(), &request).await;
    }
    Person::visitor(&house).get("/login").await;
    eventually("the last request is logged", async || {
        let log = house.log();
        log.iter().any(|line| line.contains("/login")).then_some(())
    })
    .await;
    let loud = |line: &&String| line.contains("ERROR") || line.contains("WARN");
    let log = house.log();
    let loud: Vec<_> = log.iter().filter(loud).collect();
    assert!(loud.is_empty(), "{loud:#?}");
    // It is there for who looks for it.
    let house = Teahouse::with(&[("TEAHOUSE__LOG__FILTER", "info,actix_http=debug")]);
    exchange(house.host(), b"nonsense\r\n\r\n").await;
    eventually("it is logged at DEBUG", async || {
        let log = house.log();
        let is_it = |line: &String| line.contains("DEBUG") && line.contains("client error");
        log.iter().any(is_it).then_some(())
    })
    .await;
    assert!(!house.log().iter().any(|line| line.contains("ERROR")));
}
