//! Peers that do not keep the rules get a clear answer, and nobody else notices.

use crate::support::raw::{Frame, frame};
use crate::support::{LOBBY, Person, RawSocket, Teahouse, client_id, hurried};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MIB: u64 = 1024;

/// What the server did in the end.
#[derive(Debug, PartialEq)]
enum Answer {
    Error(String),
    Closed(u16),
    Gone,
}

async fn open(person: &Person) -> RawSocket {
    let mut socket = RawSocket::open(person).await;
    socket.expect("hello").await;
    socket
}

/// The first error, or the end.
async fn answer(socket: &mut RawSocket) -> Answer {
    loop {
        match socket.next().await {
            Frame::Json(value) if value["type"] == "error" => {
                return Answer::Error(value["code"].as_str().unwrap_or_default().to_owned());
            }
            Frame::Json(_) | Frame::Other => {}
            Frame::Close(code) => return Answer::Closed(code),
            Frame::End => return Answer::Gone,
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

/// The header of a text frame that says how long it is.
fn declares(length: u64) -> Vec<u8> {
    let mut bytes = vec![0x81, 0xFF];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

#[tokio::test]
async fn every_broken_rule_has_its_answer_and_costs_no_memory() {
    let (house, [ming, ana]) = Teahouse::with_people(["Ming", "Ana"]).await;
    let mut bystander = ana.socket().await;
    bystander.say("before").await;
    let error = |code: &str| vec![Answer::Error(code.to_owned())];
    let closed = |codes: &[u16]| {
        codes
            .iter()
            .map(|code| Answer::Closed(*code))
            .collect::<Vec<_>>()
    };
    let deep = "[".repeat(30_000);
    let deep_inside = format!("{{\"type\":\"post\",\"content\":{deep}");
    let nul = post("a").replace("\"a\"", "\"\\u0000\"");
    let cases = [
        (
            "broken JSON",
            frame(0x81, b"{\"type\":"),
            error("bad_frame"),
        ),
        (
            "deep JSON",
            frame(0x81, deep.as_bytes()),
            error("bad_frame"),
        ),
        (
            "deep JSON in a post",
            frame(0x81, deep_inside.as_bytes()),
            error("bad_frame"),
        ),
        ("no text at all", frame(0x81, b""), error("bad_frame")),
        ("a NUL for JSON", frame(0x81, b"\0"), error("bad_frame")),
        (
            "a NUL in a message",
            frame(0x81, nul.as_bytes()),
            error("invalid"),
        ),
        (
            "half a surrogate pair",
            frame(0x81, post("a").replace("\"a\"", "\"\\ud83c\"").as_bytes()),
            error("bad_frame"),
        ),
        (
            "a binary frame",
            frame(0x82, b"{\"type\":\"ping\"}"),
            [error("bad_frame"), closed(&[1002, 1003])]
                .into_iter()
                .flatten()
                .collect(),
        ),
        (
            "invalid UTF-8",
            frame(0x81, b"{\"type\":\"\xff\xfe\"}"),
            closed(&[1007]),
        ),
        (
            "an unmasked frame",
            unmasked(0x81, b"{\"type\":\"ping\"}"),
            closed(&[1002]),
        ),
        (
            "a text over 64 KiB",
            frame(0x81, &[b' '; 64 * 1024 + 1]),
            closed(&[1009]),
        ),
        (
            "a frame that declares 8 GiB",
            declares(8 << 30),
            closed(&[1009]),
        ),
        (
            "a frame that declares 2⁶³ bytes",
            declares(1 << 63),
            closed(&[1002, 1009]),
        ),
        (
            "an end without a beginning",
            frame(0x80, b"x"),
            closed(&[1002]),
        ),
        (
            "a reserved bit",
            frame(0xC1, b"{\"type\":\"ping\"}"),
            closed(&[1002]),
        ),
        ("a reserved opcode", frame(0x83, b"x"), closed(&[1002])),
        ("a ping in pieces", frame(0x09, b"x"), closed(&[1002])),
        (
            "a ping that is too long",
            frame(0x89, &[0; 126]),
            closed(&[1002]),
        ),
    ];
    let mut before = 0;
    let mut wrong = BTreeSet::new();
    // The first round warms the program up.
    for round in 0..6 {
        for (what, bytes, wanted) in &cases {
            let mut socket = open(&ming).await;
            socket.write(bytes).await;
            let got = answer(&mut socket).await;
            if !wanted.contains(&got) {
                wrong.insert(format!("{what}: {got:?}, not {wanted:?}"));
                continue;
            }
            if matches!(got, Answer::Error(_)) {
                socket.write_frame(0x81, b"{\"type\":\"ping\"}").await;
                socket.expect("pong").await;
            }
        }
        if round == 0 {
            before = house.memory_kib();
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let after = house.memory_kib();
    println!("every broken rule, round after round: {before} KiB before, {after} KiB after");
    assert!(
        after < before + 20 * MIB,
        "{before} KiB before, {after} KiB after"
    );
    bystander.say("after").await;
    assert_eq!(ana.history(LOBBY).await.len(), 2);
}

#[tokio::test]
async fn a_frame_without_end_is_not_collected() {
    let (house, [ming, ana]) = Teahouse::with_people(["Ming", "Ana"]).await;
    let mut bystander = ana.socket().await;
    bystander.say("before").await;
    let before = house.memory_kib();
    let junk = vec![b' '; MIB as usize * 1024];
    for start in [declares(8 << 30), declares(65_537)] {
        let mut socket = open(&ming).await;
        socket.write(&start).await;
        for _ in 0..64 {
            socket.write(&junk).await;
        }
        let got = answer(&mut socket).await;
        assert!(
            matches!(got, Answer::Closed(1009) | Answer::Gone),
            "{got:?}"
        );
        let after = house.memory_kib();
        println!("declared too large: {before} KiB before, {after} KiB after");
        assert!(
            after < before + 20 * MIB,
            "{before} KiB before, {after} KiB after"
        );
    }
    // In pieces it is no better.
    let mut socket = open(&ming).await;
    socket.write_frame(0x01, &junk[..32 * 1024]).await;
    for _ in 0..200 {
        socket.write_frame(0x00, &junk[..32 * 1024]).await;
    }
    let got = answer(&mut socket).await;
    assert!(
        matches!(got, Answer::Closed(1009) | Answer::Gone),
        "{got:?}"
    );
    assert!(house.memory_kib() < before + 20 * MIB);
    bystander.say("after").await;
}

#[tokio::test]
async fn a_message_in_pieces_is_a_message() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let mut socket = open(&ming).await;
    let text = post("in pieces 茶🍵");
    // The pieces may end in the middle of a character, and a ping may come in between.
    let cut = text.find('茶').expect("it is there") + 1;
    let bytes = text.as_bytes();
    socket.write_frame(0x01, &bytes[..5]).await;
    socket.write_frame(0x89, b"tea").await;
    socket.write_frame(0x00, &bytes[5..cut]).await;
    socket.write_frame(0x80, &bytes[cut..]).await;
    assert_eq!(socket.expect("ack").await["seq"], 1);
    // So may its bytes come one by one.
    for byte in frame(0x81, post("drop by drop").as_bytes()) {
        socket.write(&[byte]).await;
    }
    assert_eq!(socket.expect("ack").await["seq"], 2);
    let texts: Vec<Value> = ming
        .history(LOBBY)
        .await
        .into_iter()
        .map(|message| message["content"].clone())
        .collect();
    assert_eq!(texts, ["in pieces 茶🍵", "drop by drop"]);
}

#[tokio::test]
async fn the_largest_frame_is_still_read() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let mut socket = open(&ming).await;
    let mut text = post("hello").into_bytes();
    text.resize(64 * 1024, b' ');
    socket.write_frame(0x81, &text).await;
    assert_eq!(socket.expect("ack").await["seq"], 1);
}

#[tokio::test]
async fn whoever_reads_nothing_is_let_go_and_delays_nobody() {
    let house = Teahouse::with(hurried());
    let [ming, ana, slow] = Person::register_each(&house, ["Ming", "Ana", "Slow"]).await;
    let (mut writer, mut reader) = (ming.socket().await, ana.socket().await);
    reader.send(json!({"type": "view", "roomId": LOBBY})).await;
    let mut stalled = open(&slow).await;
    stalled
        .write_frame(
            0x81,
            json!({"type": "view", "roomId": LOBBY})
                .to_string()
                .as_bytes(),
        )
        .await;
    let here = |frame: &Value| frame["online"].to_string().contains("Slow");
    reader.expect_where("presence", here).await;
    let long = "茶".repeat(4000);
    // About 25 KB a frame: far more than the queue and the system's buffers hold.
    for _ in 0..600 {
        writer.say(&long).await;
        writer.expect("message").await;
        assert_eq!(reader.expect("message").await["content"], long.as_str());
    }
    reader.expect_where("presence", |frame| !here(frame)).await;
    let end = stalled.end().await;
    assert!(matches!(end, Frame::Close(4008) | Frame::End), "{end:?}");
    // They come back by `sync`.
    assert_eq!(slow.socket().await.hello["rooms"][0]["ver"], 600);
}

#[tokio::test]
async fn whoever_floods_is_shown_out() {
    let house = Teahouse::with(&[
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__MESSAGES__BURST", "5"),
        ("TEAHOUSE__MESSAGES__POSTS_PER_SECOND", "1"),
    ]);
    let [ming, ana] = Person::register_each(&house, ["Ming", "Ana"]).await;
    let (mut flood, mut other) = (ming.socket().await, ana.socket().await);
    for n in 0..300 {
        flood.post(LOBBY, &format!("spam {n}")).await;
    }
    assert_eq!(flood.close_code(crate::support::PATIENCE).await, 4029);
    other.say("quiet again").await;
}
