//! `pages`: CPU time of pages and posts, with a short history and a long one, few rooms and many.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Servers;
use crate::environment::Environment;
use crate::http_client::{HttpClient, Response};
use crate::metrics::{Metrics, histogram, microseconds};
use crate::options::Options;
use crate::payloads::CONTENT;
use crate::progress;
use crate::report::Report;
use crate::server::Server;
use crate::target::Target;

const LONG: i64 = 1_000_000;
const QUICK_LONG: i64 = 2_000;
const SHORT: i64 = 200;
const ROOMS: usize = 500;
const USERS: usize = 20;
/// Requests before the measurement.
const WARM_UP: usize = 20;
const COLUMNS: &[&str] = &[
    "cpu_us",
    "database_us",
    "bare_us",
    "x_bare",
    "p50_ms",
    "p99_ms",
    "bytes",
    "requests",
    "failed",
];

/// A small room, one with a long history, and a small one whose reader is a member of many.
const PLACES: [&str; 3] = ["small room", "long history", "many rooms"];

/// What is requested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    /// The same room page each time.
    Cached,
    /// Another part of the history each time, after a change in the room.
    Uncached,
    /// The list of messages, unchanged.
    NotModified,
    /// A message by form.
    Post,
}

impl Page {
    const ALL: [(Self, &str); 4] = [
        (Self::Cached, "room page"),
        (Self::Uncached, "room page, uncached"),
        (Self::NotModified, "304"),
        (Self::Post, "post by form"),
    ];

    fn status(self) -> u16 {
        match self {
            Self::Cached | Self::Uncached => 200,
            Self::NotModified => 304,
            Self::Post => 303,
        }
    }
}

/// A room with its number of messages, and the user who requests its pages.
#[derive(Clone, Copy)]
struct Room {
    id: i64,
    user: usize,
    messages: i64,
}

pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("pages", COLUMNS);
    let (_, seconds) = options.effort();
    let servers = Servers::create(options, &Target::TEAHOUSE, USERS, |environment| {
        progress("pages: creating messages");
        let long = if options.quick { QUICK_LONG } else { LONG };
        create_rooms(environment, long)
    })?;
    for (n, place) in PLACES.into_iter().enumerate() {
        for (page, request) in Page::ALL {
            let labels = [("request", request.to_owned()), ("where", place.to_owned())];
            servers.measure(&mut report, &labels, |environment, rooms| {
                measure(environment, page, rooms[n], seconds)
            })?;
        }
    }
    report.set_ratios_in_case("x_bare", "cpu_us", "bare_us");
    Ok(report)
}

/// Creates the rooms that [`PLACES`] names.
fn create_rooms(environment: &Environment, long: i64) -> Result<[Room; 3]> {
    let users: Vec<i64> = environment.users.iter().map(|user| user.id).collect();
    let mut groups = vec![users.clone(); 3];
    // Only the first user is a member of many rooms.
    groups.extend(vec![vec![users[0]]; ROOMS - 3]);
    groups[0].remove(0);
    groups[1].remove(0);
    let mut fixtures = environment.fixtures()?;
    let ids = fixtures.create_rooms(&groups)?;
    for (n, count) in [SHORT, long, SHORT].into_iter().enumerate() {
        fixtures.create_messages(ids[n], &groups[n], count, CONTENT)?;
    }
    let room = |n: usize, user, messages| Room {
        id: ids[n],
        user,
        messages,
    };
    Ok([room(0, 1, SHORT), room(1, 1, long), room(2, 0, SHORT)])
}

fn measure(environment: &Environment, page: Page, room: Room, seconds: f64) -> Result<Metrics> {
    let server = environment.serve()?;
    let mut client = HttpClient::connect(server.address)?;
    let auth_header = environment.auth_header(room.user);
    let etag = match page {
        Page::NotModified => client.send(&list_request(room, &auth_header, None))?.etag,
        _ => None,
    };
    let mut n = 0_i64;
    let mut fixtures = environment.fixtures()?;
    let request = || {
        n += 1;
        Ok(match page {
            Page::Cached => get_request(&format!("/rooms/{}", room.id), &auth_header, ""),
            Page::Uncached => {
                fixtures.touch_room(room.id)?;
                // A prime step, so that consecutive requests are far apart.
                let seq = (n * 7919) % room.messages + 1;
                get_request(&format!("/rooms/{}?at={seq}", room.id), &auth_header, "")
            }
            Page::NotModified => list_request(room, &auth_header, etag.as_deref()),
            Page::Post => post_request(room, &auth_header),
        })
    };
    let (mut metrics, response) = measure_requests(
        environment,
        &server,
        &mut client,
        request,
        page.status(),
        seconds,
    )?;
    server.stop()?;
    if page == Page::Cached && environment.target != Target::Url && environment.build.is_none() {
        let baseline = measure_baseline(environment, room, &response.body, seconds)?;
        metrics.set("bare_us", baseline.get("cpu_us").unwrap_or(0.0));
        metrics.set("bare_p50_ms", baseline.get("p50_ms").unwrap_or(0.0));
    }
    Ok(metrics)
}

/// Measures the web framework with the queries of a room page and the body of a response.
fn measure_baseline(
    environment: &Environment,
    room: Room,
    body: &[u8],
    seconds: f64,
) -> Result<Metrics> {
    let server = environment.serve_page_baseline(body)?;
    let mut client = HttpClient::connect(server.address)?;
    let auth_header = format!("Authorization: Bearer {}", environment.users[room.user].key);
    let request = || {
        Ok(get_request(
            &format!("/rooms/{}", room.id),
            &auth_header,
            "",
        ))
    };
    let measured = measure_requests(environment, &server, &mut client, request, 200, seconds);
    Ok(measured?.0)
}

/// Sends one request after another. Returns their cost and the last response.
fn measure_requests(
    environment: &Environment,
    server: &Server,
    client: &mut HttpClient,
    mut request: impl FnMut() -> Result<Vec<u8>>,
    status: u16,
    seconds: f64,
) -> Result<(Metrics, Response)> {
    for _ in 0..WARM_UP {
        client.send(&request()?)?;
    }
    let mut times = histogram()?;
    let cpu_times = || {
        let server = server.process.cpu_of_threads(None);
        (server, environment.database_cpu())
    };
    let (before, begin) = (cpu_times(), Instant::now());
    let mut last = Response::default();
    let mut failed = 0;
    while begin.elapsed().as_secs_f64() < seconds {
        let request = request()?;
        let start = Instant::now();
        last = client.send(&request)?;
        times.saturating_record(microseconds(start.elapsed()));
        failed += u64::from(last.status != status);
    }
    let after = cpu_times();
    let per_request = |time: Duration| time.as_secs_f64() * 1e6 / times.len() as f64;
    let mut metrics = Metrics::default();
    metrics.set("cpu_us", per_request(after.0.saturating_sub(before.0)));
    metrics.set("database_us", per_request(after.1.saturating_sub(before.1)));
    for (name, quantile) in [("p50_ms", 0.5), ("p99_ms", 0.99)] {
        metrics.set(name, times.value_at_quantile(quantile) as f64 / 1e3);
    }
    metrics.set("bytes", last.body.len() as f64);
    metrics.set("requests", times.len() as f64);
    metrics.set("failed", failed as f64);
    Ok((metrics, last))
}

fn list_request(room: Room, auth_header: &str, etag: Option<&str>) -> Vec<u8> {
    let condition = etag.map_or_else(String::new, |etag| format!("If-None-Match: {etag}\r\n"));
    get_request(
        &format!("/rooms/{}/messages", room.id),
        auth_header,
        &condition,
    )
}

fn get_request(path: &str, auth_header: &str, headers: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: bench.invalid\r\n{auth_header}\r\n\
         Accept: text/html\r\nAccept-Encoding: gzip\r\n{headers}\r\n"
    )
    .into_bytes()
}

fn post_request(room: Room, auth_header: &str) -> Vec<u8> {
    let body = format!(
        "clientId={}&content={}",
        uuid::Uuid::new_v4(),
        CONTENT.replace(' ', "+").replace(';', "%3B")
    );
    format!(
        "POST /rooms/{}/messages HTTP/1.1\r\nHost: bench.invalid\r\n{auth_header}\r\n\
         Origin: http://bench.invalid\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        room.id,
        body.len()
    )
    .into_bytes()
}
