//! Checks that events reach a client through the public address without being buffered by a proxy.

use std::io::Read;
use std::time::{Duration, Instant};

use super::finding::Finding;
use super::http::Http;
use super::probe_session::ProbeSession;
use crate::models::room::LOBBY;

const CHECK: &str = "event stream";
/// The server sends events immediately, so a longer delay is the proxy's.
const MAX_DELAY: Duration = Duration::from_secs(2);

pub(super) fn check(http: &Http, probe: &ProbeSession) -> Finding {
    let mut response = match http.get("/api/events", Some(&probe.token)) {
        Ok(response) => response,
        Err(_) => return buffered(),
    };
    if response.status() != 200 {
        let what = format!("rejected with status {}", response.status().as_u16());
        let fix = "in nginx: pass /api/ to the server, with the headers Accept and Authorization";
        return Finding::fail(CHECK, what, fix);
    }
    // A stream compressed by the proxy is not decoded; any data counts as the event.
    let is_compressed = response.headers().contains_key("content-encoding");
    let expected = |text| if is_compressed { "" } else { text };
    let mut events = response.body_mut().as_reader();
    // The first event may arrive with the headers even if the proxy buffers the rest.
    if !wait_for(&mut events, expected("id: ")) {
        return buffered();
    }
    let started = Instant::now();
    // Marking as read up to 0 changes nothing, but sends a `read` event to all clients of the user.
    let path = format!("/rooms/{LOBBY}/read_mark");
    let marked = http.post(&path, &probe.token, &[("accept", "application/json")]);
    if !marked.is_ok_and(|response| response.status().is_success()) {
        let fix = "fix the other problems first";
        return Finding::warn(CHECK, "not tested, because a POST is rejected", fix);
    }
    let has_arrived = wait_for(&mut events, expected("\"type\":\"read\""));
    let delay = started.elapsed();
    if !has_arrived || delay >= MAX_DELAY {
        return buffered();
    }
    let millis = delay.as_millis().max(1);
    Finding::ok(CHECK, format!("an event arrives within {millis} ms"))
}

/// Reads until `expected` arrives (any data, if it is empty). Returns false when the stream ends or times out.
fn wait_for(events: &mut impl Read, expected: &str) -> bool {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(bytes @ 1..) = events.read(&mut chunk) {
        received.extend_from_slice(&chunk[..bytes]);
        let mut parts = received.windows(expected.len().max(1));
        if expected.is_empty() || parts.any(|part| part == expected.as_bytes()) {
            return true;
        }
    }
    false
}

fn buffered() -> Finding {
    let seconds = MAX_DELAY.as_secs();
    Finding::fail(
        CHECK,
        format!("no event arrives within {seconds} seconds: the proxy buffers the stream"),
        "in nginx, for /api/events and /api/messages: proxy_http_version 1.1; proxy_buffering off; gzip off;",
    )
}
