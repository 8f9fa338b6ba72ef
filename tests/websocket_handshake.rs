//! The WebSocket upgrade (RFC 6455, section 4.2): accepted requests and the responses to others.

use crate::support::raw_http::{exchange, status, values};
use crate::support::raw_socket::{Frame, RawSocket};
use crate::support::{Person, Teahouse};

/// A valid request, line by line.
const GOOD: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// HTTP version, changed headers, and status.
type Case = (&'static str, &'static [(&'static str, &'static str)], u16);

/// Sends a user's upgrade request with these headers replaced (an empty value removes one).
async fn response(person: &Person, version: &str, changed: &[(&str, &str)], wanted: u16) -> String {
    let host = person.url.trim_start_matches("http://");
    let mut request = format!(
        "GET /ws HTTP/{version}\r\nHost: {host}\r\nCookie: {}\r\n",
        person.cookie()
    );
    let is_changed = |name: &str| changed.iter().any(|(other, _)| *other == name);
    let unchanged = GOOD.iter().filter(|(name, _)| !is_changed(name));
    for (name, value) in unchanged.chain(changed) {
        if !value.is_empty() {
            request += &format!("{name}: {value}\r\n");
        }
    }
    let mut bytes = (request + "\r\n").into_bytes();
    if wanted == 101 {
        // A close frame ends the connection.
        bytes.extend([0x88, 0x80, 0, 0, 0, 0]);
    }
    exchange(host, &bytes).await
}

#[tokio::test]
async fn only_websocket_13_over_http_1_1_is_upgraded() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let cases: &[Case] = &[
        ("1.1", &[], 101),
        ("1.1", &[("Upgrade", "WebSocket")], 101),
        ("1.1", &[("Connection", "keep-alive, Upgrade")], 101),
        ("1.0", &[], 426),
        ("1.0", &[("Connection", "keep-alive, upgrade")], 426),
        ("1.1", &[("Sec-WebSocket-Version", "")], 426),
        ("1.1", &[("Sec-WebSocket-Version", "8")], 426),
        ("1.1", &[("Sec-WebSocket-Version", "7")], 426),
        ("1.1", &[("Sec-WebSocket-Version", "14")], 426),
        ("1.1", &[("Sec-WebSocket-Version", "013")], 426),
        ("1.1", &[("Sec-WebSocket-Version", "13, 8")], 426),
        ("1.1", &[("Sec-WebSocket-Version", "x")], 426),
        (
            "1.1",
            &[
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Version", "8"),
            ],
            426,
        ),
        ("1.1", &[("Upgrade", ""), ("Connection", "close")], 426),
        (
            "1.1",
            &[("Upgrade", "h2c"), ("Connection", "close, upgrade")],
            426,
        ),
        ("1.1", &[("Connection", "close")], 426),
        ("1.1", &[("Sec-WebSocket-Key", "")], 400),
        ("1.1", &[("Sec-WebSocket-Key", "short")], 400),
        (
            "1.1",
            &[("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=!")],
            400,
        ),
        (
            "1.1",
            &[("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZSBpcyBsb25n")],
            400,
        ),
        (
            "1.1",
            &[
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ],
            400,
        ),
    ];
    for (version, changed, wanted) in cases {
        let response = response(&ming, version, changed, *wanted).await;
        let found = status(&response);
        assert_eq!(found, *wanted, "{version} {changed:?}: {response}");
        if *wanted == 426 {
            let what = format!("{version} {changed:?}");
            assert_eq!(values(&response, "sec-websocket-version"), ["13"], "{what}");
            assert_eq!(values(&response, "upgrade"), ["websocket"], "{what}");
        }
    }
    // A request without upgrade headers gets the same response.
    let plain = ming.get("/ws").await;
    assert_eq!(plain.status(), 426);
    assert_eq!(plain.headers()["sec-websocket-version"], "13");
    assert_eq!(Person::visitor(&server).get("/ws").await.status(), 401);
}

#[tokio::test]
async fn non_minimal_payload_length_closes_with_1002() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let ping = br#"{"type":"ping"}"#;
    let short = u8::try_from(ping.len()).expect("short");
    let long = |length: u64| [&[0xFF][..], &length.to_be_bytes()].concat();
    for length in [
        vec![0xFE, 0, short],
        vec![0xFE, 0, 125],
        vec![0xFE, 0, 0],
        long(short.into()),
        long(126),
        long(65_535),
        long(1 << 63),
        long((1 << 63) | u64::from(short)),
        long(u64::MAX),
    ] {
        for first in [0x81, 0x82, 0x01] {
            let mut socket = RawSocket::open(&ming).await;
            let bytes = [&[first][..], &length, &[0; 4], ping].concat();
            socket.write(&bytes).await;
            let end = socket.end().await;
            assert!(matches!(end, Frame::Close(1002)), "{length:?}: {end:?}");
        }
    }
    let mut socket = RawSocket::open(&ming).await;
    let spaces = [b' '; 126 - 15];
    socket
        .write_frame(0x81, &[&ping[..], &spaces].concat())
        .await;
    socket.expect("pong").await;
}
