//! WebSocket clients that violate the protocol get a defined error, and other clients are not affected.

use crate::support::raw_socket::{Frame, frame};
use crate::support::{LOBBY, Person, RawSocket, Teahouse, client_id, field_values, short_timeouts};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MIB: u64 = 1024;

/// The server's reaction.
#[derive(Debug, Clone, PartialEq)]
enum Reaction {
    Error(String),
    Closed(u16),
    Disconnected,
}

async fn open(person: &Person) -> RawSocket {
    let mut socket = RawSocket::open(person).await;
    socket.expect("hello").await;
    socket
}

/// Reads until the first error frame or the end of the connection.
async fn reaction(socket: &mut RawSocket) -> Reaction {
    loop {
        match socket.next().await {
            Frame::Json(value) if value["type"] == "error" => {
                return Reaction::Error(value["code"].as_str().unwrap_or_default().to_owned());
            }
            Frame::Json(_) | Frame::Other => {}
            Frame::Close(code) => return Reaction::Closed(code),
            Frame::End => return Reaction::Disconnected,
        }
    }
}

fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, u8::try_from(payload.len()).expect("short")];
    bytes.extend_from_slice(payload);
    bytes
}

fn post(content: &str) -> String {
    json!({"type": "post", "clientId": client_id(), "roomId": LOBBY, "content": content})
        .to_string()
}

/// The header of a text frame that declares this payload length.
fn frame_header(length: u64) -> Vec<u8> {
    let mut bytes = vec![0x81, 0xFF];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

#[tokio::test]
async fn each_protocol_violation_has_a_defined_response_and_leaks_no_memory() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let mut bystander = ana.socket().await;
    bystander.say("before").await;
    let error = |code: &str| vec![Reaction::Error(code.to_owned())];
    let closed =
        |codes: &[u16]| -> Vec<_> { codes.iter().map(|code| Reaction::Closed(*code)).collect() };
    let deep = "[".repeat(30_000);
    let deep_inside = format!("{{\"type\":\"post\",\"content\":{deep}");
    let nul = post("a").replace("\"a\"", "\"\\u0000\"");
    let text = |payload: &[u8]| frame(0x81, payload);
    let surrogate = post("a").replace("\"a\"", "\"\\ud83c\"");
    let ping = b"{\"type\":\"ping\"}";
    let binary = [error("bad_frame"), closed(&[1002, 1003])].concat();
    let bad = || error("bad_frame");
    let cases = [
        ("broken JSON", text(b"{\"type\":"), bad()),
        ("deep JSON", text(deep.as_bytes()), bad()),
        ("deep JSON in a post", text(deep_inside.as_bytes()), bad()),
        ("an empty text", text(b""), bad()),
        ("a NUL for JSON", text(b"\0"), bad()),
        ("a NUL in a message", text(nul.as_bytes()), error("invalid")),
        ("an unpaired surrogate", text(surrogate.as_bytes()), bad()),
        ("a binary frame", frame(0x82, ping), binary),
        (
            "invalid UTF-8",
            text(b"{\"type\":\"\xff\xfe\"}"),
            closed(&[1007]),
        ),
        ("an unmasked frame", unmasked(0x81, ping), closed(&[1002])),
        ("over 64 KiB", text(&[b' '; 64 * 1024 + 1]), closed(&[1009])),
        ("declares 8 GiB", frame_header(8 << 30), closed(&[1009])),
        (
            "declares 2⁶³ bytes",
            frame_header(1 << 63),
            closed(&[1002, 1009]),
        ),
        ("no first frame", frame(0x80, b"x"), closed(&[1002])),
        ("a reserved bit", frame(0xC1, ping), closed(&[1002])),
        ("a reserved opcode", frame(0x83, b"x"), closed(&[1002])),
        ("a ping in pieces", frame(0x09, b"x"), closed(&[1002])),
        ("an oversized ping", frame(0x89, &[0; 126]), closed(&[1002])),
    ];
    let mut before = 0;
    let mut wrong = BTreeSet::new();
    // The first round warms the program up.
    for round in 0..6 {
        for (what, bytes, wanted) in &cases {
            let mut socket = open(&ming).await;
            socket.write(bytes).await;
            let actual = reaction(&mut socket).await;
            if !wanted.contains(&actual) {
                wrong.insert(format!("{what}: {actual:?}, not {wanted:?}"));
                continue;
            }
            if matches!(actual, Reaction::Error(_)) {
                socket.write_frame(0x81, b"{\"type\":\"ping\"}").await;
                socket.expect("pong").await;
            }
        }
        if round == 0 {
            before = server.memory_kib();
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let after = server.memory_kib();
    let is_expected = after < before + 20 * MIB;
    assert!(is_expected, "{before} KiB before, {after} KiB after");
    bystander.say("after").await;
    assert_eq!(ana.history(LOBBY).await.len(), 2);
}

#[tokio::test]
async fn oversized_frame_is_not_buffered() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let mut bystander = ana.socket().await;
    bystander.say("before").await;
    let before = server.memory_kib();
    let junk = vec![b' '; MIB as usize * 1024];
    for start in [frame_header(8 << 30), frame_header(65_537)] {
        let mut socket = open(&ming).await;
        socket.write(&start).await;
        for _ in 0..64 {
            socket.write(&junk).await;
        }
        let actual = reaction(&mut socket).await;
        let is_expected = matches!(actual, Reaction::Closed(1009) | Reaction::Disconnected);
        assert!(is_expected, "{actual:?}");
        let after = server.memory_kib();
        let is_expected = after < before + 20 * MIB;
        assert!(is_expected, "{before} KiB before, {after} KiB after");
    }
    // The same in fragments.
    let mut socket = open(&ming).await;
    socket.write_frame(0x01, &junk[..32 * 1024]).await;
    for _ in 0..200 {
        socket.write_frame(0x00, &junk[..32 * 1024]).await;
    }
    let actual = reaction(&mut socket).await;
    let is_expected = matches!(actual, Reaction::Closed(1009) | Reaction::Disconnected);
    assert!(is_expected, "{actual:?}");
    assert!(server.memory_kib() < before + 20 * MIB);
    bystander.say("after").await;
}

#[tokio::test]
async fn fragmented_message_is_accepted() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let mut socket = open(&ming).await;
    let text = post("in pieces 茶🍵");
    // A fragment may end inside a UTF-8 sequence, and a ping may come between fragments.
    let cut = text.find('茶').expect("it is there") + 1;
    let bytes = text.as_bytes();
    socket.write_frame(0x01, &bytes[..5]).await;
    socket.write_frame(0x89, b"tea").await;
    socket.write_frame(0x00, &bytes[5..cut]).await;
    socket.write_frame(0x80, &bytes[cut..]).await;
    assert_eq!(socket.expect("ack").await["seq"], 1);
    // The bytes may also arrive one at a time.
    for byte in frame(0x81, post("drop by drop").as_bytes()) {
        socket.write(&[byte]).await;
    }
    assert_eq!(socket.expect("ack").await["seq"], 2);
    let texts = field_values(&ming.history(LOBBY).await, "content");
    assert_eq!(texts, ["in pieces 茶🍵", "drop by drop"]);
}

#[tokio::test]
async fn frame_of_maximum_size_is_accepted() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let mut socket = open(&ming).await;
    let mut text = post("hello").into_bytes();
    text.resize(64 * 1024, b' ');
    socket.write_frame(0x81, &text).await;
    assert_eq!(socket.expect("ack").await["seq"], 1);
}

#[tokio::test]
async fn client_that_stops_reading_is_disconnected_and_delays_no_other() {
    let server = Teahouse::with(short_timeouts());
    let [ming, ana, slow] = Person::register_each(&server, ["Ming", "Ana", "Slow"]).await;
    let (mut writer, mut reader) = (ming.socket().await, ana.socket().await);
    reader.view(LOBBY).await;
    let mut stalled = open(&slow).await;
    let view = json!({"type": "view", "roomId": LOBBY}).to_string();
    stalled.write_frame(0x81, view.as_bytes()).await;
    let here = |frame: &Value| frame["online"].to_string().contains("Slow");
    reader.expect_where("presence", here).await;
    let long = "茶".repeat(4000);
    // About 25 KB a frame: far more than the send queue and the socket buffers hold.
    for _ in 0..600 {
        writer.say(&long).await;
        writer.expect("message").await;
        assert_eq!(reader.expect("message").await["content"], long.as_str());
    }
    reader.expect_where("presence", |frame| !here(frame)).await;
    let end = stalled.end().await;
    assert!(matches!(end, Frame::Close(4008) | Frame::End), "{end:?}");
    // The client gets the missed messages by `sync`.
    assert_eq!(slow.socket().await.hello["rooms"][0]["ver"], 600);
}

#[tokio::test]
async fn client_that_floods_is_disconnected() {
    let server =
        Teahouse::configured("throttle.enabled=true messages.burst=5 messages.posts_per_second=1");
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let (mut flood, mut other) = (ming.socket().await, ana.socket().await);
    for n in 0..300 {
        flood.post(LOBBY, &format!("spam {n}")).await;
    }
    assert_eq!(flood.close_code(crate::support::TIMEOUT).await, 4029);
    other.say("quiet again").await;
}
