//! `/readyz` reports whether writes work, at a bounded cost.

use crate::support::database::{on_server, requires_sqlite};
use crate::support::{Database, MariaDb, Person, SmallDisk, Teahouse, client_id, until};
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};

async fn readiness(person: &Person) -> u16 {
    person.get("/readyz").await.status().as_u16()
}

async fn say(person: &Person) -> u16 {
    let body = json!({"content": "tea ".repeat(950), "clientId": client_id()});
    let answer = person.post_json("/rooms/1/messages", &body).await;
    answer.0.as_u16()
}

/// While writes fail, `/readyz` returns 503 quickly; after `repair` it returns 200 again.
async fn assert_not_ready_until(ming: &Person, repair: impl FnOnce()) {
    assert_eq!(say(ming).await, 503);
    assert_eq!(readiness(ming).await, 503);
    let start = Instant::now();
    let all = join_all((0..20).map(|_| readiness(ming))).await;
    let took = start.elapsed();
    assert!(all.iter().all(|status| *status == 503), "{all:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    repair();
    let start = Instant::now();
    until("the server is ready again", async || {
        readiness(ming).await == 200
    })
    .await;
    println!(
        "20 probes in {took:?}; ready {:?} after the repair",
        start.elapsed()
    );
    assert_eq!(say(ming).await, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_database_is_not_ready() {
    if !requires_sqlite() {
        return;
    }
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    assert_eq!(readiness(&ming).await, 200);
    let mut other = server.database().second_connection();
    other.run("BEGIN IMMEDIATE");
    assert_not_ready_until(&ming, || other.run("ROLLBACK")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_is_not_ready() {
    if !requires_sqlite() {
        return;
    }
    let Some(disk) = SmallDisk::new(8) else {
        return;
    };
    let server = Teahouse::on(Database::file(disk.path()), &[]);
    let ming = Person::register(&server, "Ming").await;
    disk.fill_except(0);
    let mut said = 0;
    while say(&ming).await == 201 {
        said += 1;
        assert!(said < 5000, "the disk is never full");
    }
    assert_not_ready_until(&ming, || disk.free()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_database_is_not_ready_and_is_probed_once_a_second() {
    let Some(private) = MariaDb::start() else {
        return;
    };
    on_server(&private.url, "CREATE DATABASE tea CHARACTER SET utf8mb4");
    on_server(&private.url, "CREATE USER tea@'%' IDENTIFIED BY 'pot'");
    on_server(&private.url, "GRANT ALL ON tea.* TO tea@'%'");
    let url = format!("mysql://tea:pot@127.0.0.1:{}/tea", private.port);
    let server = Teahouse::on(Database::at(url), &[]);
    let ming = Person::register(&server, "Ming").await;
    on_server(&private.url, "SET GLOBAL read_only = 1");
    // Writes are transactions; reads are not.
    let writes = || {
        server.number(
            "SELECT CAST(variable_value AS SIGNED) AS value FROM information_schema.global_status \
             WHERE variable_name = 'Com_begin'",
        )
    };
    assert_eq!(readiness(&ming).await, 200, "no write has failed yet");
    assert_eq!(say(&ming).await, 503);
    let (before, start) = (writes(), Instant::now());
    while start.elapsed() < Duration::from_secs(3) {
        let all = join_all((0..10).map(|_| readiness(&ming))).await;
        assert!(all.iter().all(|status| *status == 503), "{all:?}");
    }
    let tries = writes() - before;
    println!("{tries} test writes in {:?}", start.elapsed());
    assert!((1..=4).contains(&tries));
    assert_not_ready_until(&ming, || {
        on_server(&private.url, "SET GLOBAL read_only = 0")
    })
    .await;
}
