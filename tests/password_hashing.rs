//! Which attempts are rate limited before a password is hashed, and which are refunded.

use crate::support::{ApiClient, Metrics, Person, Teahouse, person::PASSWORD, until};
use futures_util::future::join_all;
use serde_json::json;
use std::cell::Cell;

const THROTTLED: (&str, &str) = ("TEAHOUSE__THROTTLE__ENABLED", "true");
const WRONG: &str = "not the password";

/// A server on which one hash occupies the only permit for a noticeable time.
fn slow() -> Teahouse {
    Teahouse::configured(
        "throttle.enabled=true accounts.hash_permits=1 accounts.hash_queue=1 \
         accounts.hash_memory_kib=19456 accounts.hash_passes=40 \
         throttle.sign_ins_per_address=1000",
    )
}

async fn register(who: &Person, name: &str) -> u16 {
    who.submit_registration(name).await.status().as_u16()
}

/// Number of attempts counted, over all throttles.
fn tries(server: &Teahouse) -> i64 {
    let sum = "SELECT COALESCE(SUM(tries), 0) AS value FROM throttles";
    server.number(sum)
}

/// Number of hashes that the server has rejected.
async fn refused(server: &Teahouse) -> f64 {
    let metrics = Metrics::of(&Person::visitor(server)).await;
    metrics.get("teahouse_password_hashes_refused_total")
}

#[tokio::test]
async fn registrations_with_a_taken_username_are_rate_limited() {
    for verification in ["false", "true"] {
        let server = Teahouse::with(&[("TEAHOUSE__VERIFICATION__ENABLED", "false")]);
        Person::register(&server, "Ming").await;
        let server = server.second_server_with(&[
            THROTTLED,
            ("TEAHOUSE__VERIFICATION__ENABLED", verification),
            ("TEAHOUSE__THROTTLE__REGISTRATIONS_PER_ADDRESS", "4"),
        ]);
        let mut answers = Vec::new();
        for _ in 0..6 {
            answers.push(register(&Person::visitor(&server), "ming").await);
        }
        assert_eq!(answers, [422, 422, 422, 422, 429, 429], "{verification}");
    }
}

#[tokio::test]
async fn password_changes_are_rate_limited() {
    let server = Teahouse::configured("throttle.enabled=true throttle.new_passwords_per_person=3");
    let ming = Person::register(&server, "Ming").await;
    let mut old = PASSWORD.to_owned();
    let mut answers = Vec::new();
    for n in 0..5 {
        let new = format!("another long password {n}");
        let form = [("old_password", old.as_str()), ("password", &new)];
        let answer = ming.post("/settings/password", &form).await;
        answers.push(answer.status().as_u16());
        if answer.status() == 303 {
            old = new;
        }
    }
    assert_eq!(answers, [303, 303, 303, 429, 429]);
}

/// Ways to submit a password.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Page,
    Api,
    Settings,
}

/// Submits the right password.
async fn submit(entry: Entry, ming: &Person, stranger: &Person) -> u16 {
    let status = match entry {
        Entry::Page => stranger.log_in(&ming.phone, PASSWORD).await.status(),
        Entry::Api => {
            let body = json!({"phone": ming.phone, "password": PASSWORD});
            stranger.post_json("/api/login", &body).await.0
        }
        Entry::Settings => {
            let form = [("phone_password", PASSWORD), ("phone", ming.phone.as_str())];
            ming.post("/settings/phone", &form).await.status()
        }
    };
    status.as_u16()
}

#[tokio::test]
async fn attempts_rejected_by_a_busy_hasher_do_not_count() {
    for entry in [Entry::Page, Entry::Api, Entry::Settings] {
        let server = slow();
        let ming = Person::register(&server, "Ming").await;
        let mut stranger = Person::visitor(&server);
        let is_over = Cell::new(false);
        // Requests of the same priority keep the permit and the queue occupied.
        let crowd: Vec<_> = (0..6)
            .map(|_| match entry {
                Entry::Settings => ming.clone(),
                _ => Person::visitor(&server),
            })
            .collect();
        let busy = join_all(crowd.iter().map(async |who| {
            while !is_over.get() {
                if let Entry::Settings = entry {
                    who.sign_in().await;
                    continue;
                }
                // A different phone number each time, so that no throttle grows.
                let answer = who.log_in(&Person::visitor(&server).phone, WRONG).await;
                assert_ne!(answer.status(), 429, "one address, below its limit");
            }
        }));
        let tries = async {
            let mut refusals = 0;
            while refusals < 6 {
                match submit(entry, &ming, &stranger).await {
                    503 => refusals += 1,
                    // Success resets the counter; the browser is trusted now and would be hashed before the others.
                    200 | 303 => (refusals, stranger) = (0, Person::visitor(&server)),
                    other => panic!("{entry:?}: {other} after {refusals} refusals"),
                }
            }
            is_over.set(true);
        };
        futures_util::join!(busy, tries);
        let status = submit(entry, &ming, &stranger).await;
        assert!([200, 303].contains(&status), "{entry:?}: {status}");
    }
}

#[tokio::test]
async fn attempts_of_disconnected_clients_do_not_count() {
    let server = slow();
    let ming = Person::register(&server, "Ming").await;
    let before = tries(&server);
    // One client occupies the hasher; the others disconnect while they are queued.
    let busy = Person::visitor(&server);
    let busy_phone = busy.phone.clone();
    let holding = tokio::spawn(async move { busy.log_in(&busy_phone, WRONG).await.status() });
    until("the hasher is busy", async || tries(&server) > before).await;
    for _ in 0..6 {
        let leaver = Person::visitor(&server);
        let wait = std::time::Duration::from_millis(60);
        let _ = tokio::time::timeout(wait, leaver.log_in(&ming.phone, PASSWORD)).await;
    }
    assert!([422, 503].contains(&holding.await.expect("no panic").as_u16()));
    let stranger = Person::visitor(&server);
    until("the right password is accepted", async || {
        let status = stranger.log_in(&ming.phone, PASSWORD).await.status();
        assert_ne!(status, 429, "locked out");
        status == 303
    })
    .await;
}

#[tokio::test]
async fn passwords_from_a_trusted_browser_are_hashed_before_those_of_unknown_clients() {
    let server = Teahouse::configured(
        "throttle.enabled=true accounts.hash_permits=1 accounts.hash_queue=8 \
         accounts.hash_memory_kib=19456 accounts.hash_passes=10 \
         throttle.sign_ins_per_address=1000",
    );
    let ming = Person::register(&server, "Ming").await;
    let token = ApiClient::of(&server, &ming).await;
    let strangers: Vec<_> = (0..20).map(|_| Person::visitor(&server)).collect();
    let flood = join_all(strangers.iter().map(|who| who.log_in(&who.phone, PASSWORD)));
    let known = async {
        until("the queue is full", async || refused(&server).await > 0.0).await;
        let start = std::time::Instant::now();
        (ming.sign_in().await.status(), start.elapsed())
    };
    let (flood, (status, took)) = futures_util::join!(flood, known);
    let rejected = flood.iter().filter(|answer| answer.status() == 503).count();
    println!("{rejected} of 20 unknown clients rejected; trusted browser: {status} after {took:?}");
    assert_eq!(status, 303, "rejected in favour of an unknown client");
    assert_eq!(token.get("/api/auth_user").await.0, 200);
}
