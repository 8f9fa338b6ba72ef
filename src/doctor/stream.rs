//! An event stream by the public address: what happens must arrive now, not when a proxy's buffer is full.

use std::io::Read;
use std::time::{Duration, Instant};

use super::finding::Finding;
use super::guest::Guest;
use super::http::Http;
use crate::models::room::LOBBY;

const CHECK: &str = "event stream";
/// The program sends each event at once.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Opens one, lets something happen, and waits for that.
pub(super) fn check(http: &Http, guest: &Guest) -> Finding {
    let mut answer = match http.get("/api/events", Some(&guest.token)) {
        Ok(answer) => answer,
        Err(_) => return late(),
    };
    if answer.status() != 200 {
        let what = format!("it is refused with status {}", answer.status().as_u16());
        let mend =
            "in nginx: /api/ must lead to the program, with the headers Accept and Authorization";
        return Finding::fail(CHECK, what, mend);
    }
    // What a proxy packs, as it does for browsers, cannot be read here; but that something comes can be seen.
    let is_packed = answer.headers().contains_key("content-encoding");
    let wanted = |text| if is_packed { "" } else { text };
    let mut events = answer.body_mut().as_reader();
    // The beginning may come along with the answer's head, whatever a proxy does.
    if !hear(&mut events, wanted("id: ")) {
        return late();
    }
    let asked = Instant::now();
    // "I have read up to 0" moves no mark, but is told to all windows of the person.
    let path = format!("/rooms/{LOBBY}/read_mark");
    let told = http.post(&path, &guest.token, &[("accept", "application/json")]);
    if !told.as_ref().is_ok_and(|told| told.status().is_success()) {
        return Finding::warn(
            CHECK,
            "a POST is refused: it could not be tried to the end",
            "mend what else is found",
        );
    }
    let is_there = hear(&mut events, wanted("\"type\":\"read\""));
    let took = asked.elapsed();
    match is_there && took < AT_ONCE {
        true => Finding::ok(
            CHECK,
            format!("an event arrives within {} ms", took.as_millis().max(1)),
        ),
        false => late(),
    }
}

/// Reads until this comes (or anything), or the client's patience ends.
fn hear(events: &mut impl Read, wanted: &str) -> bool {
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(bytes @ 1..) = events.read(&mut piece) {
        heard.extend_from_slice(&piece[..bytes]);
        let mut parts = heard.windows(wanted.len().max(1));
        if wanted.is_empty() || parts.any(|part| part == wanted.as_bytes()) {
            return true;
        }
    }
    false
}

fn late() -> Finding {
    Finding::fail(
        CHECK,
        format!(
            "nothing comes within {} seconds: the proxy collects what is said",
            AT_ONCE.as_secs()
        ),
        "in nginx, for /api/events and /api/messages: proxy_http_version 1.1; proxy_buffering off; gzip off;",
    )
}
