//! Another connection holds locks that the server needs.

use crate::support::database::required_mysql;
use crate::support::{LOBBY, Person, Teahouse, until};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Maximum time until a write is rejected; the promise is 2 s.
const MAX_REJECTION_TIME: Duration = Duration::from_secs(4);
/// Maximum time until writes work again; the promise is 5 s.
const MAX_RECOVERY_TIME: Duration = Duration::from_secs(10);

/// Locks of another connection: description and the statement that takes it.
fn locks(server: &Teahouse) -> Vec<(&'static str, &'static str)> {
    match server.database().is_mysql() {
        true => vec![
            ("the Lobby", "SELECT id FROM rooms WHERE id = 1 FOR UPDATE"),
            ("the counter", "SELECT id FROM installation FOR UPDATE"),
        ],
        false => vec![("the file", "CREATE TABLE mine (id INTEGER)")],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_write_is_rejected_in_time_and_works_afterwards() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let mut socket = ming.socket().await;
    let begin = match server.database().is_mysql() {
        true => "START TRANSACTION",
        false => "BEGIN IMMEDIATE",
    };
    for (what, lock) in locks(&server) {
        let mut other = server.database().second_connection();
        other.run(begin);
        other.run(lock);
        let mut slowest = Duration::ZERO;
        for n in 0..3 {
            let start = Instant::now();
            let id = socket.post(LOBBY, &format!("{what}, {n}")).await;
            let error = socket.expect("error").await;
            slowest = slowest.max(start.elapsed());
            assert_eq!(error["code"], "unavailable", "{error}");
            assert_eq!(error["clientId"], id.as_str());
        }
        assert_eq!(ming.get("/rooms/1").await.status(), 200, "reads still work");
        let start = Instant::now();
        let rooms = [("name", "Tea"), ("kind", "open")];
        ming.post("/rooms", &rooms).await;
        let room_time = start.elapsed();
        other.run("ROLLBACK");
        let start = Instant::now();
        until("posting works again", async || {
            let response = ming.post("/rooms/1/messages", &[("content", "now")]).await;
            response.status() == 303
        })
        .await;
        let recovery = start.elapsed();
        println!(
            "{what}: rejected within {slowest:?}, room {room_time:?}, works after {recovery:?}"
        );
        assert!(slowest < MAX_REJECTION_TIME && room_time < MAX_REJECTION_TIME);
        assert!(recovery < MAX_RECOVERY_TIME);
    }
    server.audit_rooms();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlock_is_retried_and_not_reported_to_the_client() {
    if required_mysql().is_none() {
        return;
    }
    let server = Teahouse::start();
    let ming = Person::register(&server, "Ming").await;
    let mut socket = ming.socket().await;
    for n in 0..3 {
        // This transaction has changed more rows than the server's, so the server's is the deadlock victim.
        let mut other = server.database().second_connection();
        other.run("START TRANSACTION");
        other.run("CREATE TEMPORARY TABLE spare AS SELECT 1 AS id");
        for _ in 0..5 {
            other.run("UPDATE rooms SET topic = CONCAT(topic, '.') WHERE id = 1");
            other.run("UPDATE users SET locale = CONCAT('l', id)");
            other.run("UPDATE memberships SET read_seq = read_seq + 1");
            other.run("UPDATE memberships SET read_seq = read_seq - 1");
        }
        let id = socket.post(LOBBY, &format!("message {n}")).await;
        // By now the server holds the counter and waits for the room.
        let waits = "SELECT COUNT(*) AS value FROM information_schema.processlist \
                     WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE 'UPDATE%rooms%'";
        until("the server waits for the room", async || {
            server.number(waits) > 0
        })
        .await;
        other.run("UPDATE installation SET counter = counter + 1");
        sleep(Duration::from_millis(50)).await;
        other.run("COMMIT");
        let response = socket.first_of(&["ack", "error"]).await;
        let found = (response["type"].as_str(), response["clientId"].as_str());
        assert_eq!(found, (Some("ack"), Some(&*id)));
        assert_eq!(response["seq"], n + 1);
    }
    server.audit_rooms();
}
