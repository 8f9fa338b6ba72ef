//! The disk is full, or may not be written: clear errors, nothing acknowledged that is not stored.

use crate::support::{
    Database, LOBBY, MariaDb, Person, Senders, SmallDisk, Teahouse, client_id, database, eventually,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const SENDERS: usize = 4;
/// How soon what cannot be stored is refused; the promise is 2 s.
const REFUSAL: Duration = Duration::from_secs(4);

/// Says long things until one is not stored; answers how many were, and how long the refusal took.
async fn talk_until_refused(ming: &Person) -> (Vec<Value>, Duration) {
    let mut socket = ming.socket().await;
    let text = "tea ".repeat(950);
    let mut acks = Vec::new();
    loop {
        let start = Instant::now();
        socket.post(LOBBY, &text).await;
        let answer = socket.first_of(&["ack", "error"]).await;
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "unavailable", "{answer}");
            return (acks, start.elapsed());
        }
        acks.push(answer);
        assert!(acks.len() < 5000, "the disk is never full");
    }
}

async fn fill_and_free(house: &Teahouse, disk: &SmallDisk) {
    let ming = Person::register(house, "Ming").await;
    ming.say("before").await;
    disk.fill_but(256 * 1024);
    let (acks, took) = talk_until_refused(&ming).await;
    assert!(took < REFUSAL, "{took:?}");
    let body = json!({"content": "tea ".repeat(950), "clientId": client_id()});
    let start = Instant::now();
    let (status, answer) = ming.post_json("/rooms/1/messages", &body).await;
    let over_http = start.elapsed();
    assert!(over_http < REFUSAL, "{over_http:?}");
    assert_eq!(
        (status.as_u16(), answer["code"].as_str()),
        (503, Some("unavailable"))
    );
    let log = house.log();
    let cause = log
        .iter()
        .rev()
        .find(|line| line.contains("messages was not stored"));
    let cause = cause.expect("the log names the cause").clone();
    let stored = ming.whole_history(LOBBY).await;
    for ack in &acks {
        let seq = ack["seq"].as_u64().expect("seq") as usize;
        assert_eq!(
            stored[seq - 1]["clientId"],
            ack["clientId"],
            "what was acknowledged is there"
        );
    }
    disk.free();
    let start = Instant::now();
    eventually("sends work again", || async {
        let (status, _) = ming.post_json("/rooms/1/messages", &body).await;
        (status == 201).then_some(())
    })
    .await;
    println!(
        "full disk: refused after {took:?} (form {over_http:?}), works {:?} after there is room; {} acknowledged; {cause}",
        start.elapsed(),
        acks.len()
    );
    house.audit_rooms();
}

async fn fill_under_senders(house: &Teahouse, disk: &SmallDisk) {
    let senders = Senders::paced(house, SENDERS, Duration::from_millis(10)).await;
    let reader = senders.people[0].clone();
    senders.until_acked(50, Duration::from_secs(30)).await;
    disk.fill_but(0);
    tokio::time::sleep(Duration::from_secs(3)).await;
    disk.free();
    senders.until_acked(50, Duration::from_secs(30)).await;
    let record = senders.stop().await;
    let stored = house.audit(&record, &reader).await;
    println!(
        "full under {SENDERS} senders: {stored} stored, {} refused and repeated, slowest answer {:?}",
        record.refused, record.slowest
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_an_explicit_error_and_no_message_is_lost() {
    if database::server().is_some() {
        // Room for the server's own files, and not much more.
        let Some(disk) = SmallDisk::new(96) else {
            return;
        };
        let Some(server) = MariaDb::start_in(Some(disk.path())) else {
            return;
        };
        let house = Teahouse::on(Database::on(&server.url), &[]);
        fill_under_senders(&house, &disk).await;
        fill_and_free(&house, &disk).await;
        drop((house, server));
        return;
    }
    let Some(disk) = SmallDisk::new(8) else {
        return;
    };
    let house = Teahouse::on(Database::file(disk.path()), &[]);
    fill_under_senders(&house, &disk).await;
    fill_and_free(&house, &disk).await;
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_one_clear_line() {
    if database::server().is_some() {
        return;
    }
    let Some(disk) = SmallDisk::new(8) else {
        return;
    };
    let database = Database::file(disk.path());
    let settings = [("DATABASE_URL", database.url.as_str())];
    let serve = |command: &str| Teahouse::run(&[command], &settings, disk.path());
    assert!(serve("migrate").status.success());
    disk.set_read_only(true);
    let refused = serve("migrate");
    disk.set_read_only(false);
    println!("read-only: {}", refused.stderr.trim());
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        refused.stderr.to_lowercase().contains("read-only"),
        "{refused:?}"
    );
    assert!(serve("migrate").status.success());
}
