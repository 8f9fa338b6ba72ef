//! An event stream by the public address: what is said must arrive now, not when a buffer is full.

use std::io::Read;
use std::time::{Duration, Instant};

use super::finding::Finding;
use super::guest::Guest;
use super::http::Http;

const CHECK: &str = "event stream";
/// The program sends the beginning at once.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Opens one and waits for its first bytes.
pub(super) fn check(http: &Http, guest: &Guest) -> Finding {
    let asked = Instant::now();
    let mut answer = match http.get("/api/events", Some(&guest.token)) {
        Ok(answer) => answer,
        Err(_) => return late(),
    };
    if answer.status() != 200 {
        let what = format!("it is refused with status {}", answer.status().as_u16());
        return Finding::fail(
            CHECK,
            what,
            "in nginx: /api/ must lead to the program, with the headers Accept and Authorization",
        );
    }
    let read = answer.body_mut().as_reader().read(&mut [0; 256]);
    let took = asked.elapsed();
    match read {
        Ok(bytes) if bytes > 0 && took < AT_ONCE => Finding::ok(
            CHECK,
            format!("begins within {} ms", took.as_millis().max(1)),
        ),
        Ok(0) => Finding::fail(
            CHECK,
            "it ends at once",
            "in nginx: proxy_http_version 1.1;",
        ),
        _ => late(),
    }
}

fn late() -> Finding {
    Finding::fail(
        CHECK,
        format!(
            "nothing comes within {} seconds: the proxy collects what is said",
            AT_ONCE.as_secs()
        ),
        "in nginx, for /api/events and /api/messages: proxy_buffering off; gzip off; and no proxy_ignore_headers X-Accel-Buffering;",
    )
}
