//! What is sent compressed, and that it is the same.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use reqwest::{Method, Response};

use crate::support::{Person, Teahouse};

/// Nothing that a page says is new about it each time.
fn without_client_id(page: &str) -> String {
    let field = "name=\"clientId\" value=\"";
    match page.split_once(field) {
        Some((head, tail)) => head.to_owned() + tail.get(36..).expect("a UUID"),
        None => page.to_owned(),
    }
}

/// As a release compresses it; a debug build does it quickly.
fn smallest(text: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: text.len(),
        mode: brotli::enc::backward_references::BrotliEncoderMode::BROTLI_MODE_TEXT,
        ..brotli::enc::BrotliEncoderParams::default()
    };
    brotli::BrotliCompress(&mut &*text, &mut file, &params).expect("memory does not fail");
    file
}

async fn ask(person: &Person, path: &str, encodings: &str) -> Response {
    let request = person.request(Method::GET, path);
    let request = request.header("accept-encoding", encodings);
    request.send().await.expect("an answer")
}

/// The answer's text, which must have come compressed as one member, and its size on the way.
async fn unpacked(person: &Person, path: &str) -> (String, usize) {
    let answer = ask(person, path, "gzip, zstd;q=0.8").await;
    assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
    let bytes = answer.bytes().await.expect("bytes");
    let mut text = String::new();
    let mut decoder = flate2::bufread::GzDecoder::new(&bytes[..]);
    decoder.read_to_string(&mut text).expect("gzip");
    assert!(decoder.into_inner().is_empty(), "{path}: one member");
    let mut again = String::new();
    let mut all = MultiGzDecoder::new(&bytes[..]);
    all.read_to_string(&mut again).expect("gzip");
    assert_eq!(text, again);
    (text, bytes.len())
}

#[tokio::test]
async fn a_compressed_page_is_the_page() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
    for n in 1..=60 {
        ming.say(&format!("cup {n} of green tea, 绿茶")).await;
    }
    for path in ["/rooms/1", "/rooms/1?at=7", "/rooms", "/settings/profile"] {
        let (page, size) = unpacked(&ming, path).await;
        let plain = ming.page(path).await;
        assert_eq!(
            without_client_id(&page),
            without_client_id(&plain),
            "{path}"
        );
        assert!(size < plain.len() / 2, "{path}: {size} of {}", plain.len());
    }
    let path = "/rooms/1/messages?limit=50";
    assert_eq!(unpacked(&ming, path).await.0, ming.page(path).await);
}

#[tokio::test]
async fn who_takes_no_gzip_gets_none() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
    for encodings in ["identity", "br", "gzip;q=0"] {
        for path in ["/rooms/1", "/rooms"] {
            let answer = ask(&ming, path, encodings).await;
            assert!(!answer.headers().contains_key("content-encoding"));
            let varies = answer.headers().get_all("vary").iter();
            let mut varies = varies.filter_map(|value| value.to_str().ok());
            assert!(varies.any(|on| on.contains("accept-encoding")), "{path}");
            assert!(answer.text().await.expect("text").contains("</html>"));
        }
    }
}

#[tokio::test]
async fn files_come_compressed_and_a_room_needs_less_than_60_kilobytes() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let (page, size) = unpacked(&ming, "/rooms/1").await;
    let mut all = [size, size];
    let mut files = 0;
    let addresses = page.split('"').filter(|text| text.starts_with("/static/"));
    for address in addresses.collect::<BTreeSet<_>>() {
        if address.ends_with(".css") || address.ends_with(".js") {
            let (text, size) = unpacked(&ming, address).await;
            assert_eq!(text, ming.page(address).await);
            let answer = ask(&ming, address, "gzip, br").await;
            assert_eq!(answer.headers()["content-encoding"], "br");
            let smaller = answer.bytes().await.expect("bytes");
            let mut again = String::new();
            let mut decoder = brotli::Decompressor::new(&smaller[..], 4096);
            decoder.read_to_string(&mut again).expect("brotli");
            assert_eq!(again, text);
            all = [all[0] + size, all[1] + smallest(text.as_bytes()).len()];
            files += 1;
        }
    }
    println!("the room's page with {files} styles and scripts: {all:?} bytes (gzip, brotli)");
    assert!(files > 40);
    assert!(all[1] < 60_000);
}

#[tokio::test]
async fn a_kept_list_shows_new_names_and_pictures_at_once() {
    let (_house, [ming, ana]) = Teahouse::with_people(["Ming", "Ana"]).await;
    ming.say("hello @Ana").await;
    let list = "/rooms/1/messages";
    let before = ana.page(list).await;
    let tag = ana.get(list).await.headers()["etag"].clone();
    let answer = ming
        .post(
            "/settings/profile",
            &[("_method", "patch"), ("username", "Minghua")],
        )
        .await;
    assert_eq!(answer.status(), 303);
    assert_ne!(ana.get(list).await.headers()["etag"], tag);
    let after = ana.page(list).await;
    assert!(before.contains(">Ming<") && !before.contains("Minghua"));
    assert!(after.contains("Minghua"), "{after}");
    let (page, _) = unpacked(&ana, "/rooms/1").await;
    assert!(page.contains("Minghua"));
}

#[tokio::test]
async fn a_kept_page_tells_how_far_the_room_and_its_people_are() {
    let (_house, [ming, ana]) = Teahouse::with_people(["Ming", "Ana"]).await;
    let answer = ana.post("/directs", &[("to", "Ming")]).await;
    let room = answer.headers()["location"].to_str().expect("text");
    let room_id = room.rsplit('/').next().expect("an id").to_owned();
    let path = format!("/rooms/{room_id}");
    let (before, _) = unpacked(&ana, &path).await;
    assert!(before.contains("data-seq=\"0\"") && before.contains("id=\"empty\">"));
    for n in 1..=60 {
        ming.say_in(&room_id, &format!("cup {n}")).await;
        // Twice: the second time it is kept.
        for _ in 0..2 {
            let (page, _) = unpacked(&ana, &path).await;
            let frame = page.split("data-room-id").nth(1).expect("a frame");
            let attribute = format!("data-seq=\"{n}\" data-ver=\"{n}\" data-read-seq=\"0\"");
            assert!(frame.contains(&attribute), "{n}: {frame}");
            let marks = format!("data-username=\"Ming\" data-read-seq=\"{n}\"");
            assert!(page.contains(&marks), "{n}");
            assert_eq!(page.contains("id=\"older\""), n > 50, "{n}");
            assert!(!page.contains("id=\"newer\"") && page.contains("id=\"empty\" hidden"));
        }
    }
    let (middle, _) = unpacked(&ana, &format!("{path}?at=20")).await;
    assert!(middle.contains("data-newer=\"true\" data-at=\"20\""));
    assert!(middle.contains("id=\"newer\""));
}
