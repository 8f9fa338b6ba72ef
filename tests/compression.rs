//! Compressed responses equal the uncompressed ones.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use reqwest::{Method, Response};

use crate::support::{Person, Teahouse};

/// Removes the values that differ in each rendering of a page.
fn without_client_id(page: &str) -> String {
    let field = "name=\"clientId\" value=\"";
    match page.split_once(field) {
        Some((head, tail)) => head.to_owned() + tail.get(36..).expect("a UUID"),
        None => page.to_owned(),
    }
}

/// Compresses as a release build does; a debug build uses a faster level.
fn smallest(text: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: text.len(),
        mode: brotli::enc::backward_references::BrotliEncoderMode::BROTLI_MODE_TEXT,
        ..brotli::enc::BrotliEncoderParams::default()
    };
    brotli::BrotliCompress(&mut &*text, &mut file, &params).expect("writing to memory cannot fail");
    file
}

async fn get_with_encodings(person: &Person, path: &str, encodings: &str) -> Response {
    let request = person.request(Method::GET, path);
    let request = request.header("accept-encoding", encodings);
    request.send().await.expect("a response")
}

/// Returns the decompressed text, which must be one gzip member, and its compressed size.
async fn decompressed(person: &Person, path: &str) -> (String, usize) {
    let response = get_with_encodings(person, path, "gzip, zstd;q=0.8").await;
    assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
    let bytes = response.bytes().await.expect("bytes");
    let mut text = String::new();
    let mut decoder = flate2::bufread::GzDecoder::new(&bytes[..]);
    decoder.read_to_string(&mut text).expect("gzip");
    assert!(decoder.into_inner().is_empty(), "{path}: one member");
    let mut other = String::new();
    let mut all = MultiGzDecoder::new(&bytes[..]);
    all.read_to_string(&mut other).expect("gzip");
    assert_eq!(text, other);
    (text, bytes.len())
}

#[tokio::test]
async fn compressed_page_equals_the_uncompressed_page() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for n in 1..=60 {
        ming.say(&format!("cup {n} of green tea, 绿茶")).await;
    }
    for path in ["/rooms/1", "/rooms/1?at=7", "/rooms", "/settings/profile"] {
        let (page, size) = decompressed(&ming, path).await;
        let plain = ming.page(path).await;
        let found = without_client_id(&page);
        assert_eq!(found, without_client_id(&plain), "{path}");
        assert!(size < plain.len() / 2, "{path}: {size} of {}", plain.len());
    }
    let path = "/rooms/1/messages?limit=50";
    assert_eq!(decompressed(&ming, path).await.0, ming.page(path).await);
}

#[tokio::test]
async fn clients_without_gzip_get_uncompressed_responses() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for encodings in ["identity", "br", "gzip;q=0"] {
        for path in ["/rooms/1", "/rooms"] {
            let response = get_with_encodings(&ming, path, encodings).await;
            assert!(!response.headers().contains_key("content-encoding"));
            let varies = response.headers().get_all("vary").iter();
            let mut varies = varies.filter_map(|value| value.to_str().ok());
            assert!(varies.any(|on| on.contains("accept-encoding")), "{path}");
            assert!(response.text().await.expect("text").contains("</html>"));
        }
    }
}

#[tokio::test]
async fn static_files_are_compressed_and_a_room_page_needs_less_than_60_kilobytes() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let (page, size) = decompressed(&ming, "/rooms/1").await;
    let mut all = [size, size];
    let mut files = 0;
    let addresses = page.split('"').filter(|text| text.starts_with("/static/"));
    for address in addresses.collect::<BTreeSet<_>>() {
        if address.ends_with(".css") || address.ends_with(".js") {
            let (text, size) = decompressed(&ming, address).await;
            assert_eq!(text, ming.page(address).await);
            let response = get_with_encodings(&ming, address, "gzip, br").await;
            assert_eq!(response.headers()["content-encoding"], "br");
            let smaller = response.bytes().await.expect("bytes");
            let mut other = String::new();
            let mut decoder = brotli::Decompressor::new(&smaller[..], 4096);
            decoder.read_to_string(&mut other).expect("brotli");
            assert_eq!(other, text);
            all = [all[0] + size, all[1] + smallest(text.as_bytes()).len()];
            files += 1;
        }
    }
    println!("a room page with {files} styles and scripts: {all:?} bytes (gzip, brotli)");
    assert!(files > 40);
    assert!(all[1] < 60_000);
}

#[tokio::test]
async fn cached_message_list_shows_new_names_and_avatars_at_once() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    ming.say("hello @Ana").await;
    let list = "/rooms/1/messages";
    let before = ana.page(list).await;
    let tag = ana.get(list).await.headers()["etag"].clone();
    ming.submit_ok("patch", "/settings/profile", &[("username", "Minghua")])
        .await;
    assert_ne!(ana.get(list).await.headers()["etag"], tag);
    let after = ana.page(list).await;
    assert!(before.contains(">Ming<") && !before.contains("Minghua"));
    assert!(after.contains("Minghua"), "{after}");
    let (page, _) = decompressed(&ana, "/rooms/1").await;
    assert!(page.contains("Minghua"));
}

#[tokio::test]
async fn cached_page_has_current_versions_of_room_and_users() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let response = ana.post("/directs", &[("to", "Ming")]).await;
    let room = response.headers()["location"].to_str().expect("text");
    let room_id = room.rsplit('/').next().expect("an id").to_owned();
    let path = format!("/rooms/{room_id}");
    let (before, _) = decompressed(&ana, &path).await;
    assert!(before.contains("data-seq=\"0\"") && before.contains("id=\"empty\">"));
    for n in 1..=60 {
        ming.say_in(&room_id, &format!("cup {n}")).await;
        // Twice: the second page comes from the cache.
        for _ in 0..2 {
            let (page, _) = decompressed(&ana, &path).await;
            let frame = page.split("data-room-id").nth(1).expect("a frame");
            let attribute = format!("data-seq=\"{n}\" data-ver=\"{n}\" data-read-seq=\"0\"");
            assert!(frame.contains(&attribute), "{n}: {frame}");
            let marks = format!("data-username=\"Ming\" data-read-seq=\"{n}\"");
            assert!(page.contains(&marks), "{n}");
            assert_eq!(page.contains("id=\"older\""), n > 50, "{n}");
            assert!(!page.contains("id=\"newer\"") && page.contains("id=\"empty\" hidden"));
        }
    }
    let (middle, _) = decompressed(&ana, &format!("{path}?at=20")).await;
    assert!(middle.contains("data-newer=\"true\" data-at=\"20\""));
    assert!(middle.contains("id=\"newer\""));
}
