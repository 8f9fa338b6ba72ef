//! The JSON API: tokens, usernames, rooms.

use crate::messages::is_time;
use crate::support::{
    ApiClient, LOBBY, Person, Socket, Teahouse, client_id, error_code,
    person::{PASSWORD, read, send},
    words,
};
use reqwest::Method;
use serde_json::{Value, json};

pub async fn server() -> (Teahouse, Person, Person) {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    (server, mei, li)
}

/// Returns an object's field names in alphabetical order.
pub fn fields(value: &Value) -> Vec<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("not an object: {value}"));
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Returns the number of days until a time, rounded.
fn days_until(time: &str) -> i64 {
    let time: chrono::DateTime<chrono::Utc> = time.parse().expect("a time");
    ((time - chrono::Utc::now()).num_minutes() + 5) / (24 * 60)
}

#[tokio::test]
async fn login_with_phone_number_and_password_returns_a_token() {
    let (server, mei, _) = server().await;
    let visitor = Person::visitor(&server);
    let body = json!({"phone": mei.phone, "password": PASSWORD, "unknown": 1});
    let (status, response) = visitor.post_json("/api/login", &body).await;
    assert_eq!(status, 200, "{response}");
    assert_eq!(fields(&response), ["authUser", "expiresAt", "token"]);
    let found = fields(&response["authUser"]);
    assert_eq!(found, ["avatarURL", "id", "phone", "username"]);
    assert_eq!(response["authUser"]["phone"], mei.phone);
    assert!(is_time(&response["expiresAt"]));
    let found = days_until(response["expiresAt"].as_str().expect("text"));
    assert_eq!(found, 14);
    assert_eq!(visitor.cookie(), "");
    for (phone, password) in [
        (mei.phone.as_str(), "wrong password"),
        ("+8613999999999", PASSWORD),
        ("", ""),
    ] {
        let body = json!({"phone": phone, "password": password});
        let (status, error) = visitor.post_json("/api/login", &body).await;
        assert_eq!(fields(&error), ["code", "message"]);
        assert_eq!(error_code((status, error)), "401 unauthorized");
    }
    assert_eq!(server.count("sessions WHERE kind = 'token'"), 1);
    let hashes = server.strings("SELECT key_hash AS value FROM sessions");
    assert!(!hashes.contains(&response["token"].as_str().expect("text").to_owned()));
}

#[tokio::test]
async fn token_takes_precedence_over_cookie_and_invalid_token_is_unauthorized() {
    let (server, mei, li) = server().await;
    let client = ApiClient::of(&server, &li).await;
    let (_, me) = mei.get_json("/api/auth_user").await;
    let found = (&me["username"], &me["phone"]);
    assert_eq!(found, (&json!("Mei"), &json!(mei.phone)));
    let with = |header: &str| {
        mei.request(Method::GET, "/api/auth_user")
            .header("authorization", header)
    };
    for scheme in ["Bearer", "bearer"] {
        let header = format!("{scheme} {}", client.token);
        let (status, me) = read(with(&header)).await;
        assert_eq!((status.as_u16(), &me["username"]), (200, &json!("Li")));
    }
    for header in ["Bearer x", "Bearer", "Bearer  "] {
        let found = error_code(read(with(header)).await);
        assert_eq!(found, "401 unauthorized", "{header}");
    }
    // A token in the query string is accepted only for requests in which a browser cannot set headers.
    let visitor = Person::visitor(&server);
    for path in ["/api/auth_user", "/api/rooms", "/rooms/1/messages"] {
        let path = format!("{path}?token={}", client.token);
        assert_eq!(visitor.get_json(&path).await.0, 401, "{path}");
    }
    for path in ["/api/events", "/api/messages"] {
        let request = |token: &str| {
            let path = format!("{path}?token={token}");
            visitor
                .request(Method::GET, &path)
                .header("accept", "text/event-stream")
        };
        assert_eq!(send(request(&client.token)).await.status(), 200);
        assert_eq!(send(request("x")).await.status(), 401);
    }
    let mut request = Socket::request(&visitor);
    let uri = format!("{}?token={}", request.uri(), client.token);
    *request.uri_mut() = uri.parse().expect("an address");
    assert_eq!(Socket::refusal(request).await, 101);
}

#[tokio::test]
async fn token_can_be_refreshed_and_revoked() {
    let (server, mei, _) = server().await;
    let old = ApiClient::of(&server, &mei).await;
    let (status, response) = old.post("/api/refresh_token", json!({})).await;
    let found = (status, fields(&response));
    assert_eq!(found, (200, vec!["expiresAt", "token"]));
    let text = |name: &str| response[name].as_str().expect("text").to_owned();
    let new = ApiClient::with(Person::visitor(&server), &text("token"), &text("expiresAt"));
    assert_ne!(new.token, old.token);
    assert_eq!(days_until(&new.expires_at), 14);
    assert_eq!(old.get("/api/auth_user").await.0, 200);
    assert_eq!(new.get("/api/auth_user").await.0, 200);
    // Signing out revokes this token and ends its stream; other tokens stay valid.
    let mut stream = new.stream("/api/events", None).await;
    let response = send(new.request(Method::POST, "/logout")).await;
    assert_eq!(response.status(), 303);
    assert_eq!(new.get("/api/auth_user").await.0, 401);
    assert_eq!(old.get("/api/auth_user").await.0, 200);
    stream.end(std::time::Duration::from_secs(5)).await;
    // A token expires.
    server.execute("UPDATE sessions SET expires_at = '2020-01-01 00:00:00' WHERE kind = 'token'");
    assert_eq!(old.get("/api/auth_user").await.0, 401);
    assert_eq!(mei.get_json("/api/auth_user").await.0, 200);
}

#[tokio::test]
async fn development_login_is_limited_to_the_local_machine() {
    let (server, _, _) = server().await;
    let body = json!({"username": "Mei"});
    let visitor = Person::visitor(&server);
    assert_eq!(visitor.post_json("/api/login", &body).await.0, 404);
    let server = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    Person::register(&server, "Mei").await;
    let visitor = Person::visitor(&server);
    let (status, response) = visitor
        .post_json("/api/login", &json!({"username": " mei"}))
        .await;
    let found = (status.as_u16(), &response["authUser"]["username"]);
    assert_eq!(found, (200, &json!("Mei")));
    let unknown = json!({"username": "nobody"});
    assert_eq!(visitor.post_json("/api/login", &unknown).await.0, 404);
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
        let response = request.json(&body).send().await.expect("a response");
        assert_eq!(response.status(), 404, "{name}: {value}");
    }
}

#[tokio::test]
async fn usernames_are_found_by_prefix() {
    let (server, mei, _) = server().await;
    for name in words("Meng meadow me_a mexico Memo melon Amelie") {
        Person::register(&server, name).await;
    }
    let names = mei.json_at("/api/usernames?search=mE").await;
    assert_eq!(names, json!(["me_a", "meadow", "melon", "Memo", "Meng"]));
    let found = mei.get_json("/api/usernames?search=me_").await.1;
    assert_eq!(found, json!(["me_a"]));
    assert_eq!(mei.get_json("/api/usernames?search=mei").await.1, json!([]));
    assert_eq!(mei.get_json("/api/usernames?search=%25").await.1, json!([]));
    for path in words("/api/usernames?search= /api/usernames?search=%20 /api/usernames") {
        let (status, error) = mei.get_json(path).await;
        assert_eq!((status.as_u16(), fields(&error)), (422, vec!["errors"]));
        assert!(error["errors"]["search"].is_string());
    }
}

#[tokio::test]
async fn room_list_and_message_pages_match_the_query() {
    let (server, mei, li) = server().await;
    let client = ApiClient::of(&server, &mei).await;
    let room = json!({"name": "Tea", "topic": "t", "kind": "closed"});
    let (status, room) = client.post("/api/rooms", room).await;
    assert_eq!(status, 201);
    let expected =
        words("id involvement kind lastMessageAt mentions name readSeq seq topic unread ver");
    assert_eq!(fields(&room), expected);
    let id = room["id"].as_str().expect("an id");
    let path = format!("/api/rooms/{id}");
    assert_eq!(client.get(&path).await, (200, room.clone()));
    let rooms = mei.rooms().await;
    let names = rooms.iter().map(|room| &room["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["Lobby", "Tea"]);
    assert_eq!(li.get_json(&path).await.0, 404);
    let messages = format!("{path}/messages");
    for n in 1..=30 {
        let body = json!({"content": format!("{n}"), "clientId": client_id()});
        let (status, message) = client.post(&messages, body).await;
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
        let (status, list) = client.get(&format!("{messages}{query}")).await;
        let list = list.as_array().expect("a bare array");
        assert_eq!((status, list.len()), (200, count), "{query}");
        let found = (&list[0]["seq"], &list[count - 1]["seq"]);
        assert_eq!(found, (&json!(first), &json!(last)), "{query}");
    }
    let found = client.get(&format!("{messages}?after=30")).await;
    assert_eq!(found, (200, json!([])));
    let queries = "?ver=1&after=1 ?before=1&ver=1 ?after=1&ver=1 ?limit=0 ?limit=-1 ?before=x";
    for query in words(queries) {
        let found = error_code(client.get(&format!("{messages}{query}")).await);
        assert_eq!(found, "400 bad_request", "{query}");
    }
    let (_, changes) = client.get(&format!("{messages}?ver=28")).await;
    assert_eq!(fields(&changes), ["messages", "more", "ver"]);
    assert_eq!(changes["ver"], 30);
    assert_eq!(changes["messages"].as_array().map(Vec::len), Some(2));
    let body = json!({"content": "x"});
    let found = li.post_json("/api/rooms/999/messages", &body).await.0;
    assert_eq!(found, 404);
    // An open room can be read by non-members.
    let open = mei.create_room("open", "Open", &[]).await;
    mei.say_in(&open, "x").await;
    let (status, shown) = li.get_json(&format!("/api/rooms/{open}")).await;
    let found = (status.as_u16(), &shown["unread"], &shown["seq"]);
    assert_eq!(found, (200, &json!(0), &json!(1)));
    let path = format!("/api/rooms/{open}/messages");
    let found = error_code(li.post_json(&path, &body).await);
    assert_eq!(found, "403 forbidden");
}

#[tokio::test]
async fn bodies_that_are_not_json_are_rejected() {
    let (_server, mei, _) = server().await;
    let paths = "/api/login /api/conversations /api/rooms /api/rooms/1/messages \
        /api/conversations/1/messages";
    for path in words(paths) {
        let form = mei.request(Method::POST, path).form(&[("content", "x")]);
        let bare = mei.request(Method::POST, path);
        let text = mei
            .request(Method::POST, path)
            .header("content-type", "text/plain")
            .body("{}");
        for request in [form, bare, text] {
            let found = error_code(read(request).await);
            assert_eq!(found, "415 unsupported_media_type", "{path}");
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
            let found = error_code(read(request.body(body)).await);
            assert_eq!(found, "400 bad_request", "{path} {body}");
        }
    }
    let long = json!({"content": "x".repeat(70_000)});
    assert_eq!(mei.post_json("/api/rooms/1/messages", &long).await.0, 413);
    assert_eq!(mei.json(Method::PUT, "/api/rooms", json!({})).await.0, 405);
    for path in ["/api/events", "/api/messages"] {
        for accept in ["application/json", "*/*", "text/html"] {
            let request = mei.request(Method::GET, path).header("accept", accept);
            assert_eq!(error_code(read(request).await), "406 not_acceptable");
        }
    }
    assert_eq!(mei.history(LOBBY).await.len(), 0);
}
