//! How many sessions a person may have, and what a person may do how often.

use crate::support::{Person, ApiClient, Socket, Teahouse, eventually};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const ON: (&str, &str) = ("TEAHOUSE__THROTTLE__ENABLED", "true");
const FIVE: (&str, &str) = ("TEAHOUSE__ACCOUNTS__SESSIONS_PER_PERSON", "5");

fn sessions(server: &Teahouse) -> i64 {
    let count = "SELECT COUNT(*) AS value FROM sessions";
    server.database().number(count)
}

async fn refresh(program: &ApiClient) -> u16 {
    program.post("/api/refresh_token", Value::Null).await.0
}

#[tokio::test]
async fn with_one_session_too_many_the_least_recently_used_ends_and_its_socket_closes() {
    let server = Teahouse::with(&[FIVE]);
    let ming = Person::register(&server, "Ming").await;
    let mut socket: Socket = ming.socket().await;
    let program = ApiClient::of(&server, &ming).await;
    for _ in 0..3 {
        assert_eq!(refresh(&program).await, 200);
    }
    assert_eq!(sessions(&server), 5);
    socket.expect_none("error").await;
    // The oldest one is the browser's; the one that asks is kept.
    for _ in 0..20 {
        assert_eq!(refresh(&program).await, 200);
        assert!(sessions(&server) <= 5);
    }
    assert_eq!(socket.close_code(Duration::from_secs(5)).await, 4001);
    assert_eq!(ming.get("/rooms/1").await.status(), 303, "signed out");
    assert_eq!(program.get("/api/auth_user").await.0, 200);
}

#[tokio::test]
async fn every_way_in_keeps_to_the_limit() {
    let server = Teahouse::with(&[FIVE]);
    let ming = Person::register(&server, "Ming").await;
    for _ in 0..8 {
        ming.on_another_device(&server).await;
        assert!(sessions(&server) <= 5);
        ApiClient::of(&server, &ming).await;
        assert!(sessions(&server) <= 5);
    }
    let ana = Person::register(&server, "Ana").await;
    assert_eq!(ana.get("/rooms/1").await.status(), 200);
    assert_eq!(sessions(&server), 6, "each person has their own limit");
}

#[tokio::test]
async fn a_token_that_is_used_is_not_the_least_recently_used() {
    let server = Teahouse::with(&[FIVE]);
    let ming = Person::register(&server, "Ming").await;
    let program = ApiClient::of(&server, &ming).await;
    let yesterday = "UPDATE sessions SET seen_at = '2026-01-01 00:00:00.000'";
    server.database().run(yesterday);
    assert_eq!(program.get("/api/auth_user").await.0, 200);
    eventually("its use is noted", async || {
        let seen =
            "SELECT COUNT(*) AS value FROM sessions WHERE seen_at > '2026-01-02 00:00:00.000'";
        (server.database().number(seen) == 1).then_some(())
    })
    .await;
    for _ in 0..4 {
        ming.on_another_device(&server).await;
    }
    assert_eq!(program.get("/api/auth_user").await.0, 200);
    assert_eq!(ming.get("/rooms/1").await.status(), 303, "the unused one");
}

#[tokio::test]
async fn what_one_person_does_too_often_is_throttled() {
    let server = Teahouse::with(&[
        ON,
        ("TEAHOUSE__THROTTLE__TOKEN_REFRESHES_PER_PERSON", "3"),
        ("TEAHOUSE__THROTTLE__RENAMES_PER_PERSON", "3"),
        ("TEAHOUSE__THROTTLE__PROFILE_CHANGES_PER_PERSON", "3"),
        ("TEAHOUSE__THROTTLE__EXPORTS_PER_PERSON", "3"),
    ]);
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let look = json!({"locale": "", "appearance": "dark", "time_format": "24"});
    let table = [
        (Method::POST, "/api/refresh_token", json!(null), 200),
        (
            Method::PATCH,
            "/settings/profile",
            json!({"username": "NAME"}),
            204,
        ),
        (
            Method::PUT,
            "/settings/privacy",
            json!({"reachable_by": "everybody"}),
            204,
        ),
        (Method::GET, "/settings/export", json!(null), 200),
    ];
    for (method, path, body, fine) in table {
        let mut answers = Vec::new();
        for n in 0..5 {
            let mut body = body.clone();
            if body["username"] == "NAME" {
                body["username"] = json!(format!("Ming{n}"));
            }
            let (status, _) = ming.json(method.clone(), path, body).await;
            answers.push(status);
        }
        println!("{method} {path}: {answers:?}");
        assert_eq!(answers[..3], [fine; 3], "{method} {path}");
        assert_eq!(answers[3..], [429, 429], "{method} {path}");
    }
    // Pictures and preferences share their count; others have their own.
    assert_eq!(
        ming.json(Method::PUT, "/settings/appearance", look.clone())
            .await
            .0,
        429
    );
    assert_eq!(
        ming.json(Method::DELETE, "/settings/avatar", json!(null))
            .await
            .0,
        429
    );
    assert_ne!(
        ana.json(Method::PUT, "/settings/appearance", look).await.0,
        429
    );
}

#[tokio::test]
async fn one_export_at_a_time_for_each_person_and_a_cut_off_one_ends() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    // More than socket buffers hold, so that a download that nobody reads stays under way.
    let text = "x".repeat(3900);
    let columns =
        "room_id, seq, ver, id, change_id, user_id, client_id, sent_hash, content, created_at";
    server.database().run(&format!(
        "INSERT INTO messages ({columns}) \
         SELECT 1, 1, 1, 1001, 1001, id, '1', 'x', '{text}', '2026-01-01 00:00:00.000' \
         FROM users WHERE username = 'Ming'"
    ));
    for n in (0..12).map(|doublings| 1 << doublings) {
        server.database().run(&format!(
            "INSERT INTO messages ({columns}) \
             SELECT 1, seq + {n}, ver + {n}, id + {n}, change_id + {n}, user_id, CAST(seq + {n} AS CHAR), 'x', content, \
             created_at FROM messages"
        ));
    }
    let export = || ming.request(Method::GET, "/settings/export").send();
    let first = export().await.expect("a response");
    assert_eq!(first.status(), 200);
    let second = export().await.expect("a response");
    assert_eq!(second.status(), 429);
    assert!(second.headers().contains_key("retry-after"));
    let others = ana.get("/settings/export").await;
    assert_eq!(others.status(), 200, "another person's");
    drop(first);
    eventually("the place is free again", async || {
        let again = export().await.expect("a response");
        (again.status() == 200).then_some(())
    })
    .await;
}
