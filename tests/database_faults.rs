//! The database fails, and nothing is lost: it is killed, it hangs, it comes back.

use crate::support::{
    Database, LOBBY, MariaDb, Person, Program, Senders, Socket, Teahouse, Visits, client_id,
    eventually, long_tests,
};
use reqwest::Response;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const SENDERS: usize = 8;
/// A sender says so much a second that there is always something under way.
const PAUSE: Duration = Duration::from_millis(5);
/// The longest that any answer may take; the promise is 5 s.
const ANSWER: Duration = Duration::from_secs(10);
/// How soon sends work again after the database does; the promise is 5 s.
const RECOVERY: Duration = Duration::from_secs(10);
/// How soon what cannot be done is refused; the promise is 2 s.
const REFUSAL: Duration = Duration::from_secs(4);
/// What needs no database is answered at once.
const AT_ONCE: Duration = Duration::from_secs(1);
const PATHS: [&str; 4] = ["/rooms/1", "/api/rooms", "/healthz", "/readyz"];

/// How a database fails, and what brings it back.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Stopped,
    Killed,
    Hanging,
}

impl Fault {
    fn begin(self, server: &mut MariaDb) {
        match self {
            Self::Stopped => server.stop(),
            Self::Killed => server.kill9(),
            Self::Hanging => server.hang(),
        }
    }

    fn end(self, server: &mut MariaDb) {
        match self {
            Self::Stopped | Self::Killed => server.start_again(),
            Self::Hanging => server.go_on(),
        }
    }
}

/// A program on a server of its own, which is not the one that other tests use.
fn private() -> Option<(MariaDb, Teahouse)> {
    let server = MariaDb::start()?;
    let house = Teahouse::on(Database::on(&server.url), &[]);
    Some((server, house))
}

/// The database fails so many times under senders and visitors.
async fn fail_under_senders(fault: Fault, times: usize, lasts: Duration) {
    let Some((mut server, mut house)) = private() else {
        return;
    };
    let pid = house.pid();
    let senders = Senders::paced(&house, SENDERS, PAUSE).await;
    let reader = senders.people[0].clone();
    let visits = Visits::start(&reader, &PATHS);
    let mut recovery = Duration::ZERO;
    for _ in 0..times {
        senders.until_acked(200, Duration::from_secs(60)).await;
        fault.begin(&mut server);
        sleep(lasts).await;
        fault.end(&mut server);
        recovery = recovery.max(senders.until_acked(SENDERS, RECOVERY).await);
    }
    let record = senders.stop().await;
    let seen = visits.stop().await;
    let stored = house.audit(&record, &reader).await;
    println!(
        "{fault:?} {times} times for {lasts:?}: {stored} stored, {} refused and repeated, slowest answer {:?}, \
         slowest recovery {recovery:?}, sockets lost {}; pages: {seen:?}",
        record.refused, record.slowest, record.lost_sockets
    );
    assert!(record.refused > 0, "it was felt");
    assert_eq!(record.lost_sockets, 0, "nobody's socket ended");
    assert!(record.slowest < ANSWER);
    for (path, seen) in &seen {
        assert!(seen.slowest < ANSWER, "{path}: {seen:?}");
        let known = |status: &u16| matches!(status, 200 | 503);
        assert!(seen.statuses.keys().all(known), "{path}: {seen:?}");
    }
    assert_eq!(seen["/healthz"].statuses.len(), 1, "alive all the time");
    assert!(seen["/healthz"].slowest < AT_ONCE);
    assert_eq!(house.pid(), pid);
    assert!(house.ended(Duration::ZERO).is_none(), "it never ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_killed_again_and_again_and_nothing_is_lost() {
    let times = if long_tests() { 10 } else { 2 };
    fail_under_senders(Fault::Killed, times, Duration::from_millis(500)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_hangs_for_long_and_nothing_is_lost() {
    let seconds = if long_tests() { 20 } else { 4 };
    fail_under_senders(Fault::Hanging, 1, Duration::from_secs(seconds)).await;
}

/// An answer that came within the time, and what it says.
async fn refused(what: &str, answer: impl Future<Output = Response>) -> (Duration, String) {
    let start = Instant::now();
    let answer = timeout(ANSWER, answer).await.expect(what);
    let took = start.elapsed();
    assert_eq!(answer.status(), 503, "{what}");
    assert!(answer.headers().contains_key("retry-after"), "{what}");
    assert!(took < REFUSAL, "{what} took {took:?}");
    (took, answer.text().await.expect("text"))
}

/// What people and programs are told while the database is away.
async fn look_around(house: &Teahouse, ming: &Person, socket: &mut Socket) -> Duration {
    let (mut slowest, page) = refused("a page", ming.get("/rooms/1")).await;
    assert!(page.contains("We’ll be right back"), "{page}");
    assert!(
        page.contains("Try again") && page.contains("href=\"/rooms/1\""),
        "{page}"
    );
    let form = [("content", "hello")];
    let (took, page) = refused("a form", ming.post("/rooms/1/messages", &form)).await;
    slowest = slowest.max(took);
    assert!(page.contains("Go back to find what you typed"), "{page}");
    let (took, json) = refused("the API", ming.get("/api/rooms")).await;
    slowest = slowest.max(took);
    assert!(json.contains("\"code\":\"unavailable\""), "{json}");
    let (took, _) = refused("readiness", ming.get("/readyz")).await;
    slowest = slowest.max(took);
    let start = Instant::now();
    assert_eq!(Socket::refusal(Socket::request(ming)).await, 503);
    slowest = slowest.max(start.elapsed());
    let start = Instant::now();
    let id = socket.post(LOBBY, "is anybody there?").await;
    let error = socket.expect("error").await;
    assert_eq!(
        (error["code"].as_str(), error["clientId"].as_str()),
        (Some("unavailable"), Some(&*id))
    );
    slowest = slowest.max(start.elapsed());
    assert!(slowest < REFUSAL, "{slowest:?}");
    let start = Instant::now();
    assert_eq!(Person::visitor(house).get("/healthz").await.status(), 200);
    assert_eq!(Person::visitor(house).get("/login").await.status(), 200);
    assert!(start.elapsed() < AT_ONCE);
    slowest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_everybody_is_told_so_and_afterwards_all_goes_on() {
    let Some((mut server, house)) = private() else {
        return;
    };
    let [ming, mei] = Person::register_each(&house, ["Ming", "Mei"]).await;
    let mut socket = ming.socket().await;
    let mut other = mei.socket().await;
    let program = Program::of(&house, &mei).await;
    let mut stream = program.stream("/api/events", None).await;
    let mut figures = BTreeMap::new();
    for fault in [Fault::Stopped, Fault::Hanging, Fault::Killed] {
        fault.begin(&mut server);
        let slowest = look_around(&house, &ming, &mut socket).await;
        fault.end(&mut server);
        let start = Instant::now();
        let text = format!("after {fault:?} {}", client_id());
        eventually("sends work again", || async {
            let body = json!({"content": text, "clientId": uuid_of(&text)});
            let (status, _) = ming.post_json("/rooms/1/messages", &body).await;
            (status == 201).then_some(())
        })
        .await;
        figures.insert(format!("{fault:?}"), (slowest, start.elapsed()));
        assert!(start.elapsed() < RECOVERY);
        let is_it = |frame: &serde_json::Value| frame["content"] == text.as_str();
        other.expect_where("message", is_it).await;
        socket.expect_where("message", is_it).await;
        stream.expect(is_it).await;
        eventually("it says that it is ready", || async {
            (ming.get("/readyz").await.status() == 200).then_some(())
        })
        .await;
        assert_eq!(ming.get("/rooms/1").await.status(), 200);
    }
    house.audit_rooms();
    println!("slowest refusal and recovery: {figures:?}");
}

/// The same id for the same text.
fn uuid_of(text: &str) -> String {
    text.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn a_server_that_says_nothing_is_named_at_the_start() {
    let Some(server) = MariaDb::start() else {
        return;
    };
    server.hang();
    let database = Database::on(&server.url);
    let folder = tempfile::TempDir::new().expect("a folder");
    let settings = [("DATABASE_URL", database.url.as_str())];
    let refused = Teahouse::run(&["serve"], &settings, folder.path());
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("sends no greeting"), "{refused:?}");
    println!("refused after {:?}", refused.took);
}

#[tokio::test]
async fn a_program_that_is_told_to_stop_while_the_database_hangs_stops() {
    let Some((server, mut house)) = private() else {
        return;
    };
    let ming = Person::register(&house, "Ming").await;
    let mut socket = ming.socket().await;
    server.hang();
    socket.post(LOBBY, "hello?").await;
    let _ = ming.get("/rooms/1").await;
    house.ask_to_stop();
    let start = Instant::now();
    let ended = house.ended(Duration::from_secs(25));
    println!("stopped {:?} after it was told to", start.elapsed());
    assert!(ended.is_some_and(|status| status.success()));
}
