//! A full or read-only disk: clear errors, and each acknowledged message is stored.

use crate::support::{
    Database, LOBBY, LoadGenerator, MariaDb, Person, SmallDisk, Teahouse, client_id, database,
    until,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const SENDERS: usize = 4;
/// Maximum time until a write is rejected; the promise is 2 s.
const REFUSAL: Duration = Duration::from_secs(4);

/// Posts long messages until one is rejected. Returns the stored ones and the time of the rejection.
async fn post_until_rejected(ming: &Person) -> (Vec<Value>, Duration) {
    let mut socket = ming.socket().await;
    let text = "tea ".repeat(950);
    let mut acks = Vec::new();
    loop {
        let start = Instant::now();
        socket.post(LOBBY, &text).await;
        let response = socket.first_of(&["ack", "error"]).await;
        if response["type"] == "error" {
            assert_eq!(response["code"], "unavailable", "{response}");
            return (acks, start.elapsed());
        }
        acks.push(response);
        assert!(acks.len() < 5000, "the disk is never full");
    }
}

async fn fill_and_free(server: &Teahouse, disk: &SmallDisk) {
    let ming = Person::register(server, "Ming").await;
    ming.say("before").await;
    disk.fill_except(256 * 1024);
    let (acks, took) = post_until_rejected(&ming).await;
    assert!(took < REFUSAL, "{took:?}");
    let body = json!({"content": "tea ".repeat(950), "clientId": client_id()});
    let start = Instant::now();
    let (status, response) = ming.post_json("/rooms/1/messages", &body).await;
    let over_http = start.elapsed();
    assert!(over_http < REFUSAL, "{over_http:?}");
    let found = (status.as_u16(), response["code"].as_str());
    assert_eq!(found, (503, Some("unavailable")));
    let log = server.log();
    let cause = log
        .iter()
        .rev()
        .find(|line| line.contains("messages was not stored"));
    cause.expect("the log has the cause");
    let stored = ming.whole_history(LOBBY).await;
    for ack in &acks {
        let seq = ack["seq"].as_u64().expect("seq") as usize;
        let found = &stored[seq - 1]["clientId"];
        assert_eq!(
            found, &ack["clientId"],
            "the acknowledged message is stored"
        );
    }
    disk.free();
    let start = Instant::now();
    until("posting works again", async || {
        let (status, _) = ming.post_json("/rooms/1/messages", &body).await;
        status == 201
    })
    .await;
    let acked = acks.len();
    println!("{acked} acknowledged; rejected after {took:?}, as a form {over_http:?}");
    println!("posting works {:?} after space was freed", start.elapsed());
    server.audit_rooms();
}

async fn fill_under_senders(server: &Teahouse, disk: &SmallDisk) {
    let senders = LoadGenerator::paced(server, SENDERS, Duration::from_millis(10)).await;
    let reader = senders.people[0].clone();
    senders.until_acked(50, Duration::from_secs(30)).await;
    disk.fill_except(0);
    tokio::time::sleep(Duration::from_secs(3)).await;
    disk.free();
    senders.until_acked(50, Duration::from_secs(30)).await;
    let record = senders.stop().await;
    server.audit(&record, &reader).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_is_an_explicit_error_and_loses_no_message() {
    if database::mysql_url().is_some() {
        // Room for the server's own files and little more.
        let Some(disk) = SmallDisk::new(96) else {
            return;
        };
        let Some(mariadb) = MariaDb::start_in(Some(disk.path())) else {
            return;
        };
        let server = Teahouse::on(Database::on(&mariadb.url), &[]);
        fill_under_senders(&server, &disk).await;
        fill_and_free(&server, &disk).await;
        drop((server, mariadb));
        return;
    }
    let Some(disk) = SmallDisk::new(8) else {
        return;
    };
    let server = Teahouse::on(Database::file(disk.path()), &[]);
    fill_under_senders(&server, &disk).await;
    fill_and_free(&server, &disk).await;
}

#[tokio::test]
async fn read_only_database_file_is_reported_in_one_line() {
    if !database::requires_sqlite() {
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
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let is_shown = refused.stderr.to_lowercase().contains("read-only");
    assert!(is_shown, "{refused:?}");
    assert!(serve("migrate").status.success());
}
