//! `pages`: what pages and posts cost the server, with a short history and a long one, few rooms and many.

use std::fs;
use std::time::{Duration, Instant};

use super::bare;
use super::child::Server;
use super::figures::{Figures, histogram, microseconds};
use super::http::{Answer, Client};
use super::options::{Options, Target};
use super::phrases::CONTENT;
use super::report::Report;
use super::stage::Stage;
use super::{in_turn, progress};
use crate::error::{Error, Result};
use crate::models::rehearsal;
use crate::models::values::client_id::ClientId;

const LONG: i64 = 1_000_000;
const SHORT: i64 = 200;
const ROOMS: usize = 500;
const PEOPLE: usize = 20;
/// Each request is asked so often before anything is counted.
const WARM: usize = 20;
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

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    /// The room's page, again and again.
    Cached,
    /// Another part of the history each time, and something new in the room.
    Uncached,
    /// The list of messages, which did not change.
    NotModified,
    /// A message by form.
    Post,
}

/// A room with its messages, and the person who looks.
#[derive(Clone, Copy)]
struct Place {
    room_id: i64,
    person: usize,
    messages: i64,
}

/// Measures.
///
/// # Errors
/// `Unavailable` when a server does not serve or answers with something else.
pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("pages", COLUMNS);
    let (runs, seconds) = options.effort();
    let targets = options.targets(&Target::HOUSES).into_iter();
    let stages: Vec<Stage> = targets
        .map(|target| Stage::open(options, target, PEOPLE))
        .collect::<Result<_>>()?;
    let mut places = Vec::new();
    for stage in &stages {
        progress(&format!("pages: {} is filled", stage.target.name()));
        places.push(fill(stage, if options.quick { 2_000 } else { LONG })?);
    }
    let mut at = 0;
    in_turn(runs, &stages, |stage, run| {
        let name = stage.target.name();
        progress(&format!("pages: {name}, run {run}"));
        for (what, place) in &places[at % stages.len()] {
            for (page, label) in [
                (Page::Cached, "room page"),
                (Page::Uncached, "room page, uncached"),
                (Page::NotModified, "304"),
                (Page::Post, "post by form"),
            ] {
                let figures = measure(stage, page, *place, seconds)?;
                let labels = [
                    ("target", name.to_owned()),
                    ("request", label.to_owned()),
                    ("where", (*what).to_owned()),
                ];
                report.add(&labels, figures);
            }
        }
        at += 1;
        Ok(())
    })?;
    for case in &mut report.cases {
        let pair = (case.figures.get("cpu_us"), case.figures.get("bare_us"));
        if let (Some(cpu), Some(bare)) = pair {
            case.figures.set("x_bare", cpu / bare);
        }
    }
    Ok(report)
}

/// A small room, one with a long history, and a small one of somebody who is in many rooms.
fn fill(stage: &Stage, long: i64) -> Result<[(&'static str, Place); 3]> {
    let ids: Vec<i64> = stage.people.iter().map(|person| person.id).collect();
    let mut groups = vec![ids.clone(); 3];
    // The first person alone is in many.
    groups.extend(vec![vec![ids[0]]; ROOMS - 3]);
    groups[0].remove(0);
    groups[1].remove(0);
    let conn = &mut stage.conn()?;
    let rooms = rehearsal::rooms(conn, &groups)?;
    for (n, count) in [SHORT, long, SHORT].into_iter().enumerate() {
        rehearsal::history(conn, rooms[n], &groups[n], count, CONTENT)?;
    }
    let place = |n: usize, person, messages| Place {
        room_id: rooms[n],
        person,
        messages,
    };
    Ok([
        ("small room", place(0, 1, SHORT)),
        ("long history", place(1, 1, long)),
        ("many rooms", place(2, 0, SHORT)),
    ])
}

fn measure(stage: &Stage, page: Page, place: Place, seconds: f64) -> Result<Figures> {
    let mut figures = Figures::default();
    let server = stage.serve()?;
    let mut client = Client::open(server.address)?;
    let identity = stage.identity(place.person);
    let etag = match page {
        Page::NotModified => client.ask(&list(place, &identity, None))?.etag,
        _ => None,
    };
    let mut n = 0_i64;
    let mut conn = stage.conn()?;
    let request = || {
        n += 1;
        Ok(match page {
            Page::Cached => get(&format!("/rooms/{}", place.room_id), &identity),
            Page::Uncached => {
                // Nothing that was filled before is good any more; and far from the one before.
                rehearsal::change(&mut conn, place.room_id)?;
                let seq = (n * 7919) % place.messages + 1;
                get(&format!("/rooms/{}?at={seq}", place.room_id), &identity)
            }
            Page::NotModified => list(place, &identity, etag.as_deref()),
            Page::Post => post(place, &identity),
        })
    };
    let status = match page {
        Page::Cached | Page::Uncached => 200,
        Page::NotModified => 304,
        Page::Post => 303,
    };
    let answer = ask(
        stage,
        &server,
        &mut client,
        request,
        status,
        seconds,
        &mut figures,
    )?;
    server.stop()?;
    if page == Page::Cached && stage.target != Target::Url {
        let path = stage.folder().join(bare::PAGE);
        fs::write(path, &answer.body).map_err(Error::internal)?;
        let server = stage.serve_bare()?;
        let mut client = Client::open(server.address)?;
        let key = &stage.people[place.person].key;
        let request = format!(
            "GET /rooms/{} HTTP/1.1\r\nHost: bench.invalid\r\nAuthorization: Bearer {key}\r\n\r\n",
            place.room_id
        );
        let mut bare = Figures::default();
        let request = || Ok(request.clone().into_bytes());
        ask(
            stage,
            &server,
            &mut client,
            request,
            200,
            seconds,
            &mut bare,
        )?;
        figures.set("bare_us", bare.get("cpu_us").unwrap_or(0.0));
        figures.set("bare_p50_ms", bare.get("p50_ms").unwrap_or(0.0));
    }
    Ok(figures)
}

/// Asks one request after another, and notes what that cost; answers the last answer.
fn ask(
    stage: &Stage,
    server: &Server,
    client: &mut Client,
    mut request: impl FnMut() -> Result<Vec<u8>>,
    status: u16,
    seconds: f64,
    figures: &mut Figures,
) -> Result<Answer> {
    for _ in 0..WARM {
        client.ask(&request()?)?;
    }
    let mut times = histogram()?;
    let cpu = || {
        let database = stage
            .database()
            .map_or(Duration::ZERO, |process| process.cpu());
        (server.process.cpu_of_threads(None), database)
    };
    let (before, begin) = (cpu(), Instant::now());
    let mut last = Answer::default();
    let mut failed = 0;
    while begin.elapsed().as_secs_f64() < seconds {
        let request = request()?;
        let start = Instant::now();
        last = client.ask(&request)?;
        times.saturating_record(microseconds(start.elapsed()));
        failed += u64::from(last.status != status);
    }
    let after = cpu();
    let per = |time: Duration| time.as_secs_f64() * 1e6 / times.len() as f64;
    figures.set("cpu_us", per(after.0.saturating_sub(before.0)));
    figures.set("database_us", per(after.1.saturating_sub(before.1)));
    for (name, quantile) in [("p50_ms", 0.5), ("p99_ms", 0.99)] {
        figures.set(name, times.value_at_quantile(quantile) as f64 / 1e3);
    }
    figures.set("bytes", last.body.len() as f64);
    figures.set("requests", times.len() as f64);
    figures.set("failed", failed as f64);
    Ok(last)
}

fn get(path: &str, identity: &str) -> Vec<u8> {
    asked(
        "GET",
        path,
        identity,
        "Accept: text/html\r\nAccept-Encoding: gzip\r\n",
        "",
    )
}

fn list(place: Place, identity: &str, etag: Option<&str>) -> Vec<u8> {
    let known = etag.map_or_else(String::new, |etag| format!("If-None-Match: {etag}\r\n"));
    let path = format!("/rooms/{}/messages", place.room_id);
    asked(
        "GET",
        &path,
        identity,
        &format!("Accept: text/html\r\nAccept-Encoding: gzip\r\n{known}"),
        "",
    )
}

fn post(place: Place, identity: &str) -> Vec<u8> {
    let body = format!(
        "clientId={}&content={}",
        ClientId::random(),
        CONTENT.replace(' ', "+").replace(';', "%3B")
    );
    let headers = format!(
        "Origin: http://bench.invalid\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        body.len()
    );
    asked(
        "POST",
        &format!("/rooms/{}/messages", place.room_id),
        identity,
        &headers,
        &body,
    )
}

fn asked(method: &str, path: &str, identity: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: bench.invalid\r\n{identity}\r\n{headers}\r\n{body}")
        .into_bytes()
}
