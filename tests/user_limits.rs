//! Limits per user: number of sessions, token refreshes, profile changes and exports.

use crate::support::{ApiClient, Person, Socket, Teahouse, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const FIVE_SESSIONS: (&str, &str) = ("TEAHOUSE__ACCOUNTS__SESSIONS_PER_PERSON", "5");

async fn refresh(program: &ApiClient) -> u16 {
    program.post("/api/refresh_token", Value::Null).await.0
}

#[tokio::test]
async fn session_over_the_limit_ends_the_least_recently_used_and_closes_its_socket() {
    let server = Teahouse::with(&[FIVE_SESSIONS]);
    let ming = Person::register(&server, "Ming").await;
    let mut socket: Socket = ming.socket().await;
    let program = ApiClient::of(&server, &ming).await;
    for _ in 0..3 {
        assert_eq!(refresh(&program).await, 200);
    }
    assert_eq!(server.count("sessions"), 5);
    socket.expect_none("error").await;
    // The browser's session is the least recently used; the refreshed token stays.
    for _ in 0..20 {
        assert_eq!(refresh(&program).await, 200);
        assert!(server.count("sessions") <= 5);
    }
    assert_eq!(socket.close_code(Duration::from_secs(5)).await, 4001);
    let found = ming.get("/rooms/1").await.status();
    assert_eq!(found, 303, "the browser's session");
    assert_eq!(program.get("/api/auth_user").await.0, 200);
}

#[tokio::test]
async fn every_sign_in_method_respects_the_session_limit() {
    let server = Teahouse::with(&[FIVE_SESSIONS]);
    let ming = Person::register(&server, "Ming").await;
    for _ in 0..8 {
        ming.on_another_device(&server).await;
        assert!(server.count("sessions") <= 5);
        ApiClient::of(&server, &ming).await;
        assert!(server.count("sessions") <= 5);
    }
    let ana = Person::register(&server, "Ana").await;
    assert_eq!(ana.get("/rooms/1").await.status(), 200);
    assert_eq!(server.count("sessions"), 6, "the limit is per user");
}

#[tokio::test]
async fn using_a_token_makes_it_recently_used() {
    let server = Teahouse::with(&[FIVE_SESSIONS]);
    let ming = Person::register(&server, "Ming").await;
    let program = ApiClient::of(&server, &ming).await;
    server.execute("UPDATE sessions SET seen_at = '2026-01-01 00:00:00.000'");
    assert_eq!(program.get("/api/auth_user").await.0, 200);
    until("the token's use is recorded", async || {
        let recent = server.count("sessions WHERE seen_at > '2026-01-02 00:00:00.000'");
        recent == 1
    })
    .await;
    for _ in 0..4 {
        ming.on_another_device(&server).await;
    }
    assert_eq!(program.get("/api/auth_user").await.0, 200);
    let found = ming.get("/rooms/1").await.status();
    assert_eq!(found, 303, "the unused session");
}

#[tokio::test]
async fn refreshes_renames_profile_changes_and_exports_are_limited_per_user() {
    let server = Teahouse::configured(
        "throttle.enabled=true throttle.token_refreshes_per_person=3 \
         throttle.renames_per_person=3 throttle.profile_changes_per_person=3 \
         throttle.exports_per_person=3",
    );
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let look = json!({"locale": "", "appearance": "dark", "time_format": "24"});
    let (name, reach) = (
        json!({"username": "NAME"}),
        json!({"reachable_by": "everybody"}),
    );
    let table = [
        (Method::POST, "/api/refresh_token", json!(null), 200),
        (Method::PATCH, "/settings/profile", name, 204),
        (Method::PUT, "/settings/privacy", reach, 204),
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
        assert_eq!(answers[..3], [fine; 3], "{method} {path}");
        assert_eq!(answers[3..], [429, 429], "{method} {path}");
    }
    // All profile changes share one limit; each user has their own.
    let appearance = async |who: &Person| {
        who.json(Method::PUT, "/settings/appearance", look.clone())
            .await
            .0
    };
    assert_eq!(appearance(&ming).await, 429);
    let delete = ming.json(Method::DELETE, "/settings/avatar", json!(null));
    assert_eq!(delete.await.0, 429);
    assert_ne!(appearance(&ana).await, 429);
}

#[tokio::test]
async fn user_runs_one_export_at_a_time_and_a_disconnected_export_ends() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    // More than socket buffers hold, so that an unread download stays open.
    let text = "x".repeat(3900);
    let columns =
        "room_id, seq, ver, id, change_id, user_id, client_id, sent_hash, content, created_at";
    server.execute(&format!(
        "INSERT INTO messages ({columns}) \
         SELECT 1, 1, 1, 1001, 1001, id, '1', 'x', '{text}', '2026-01-01 00:00:00.000' \
         FROM users WHERE username = 'Ming'"
    ));
    for n in (0..12).map(|doublings| 1 << doublings) {
        server.execute(&format!(
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
    let other = ana.get("/settings/export").await;
    assert_eq!(other.status(), 200, "another user's export");
    drop(first);
    until("the disconnected export ends", async || {
        let again = export().await.expect("a response");
        again.status() == 200
    })
    .await;
}
