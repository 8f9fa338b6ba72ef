//! Database outages lose nothing: the server is killed, hangs, and returns.

use crate::support::{
    ApiClient, Database, LOBBY, LoadGenerator, MariaDb, PagePoller, Person, Socket, Teahouse,
    client_id, long_tests, until,
};
use reqwest::Response;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const SENDERS: usize = 8;
/// Pause between a sender's messages, short enough that writes are always in flight.
const PAUSE: Duration = Duration::from_millis(5);
/// Maximum response time; the promise is 5 s.
const MAX_RESPONSE_TIME: Duration = Duration::from_secs(10);
/// Maximum recovery time after the database returns; the promise is 5 s.
const MAX_RECOVERY_TIME: Duration = Duration::from_secs(10);
/// Maximum time until a request that needs the database is rejected; the promise is 2 s.
const MAX_REJECTION_TIME: Duration = Duration::from_secs(4);
/// Maximum response time without the database.
const MAX_TIME_WITHOUT_DATABASE: Duration = Duration::from_secs(1);
const PATHS: [&str; 4] = ["/rooms/1", "/api/rooms", "/healthz", "/readyz"];

/// A kind of outage, and how it ends.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Stopped,
    Killed,
    Hanging,
}

impl Fault {
    fn begin(self, mariadb: &mut MariaDb) {
        match self {
            Self::Stopped => mariadb.stop(),
            Self::Killed => mariadb.kill(),
            Self::Hanging => mariadb.hang(),
        }
    }

    fn end(self, mariadb: &mut MariaDb) {
        match self {
            Self::Stopped | Self::Killed => mariadb.restart(),
            Self::Hanging => mariadb.resume(),
        }
    }
}

/// Starts a Teahouse on a MariaDB server that no other test uses.
fn start_private() -> Option<(MariaDb, Teahouse)> {
    let mariadb = MariaDb::start()?;
    let server = Teahouse::on(Database::on(&mariadb.url), &[]);
    Some((mariadb, server))
}

/// Causes this many outages while users post and read.
async fn cause_outages(fault: Fault, times: usize, duration: Duration) {
    let Some((mut mariadb, mut server)) = start_private() else {
        return;
    };
    let pid = server.pid();
    let senders = LoadGenerator::paced(&server, SENDERS, PAUSE).await;
    let reader = senders.people[0].clone();
    let poller = PagePoller::start(&reader, &PATHS);
    for _ in 0..times {
        senders.until_acked(200, Duration::from_secs(60)).await;
        fault.begin(&mut mariadb);
        sleep(duration).await;
        fault.end(&mut mariadb);
        let recovery = senders.until_acked(SENDERS, MAX_RECOVERY_TIME).await;
        println!("{fault:?} for {duration:?}: recovered after {recovery:?}");
    }
    let record = senders.stop().await;
    let seen = poller.stop().await;
    println!("pages: {seen:?}");
    server.audit(&record, &reader).await;
    assert!(record.refused > 0, "the outage had an effect");
    assert_eq!(record.lost_sockets, 0, "no socket was closed");
    assert!(record.slowest < MAX_RESPONSE_TIME);
    for (path, seen) in &seen {
        assert!(seen.slowest < MAX_RESPONSE_TIME, "{path}: {seen:?}");
        let known = |status: &u16| matches!(status, 200 | 503);
        assert!(seen.statuses.keys().all(known), "{path}: {seen:?}");
    }
    assert_eq!(seen["/healthz"].statuses.len(), 1, "alive throughout");
    assert!(seen["/healthz"].slowest < MAX_TIME_WITHOUT_DATABASE);
    assert_eq!(server.pid(), pid);
    let is_expected = server.wait_for_exit(Duration::ZERO).is_none();
    assert!(is_expected, "the process is still running");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeatedly_killed_database_loses_nothing() {
    let times = if long_tests() { 10 } else { 2 };
    cause_outages(Fault::Killed, times, Duration::from_millis(500)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_database_hang_loses_nothing() {
    let seconds = if long_tests() { 20 } else { 4 };
    cause_outages(Fault::Hanging, 1, Duration::from_secs(seconds)).await;
}

/// Returns the time and text of a 503 that came within the limit.
async fn expect_unavailable(
    what: &str,
    response: impl Future<Output = Response>,
) -> (Duration, String) {
    let start = Instant::now();
    let response = timeout(MAX_RESPONSE_TIME, response).await.expect(what);
    let took = start.elapsed();
    assert_eq!(response.status(), 503, "{what}");
    assert!(response.headers().contains_key("retry-after"), "{what}");
    assert!(took < MAX_REJECTION_TIME, "{what} took {took:?}");
    (took, response.text().await.expect("text"))
}

/// Checks the responses to browsers and API clients during an outage. Returns the slowest.
async fn check_unavailable_responses(
    server: &Teahouse,
    ming: &Person,
    socket: &mut Socket,
) -> Duration {
    let (mut slowest, page) = expect_unavailable("a page", ming.get("/rooms/1")).await;
    assert!(page.contains("We’ll be right back"), "{page}");
    let is_shown = page.contains("Try again") && page.contains("href=\"/rooms/1\"");
    assert!(is_shown, "{page}");
    let form = [("content", "hello")];
    let (took, page) = expect_unavailable("a form", ming.post("/rooms/1/messages", &form)).await;
    slowest = slowest.max(took);
    assert!(page.contains("Go back to find what you typed"), "{page}");
    let (took, json) = expect_unavailable("the API", ming.get("/api/rooms")).await;
    slowest = slowest.max(took);
    assert!(json.contains("\"code\":\"unavailable\""), "{json}");
    let (took, _) = expect_unavailable("readiness", ming.get("/readyz")).await;
    slowest = slowest.max(took);
    let start = Instant::now();
    assert_eq!(Socket::refusal(Socket::request(ming)).await, 503);
    slowest = slowest.max(start.elapsed());
    let start = Instant::now();
    let id = socket.post(LOBBY, "is anybody there?").await;
    let error = socket.expect("error").await;
    let found = (error["code"].as_str(), error["clientId"].as_str());
    assert_eq!(found, (Some("unavailable"), Some(&*id)));
    slowest = slowest.max(start.elapsed());
    assert!(slowest < MAX_REJECTION_TIME, "{slowest:?}");
    let start = Instant::now();
    assert_eq!(Person::visitor(server).get("/healthz").await.status(), 200);
    assert_eq!(Person::visitor(server).get("/login").await.status(), 200);
    assert!(start.elapsed() < MAX_TIME_WITHOUT_DATABASE);
    slowest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outage_is_reported_to_clients_and_everything_works_afterwards() {
    let Some((mut mariadb, server)) = start_private() else {
        return;
    };
    let [ming, mei] = Person::register_each(&server, ["Ming", "Mei"]).await;
    let mut socket = ming.socket().await;
    let mut other = mei.socket().await;
    let client = ApiClient::of(&server, &mei).await;
    let mut stream = client.stream("/api/events", None).await;
    for fault in [Fault::Stopped, Fault::Hanging, Fault::Killed] {
        fault.begin(&mut mariadb);
        let slowest = check_unavailable_responses(&server, &ming, &mut socket).await;
        fault.end(&mut mariadb);
        let start = Instant::now();
        let text = format!("after {fault:?} {}", client_id());
        until("posting works again", async || {
            let body = json!({"content": text, "clientId": trailing_id(&text)});
            let (status, _) = ming.post_json("/rooms/1/messages", &body).await;
            status == 201
        })
        .await;
        let recovery = start.elapsed();
        println!("{fault:?}: rejected within {slowest:?}, recovered after {recovery:?}");
        assert!(recovery < MAX_RECOVERY_TIME);
        let is_message = |frame: &serde_json::Value| frame["content"] == text.as_str();
        other.expect_where("message", is_message).await;
        socket.expect_where("message", is_message).await;
        stream.expect(is_message).await;
        until("it reports that it is ready", async || {
            ming.get("/readyz").await.status() == 200
        })
        .await;
        assert_eq!(ming.get("/rooms/1").await.status(), 200);
    }
    server.audit_rooms();
}

/// Returns the client id at the end of a text, so that retries use the same one.
fn trailing_id(text: &str) -> String {
    text.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn unresponsive_database_server_is_reported_at_start() {
    let Some(mariadb) = MariaDb::start() else {
        return;
    };
    mariadb.hang();
    let database = Database::on(&mariadb.url);
    let folder = tempfile::TempDir::new().expect("a folder");
    let settings = [("DATABASE_URL", database.url.as_str())];
    let outcome = Teahouse::run(&["serve"], &settings, folder.path()).expect_failure();
    println!("exited after {:?}", outcome.took);
    assert!(outcome.stderr.contains("sends no greeting"), "{outcome:?}");
}

#[tokio::test]
async fn server_stops_on_sigterm_while_the_database_hangs() {
    let Some((mariadb, mut server)) = start_private() else {
        return;
    };
    let ming = Person::register(&server, "Ming").await;
    let mut socket = ming.socket().await;
    mariadb.hang();
    socket.post(LOBBY, "hello?").await;
    let _ = ming.get("/rooms/1").await;
    let start = Instant::now();
    server.terminate();
    let ended = server.wait_for_exit(Duration::from_secs(25));
    println!("stopped after {:?}", start.elapsed());
    assert!(ended.is_some_and(|status| status.success()));
}
