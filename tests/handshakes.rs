//! The upgrade to WebSocket (RFC 6455, section 4.2): which requests become sockets, and what the others are told.

use crate::support::raw::{Frame, RawSocket};
use crate::support::raw_http::{exchange, status, values};
use crate::support::{Person, Teahouse};

/// A good request, line by line.
const GOOD: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// The version of HTTP, the changed headers, and the status.
type Case = (&'static str, &'static [(&'static str, &'static str)], u16);

/// The request of a person with these headers in place of the good ones of the same name (an empty value: without it).
async fn answer(person: &Person, version: &str, changed: &[(&str, &str)], wanted: u16) -> String {
    let host = person.url.trim_start_matches("http://");
    let mut request = format!(
        "GET /ws HTTP/{version}\r\nHost: {host}\r\nCookie: {}\r\n",
        person.cookie()
    );
    let is_changed = |name: &str| changed.iter().any(|(other, _)| *other == name);
    let kept = GOOD.iter().filter(|(name, _)| !is_changed(name));
    for (name, value) in kept.chain(changed) {
        if !value.is_empty() {
            request += &format!("{name}: {value}\r\n");
        }
    }
    let mut bytes = (request + "\r\n").into_bytes();
    if wanted == 101 {
        // A closing frame ends it.
        bytes.extend([0x88, 0x80, 0, 0, 0, 0]);
    }
    exchange(host, &bytes).await
}

#[tokio::test]
async fn only_websocket_13_over_http_1_1_is_upgraded() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
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
        let answer = answer(&ming, version, changed, *wanted).await;
        assert_eq!(status(&answer), *wanted, "{version} {changed:?}: {answer}");
        if *wanted == 426 {
            let what = format!("{version} {changed:?}");
            assert_eq!(values(&answer, "sec-websocket-version"), ["13"], "{what}");
            assert_eq!(values(&answer, "upgrade"), ["websocket"], "{what}");
        }
    }
    // A page that asks for no upgrade at all is told the same.
    let plain = ming.get("/ws").await;
    assert_eq!(plain.status(), 426);
    assert_eq!(plain.headers()["sec-websocket-version"], "13");
    assert_eq!(Person::visitor(&house).get("/ws").await.status(), 401);
}

#[tokio::test]
async fn a_length_with_more_bytes_than_it_needs_closes_with_1002() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
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
