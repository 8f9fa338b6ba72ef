//! Somebody else holds what the program wants to write.

use crate::support::{LOBBY, Person, Teahouse, eventually};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How soon what cannot be done is refused; the promise is 2 s.
const REFUSAL: Duration = Duration::from_secs(4);
/// How soon it can be done afterwards; the promise is 5 s.
const RECOVERY: Duration = Duration::from_secs(10);

/// What others may hold, and the statement that takes it.
fn locks(house: &Teahouse) -> Vec<(&'static str, &'static str)> {
    match house.database().is_mysql() {
        true => vec![
            ("the Lobby", "SELECT id FROM rooms WHERE id = 1 FOR UPDATE"),
            ("the counter", "SELECT id FROM installation FOR UPDATE"),
        ],
        false => vec![("the file", "CREATE TABLE mine (id INTEGER)")],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_holds_is_refused_in_time_and_works_afterwards() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let mut socket = ming.socket().await;
    let begin = match house.database().is_mysql() {
        true => "START TRANSACTION",
        false => "BEGIN IMMEDIATE",
    };
    for (what, lock) in locks(&house) {
        let mut other = house.database().other();
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
        assert_eq!(ming.get("/rooms/1").await.status(), 200, "reading goes on");
        let start = Instant::now();
        let rooms = [("name", "Tea"), ("kind", "open")];
        let made = ming.post("/rooms", &rooms).await.status();
        let making = start.elapsed();
        other.run("ROLLBACK");
        let start = Instant::now();
        eventually("sends work again", || async {
            let answer = ming.post("/rooms/1/messages", &[("content", "now")]).await;
            (answer.status() == 303).then_some(())
        })
        .await;
        println!(
            "{what} held: refused after {slowest:?} at the latest, another room {made} after {making:?}, \
             sends work {:?} afterwards",
            start.elapsed()
        );
        assert!(slowest < REFUSAL && making < REFUSAL);
        assert!(start.elapsed() < RECOVERY);
    }
    house.audit_rooms();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_nobodys_problem() {
    let house = Teahouse::start();
    if !house.database().is_mysql() {
        return;
    }
    let ming = Person::register(&house, "Ming").await;
    let mut socket = ming.socket().await;
    for n in 0..3 {
        // It has changed more than the program has, so it is the program that has to yield.
        let mut other = house.database().other();
        other.run("START TRANSACTION");
        other.run("CREATE TEMPORARY TABLE spare AS SELECT 1 AS id");
        for _ in 0..5 {
            other.run("UPDATE rooms SET topic = CONCAT(topic, '.') WHERE id = 1");
            other.run("UPDATE users SET locale = CONCAT('l', id)");
            other.run("UPDATE memberships SET read_seq = read_seq + 1");
            other.run("UPDATE memberships SET read_seq = read_seq - 1");
        }
        let id = socket.post(LOBBY, &format!("message {n}")).await;
        // The program has taken the counter by then, and waits for the room.
        let waits = "SELECT COUNT(*) AS value FROM information_schema.processlist \
                     WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE 'UPDATE%rooms%'";
        eventually("the program waits for the room", || async {
            (house.database().number(waits) > 0).then_some(())
        })
        .await;
        other.run("UPDATE installation SET counter = counter + 1");
        sleep(Duration::from_millis(50)).await;
        other.run("COMMIT");
        let answer = socket.first_of(&["ack", "error"]).await;
        assert_eq!(
            (answer["type"].as_str(), answer["clientId"].as_str()),
            (Some("ack"), Some(&*id))
        );
        assert_eq!(answer["seq"], n + 1);
    }
    house.audit_rooms();
}
