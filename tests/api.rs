//! The JSON API: tokens, people's names, rooms.

use crate::messages::is_time;
use crate::support::{LOBBY, Person, Program, Socket, Teahouse, client_id, person::PASSWORD};
use reqwest::Method;
use serde_json::{Value, json};

pub async fn house() -> (Teahouse, Person, Person) {
    let (house, [mei, li]) = Teahouse::with_people(["Mei", "Li"]).await;
    (house, mei, li)
}

/// The names of an object's fields, in alphabetical order.
pub fn fields(value: &Value) -> Vec<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("not an object: {value}"));
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Days until a time, rounded.
fn days_until(time: &str) -> i64 {
    let time: chrono::DateTime<chrono::Utc> = time.parse().expect("a time");
    ((time - chrono::Utc::now()).num_minutes() + 5) / (24 * 60)
}

#[tokio::test]
async fn somebody_signs_in_with_phone_number_and_password() {
    let (house, mei, _) = house().await;
    let visitor = Person::visitor(&house);
    let body = json!({"phone": mei.phone, "password": PASSWORD, "unknown": 1});
    let (status, answer) = visitor.post_json("/api/login", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(fields(&answer), ["authUser", "expiresAt", "token"]);
    assert_eq!(
        fields(&answer["authUser"]),
        ["avatarURL", "id", "phone", "username"]
    );
    assert_eq!(answer["authUser"]["phone"], mei.phone);
    assert!(is_time(&answer["expiresAt"]));
    assert_eq!(days_until(answer["expiresAt"].as_str().expect("text")), 14);
    assert_eq!(visitor.cookie(), "");
    for (phone, password) in [
        (mei.phone.as_str(), "wrong password"),
        ("+8613999999999", PASSWORD),
        ("", ""),
    ] {
        let body = json!({"phone": phone, "password": password});
        let (status, error) = visitor.post_json("/api/login", &body).await;
        assert_eq!(
            (status.as_u16(), &error["code"]),
            (401, &json!("unauthorized"))
        );
        assert_eq!(fields(&error), ["code", "message"]);
    }
    let token = "SELECT COUNT(*) AS value FROM sessions WHERE kind = 'token'";
    assert_eq!(house.database().number(token), 1);
    let kept = house
        .database()
        .words("SELECT key_hash AS value FROM sessions");
    assert!(!kept.contains(&answer["token"].as_str().expect("text").to_owned()));
}

#[tokio::test]
async fn a_token_beats_a_cookie_and_a_wrong_one_is_nobody() {
    let (house, mei, li) = house().await;
    let program = Program::of(&house, &li).await;
    let (_, me) = mei.get_json("/api/auth_user").await;
    assert_eq!(
        (&me["username"], &me["phone"]),
        (&json!("Mei"), &json!(mei.phone))
    );
    let with = |header: &str| {
        mei.request(Method::GET, "/api/auth_user")
            .header("authorization", header)
    };
    for header in [
        format!("Bearer {}", program.token),
        format!("bearer {}", program.token),
    ] {
        let (status, me) = crate::support::person::read(with(&header)).await;
        assert_eq!((status.as_u16(), &me["username"]), (200, &json!("Li")));
    }
    for header in ["Bearer x", "Bearer", "Bearer  "] {
        let (status, error) = crate::support::person::read(with(header)).await;
        assert_eq!(
            (status.as_u16(), &error["code"]),
            (401, &json!("unauthorized")),
            "{header}"
        );
    }
    // In the address a token counts only where a browser cannot send headers.
    let visitor = Person::visitor(&house);
    for path in ["/api/auth_user", "/api/rooms", "/rooms/1/messages"] {
        let path = format!("{path}?token={}", program.token);
        assert_eq!(visitor.get_json(&path).await.0, 401, "{path}");
    }
    for path in ["/api/events", "/api/messages"] {
        let request = |token: &str| {
            let path = format!("{path}?token={token}");
            visitor
                .request(Method::GET, &path)
                .header("accept", "text/event-stream")
        };
        assert_eq!(
            request(&program.token)
                .send()
                .await
                .expect("an answer")
                .status(),
            200
        );
        assert_eq!(request("x").send().await.expect("an answer").status(), 401);
    }
    let mut request = Socket::request(&visitor);
    let uri = format!("{}?token={}", request.uri(), program.token);
    *request.uri_mut() = uri.parse().expect("an address");
    assert_eq!(Socket::refusal(request).await, 101);
}

#[tokio::test]
async fn a_token_is_refreshed_and_revoked() {
    let (house, mei, _) = house().await;
    let old = Program::of(&house, &mei).await;
    let (status, answer) = old.post("/api/refresh_token", json!({})).await;
    assert_eq!((status, fields(&answer)), (200, vec!["expiresAt", "token"]));
    let text = |name: &str| answer[name].as_str().expect("text").to_owned();
    let new = Program::with(Person::visitor(&house), &text("token"), &text("expiresAt"));
    assert_ne!(new.token, old.token);
    assert_eq!(days_until(&new.expires_at), 14);
    assert_eq!(old.get("/api/auth_user").await.0, 200);
    assert_eq!(new.get("/api/auth_user").await.0, 200);
    // Signing out ends this token, its stream, and no other.
    let mut stream = new.stream("/api/events", None).await;
    let answer = new
        .request(Method::POST, "/logout")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 303);
    assert_eq!(new.get("/api/auth_user").await.0, 401);
    assert_eq!(old.get("/api/auth_user").await.0, 200);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    while stream.next_before(deadline).await.is_some() {}
    assert!(tokio::time::Instant::now() < deadline, "the stream goes on");
    // Time ends it too.
    house
        .database()
        .run("UPDATE sessions SET expires_at = '2020-01-01 00:00:00' WHERE kind = 'token'");
    assert_eq!(old.get("/api/auth_user").await.0, 401);
    assert_eq!(mei.get_json("/api/auth_user").await.0, 200);
}

#[tokio::test]
async fn a_developer_may_be_anybody_on_their_own_machine_only() {
    let (house, _, _) = house().await;
    let body = json!({"username": "Mei"});
    assert_eq!(
        Person::visitor(&house)
            .post_json("/api/login", &body)
            .await
            .0,
        404
    );
    let house = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    Person::register(&house, "Mei").await;
    let visitor = Person::visitor(&house);
    let (status, answer) = visitor
        .post_json("/api/login", &json!({"username": " mei"}))
        .await;
    assert_eq!(
        (status.as_u16(), &answer["authUser"]["username"]),
        (200, &json!("Mei"))
    );
    assert_eq!(
        visitor
            .post_json("/api/login", &json!({"username": "nobody"}))
            .await
            .0,
        404
    );
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("host", "chat.example"),
        ("host", "localhost.evil.example"),
    ] {
        let request = visitor
            .request(Method::POST, "/api/login")
            .header(name, value);
        let answer = request.json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{name}: {value}");
    }
}

#[tokio::test]
async fn names_are_found_by_how_they_begin() {
    let (house, mei, _) = house().await;
    for name in [
        "Meng", "meadow", "me_a", "mexico", "Memo", "melon", "Amelie",
    ] {
        Person::register(&house, name).await;
    }
    let (status, names) = mei.get_json("/api/usernames?search=mE").await;
    assert_eq!(status, 200);
    assert_eq!(names, json!(["me_a", "meadow", "melon", "Memo", "Meng"]));
    assert_eq!(
        mei.get_json("/api/usernames?search=me_").await.1,
        json!(["me_a"])
    );
    assert_eq!(mei.get_json("/api/usernames?search=mei").await.1, json!([]));
    assert_eq!(mei.get_json("/api/usernames?search=%25").await.1, json!([]));
    for path in [
        "/api/usernames?search=",
        "/api/usernames?search=%20",
        "/api/usernames",
    ] {
        let (status, error) = mei.get_json(path).await;
        assert_eq!((status.as_u16(), fields(&error)), (422, vec!["errors"]));
        assert!(error["errors"]["search"].is_string());
    }
}

#[tokio::test]
async fn rooms_and_exactly_the_wanted_messages() {
    let (house, mei, li) = house().await;
    let program = Program::of(&house, &mei).await;
    let (status, room) = program
        .post(
            "/api/rooms",
            json!({"name": "Tea", "topic": "t", "kind": "closed"}),
        )
        .await;
    assert_eq!(status, 201);
    let expected = [
        "id",
        "involvement",
        "kind",
        "lastMessageAt",
        "mentions",
        "name",
        "readSeq",
        "seq",
        "topic",
        "unread",
        "ver",
    ];
    assert_eq!(fields(&room), expected);
    let id = room["id"].as_str().expect("an id");
    let path = format!("/api/rooms/{id}");
    assert_eq!(program.get(&path).await, (200, room.clone()));
    let names: Vec<_> = mei
        .rooms()
        .await
        .iter()
        .map(|room| room["name"].clone())
        .collect();
    assert_eq!(names, ["Lobby", "Tea"]);
    assert_eq!(li.get_json(&path).await.0, 404);
    let messages = format!("{path}/messages");
    for n in 1..=30 {
        let body = json!({"content": format!("{n}"), "clientId": client_id()});
        let (status, message) = program.post(&messages, body).await;
        assert_eq!((status, &message["seq"]), (201, &json!(n)));
        assert_eq!(message["roomId"], id);
    }
    for (query, first, last, count) in [
        ("", 30, 6, 25),
        ("?limit=3", 30, 28, 3),
        ("?before=10&limit=2", 9, 8, 2),
        ("?after=10&limit=2", 11, 12, 2),
        ("?after=0&limit=999", 1, 30, 30),
    ] {
        let (status, list) = program.get(&format!("{messages}{query}")).await;
        let list = list.as_array().expect("a bare array");
        assert_eq!((status, list.len()), (200, count), "{query}");
        assert_eq!(
            (&list[0]["seq"], &list[count - 1]["seq"]),
            (&json!(first), &json!(last)),
            "{query}"
        );
    }
    assert_eq!(
        program.get(&format!("{messages}?after=30")).await,
        (200, json!([]))
    );
    for query in [
        "?ver=1&after=1",
        "?before=1&ver=1",
        "?after=1&ver=1",
        "?limit=0",
        "?limit=-1",
        "?before=x",
    ] {
        let (status, error) = program.get(&format!("{messages}{query}")).await;
        assert_eq!(
            (status, &error["code"]),
            (400, &json!("bad_request")),
            "{query}"
        );
    }
    let (_, changes) = program.get(&format!("{messages}?ver=28")).await;
    assert_eq!(fields(&changes), ["messages", "more", "ver"]);
    assert_eq!(
        (
            &changes["ver"],
            changes["messages"].as_array().map(Vec::len)
        ),
        (&json!(30), Some(2))
    );
    assert_eq!(
        li.post_json("/api/rooms/999/messages", &json!({"content": "x"}))
            .await
            .0,
        404
    );
    // An open room may be read by anybody.
    let open = mei.make_room("open", "Open", &[]).await;
    mei.say_in(&open, "x").await;
    let (status, shown) = li.get_json(&format!("/api/rooms/{open}")).await;
    assert_eq!(
        (status.as_u16(), &shown["unread"], &shown["seq"]),
        (200, &json!(0), &json!(1))
    );
    let say = li
        .post_json(
            &format!("/api/rooms/{open}/messages"),
            &json!({"content": "x"}),
        )
        .await;
    assert_eq!((say.0.as_u16(), &say.1["code"]), (403, &json!("forbidden")));
}

#[tokio::test]
async fn what_is_not_json_is_not_taken() {
    let (_house, mei, _) = house().await;
    for path in [
        "/api/login",
        "/api/conversations",
        "/api/rooms",
        "/api/rooms/1/messages",
        "/api/conversations/1/messages",
    ] {
        let form = mei.request(Method::POST, path).form(&[("content", "x")]);
        let bare = mei.request(Method::POST, path);
        let text = mei
            .request(Method::POST, path)
            .header("content-type", "text/plain")
            .body("{}");
        for request in [form, bare, text] {
            let (status, error) = crate::support::person::read(request).await;
            assert_eq!(
                (status.as_u16(), &error["code"]),
                (415, &json!("unsupported_media_type")),
                "{path}"
            );
        }
        for body in [
            "",
            "{",
            "[]",
            "1",
            "{\"content\":1,\"username\":1,\"name\":1,\"phone\":1}",
        ] {
            let request = mei
                .request(Method::POST, path)
                .header("content-type", "application/json");
            let (status, error) = crate::support::person::read(request.body(body)).await;
            assert_eq!(
                (status.as_u16(), &error["code"]),
                (400, &json!("bad_request")),
                "{path} {body}"
            );
        }
    }
    let long = json!({"content": "x".repeat(70_000)});
    assert_eq!(mei.post_json("/api/rooms/1/messages", &long).await.0, 413);
    assert_eq!(mei.json(Method::PUT, "/api/rooms", json!({})).await.0, 405);
    for path in ["/api/events", "/api/messages"] {
        for accept in ["application/json", "*/*", "text/html"] {
            let request = mei.request(Method::GET, path).header("accept", accept);
            let (status, error) = crate::support::person::read(request).await;
            assert_eq!(
                (status.as_u16(), &error["code"]),
                (406, &json!("not_acceptable"))
            );
        }
    }
    assert_eq!(mei.history(LOBBY).await.len(), 0);
}
