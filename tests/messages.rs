//! Posting messages without a WebSocket: forms and JSON.

use crate::support::person::read;
use crate::support::{
    LOBBY, Person, Teahouse, client_id, field_errors, field_values, status_and_location,
};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/rooms/1/messages";

async fn post_json(person: &Person, path: &str, content: &str, id: &str) -> (u16, Value) {
    let body = json!({"content": content, "clientId": id});
    person.json(Method::POST, path, body).await
}

async fn post_form(person: &Person, path: &str, fields: &[(&str, &str)]) -> u16 {
    person.post(path, fields).await.status().as_u16()
}

async fn contents(person: &Person) -> Vec<Value> {
    field_values(&person.history(LOBBY).await, "content")
}

/// Whether the value is RFC 3339 in UTC with milliseconds.
pub fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 24 && text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

#[tokio::test]
async fn form_posts_a_message_and_redirects_to_the_room() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let id = client_id();
    let fields = [("content", "hello from a form"), ("clientId", &id)];
    let answer = ming.post(PATH, &fields).await;
    let (status, location) = status_and_location(&answer);
    let is_shown = status == 303 && location.starts_with("/rooms/1");
    assert!(is_shown, "{status} {location}");
    assert!(ming.page(location).await.contains("hello from a form"));
    // The hidden clientId makes a form that is submitted twice one message.
    let page = ming.page("/rooms/1").await;
    let hidden = page.lines().find(|line| line.contains("name=\"clientId\""));
    let value = hidden.and_then(|line| line.split("value=\"").nth(1));
    let id = value
        .and_then(|rest| rest.split('"').next())
        .expect("an id");
    for _ in 0..2 {
        let fields = [("content", "once"), ("clientId", id)];
        assert_eq!(post_form(&ming, PATH, &fields).await, 303);
    }
    let found = post_form(&ming, PATH, &[("content", "without an id")]).await;
    assert_eq!(found, 303);
    let wanted = ["hello from a form", "once", "without an id"];
    assert_eq!(contents(&ming).await, wanted);
}

#[tokio::test]
async fn json_post_returns_the_stored_message() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let id = client_id();
    let body = json!({"content": "tea 茶 🍵", "clientId": id, "unknown": [1]});
    let (status, message) = ming.post_json(PATH, &body).await;
    assert_eq!(status, 201, "{message}");
    assert_eq!(message["roomId"], "1");
    assert_eq!((&message["seq"], &message["ver"]), (&json!(1), &json!(1)));
    let found = (&message["clientId"], &message["content"]);
    assert_eq!(found, (&json!(id), &json!("tea 茶 🍵")));
    let text = |field: &str| message[field].as_str().unwrap_or_default();
    assert!(text("id").parse::<u64>().is_ok(), "{message}");
    assert_eq!(message["user"]["username"], "Ming");
    assert!(message["user"]["id"].is_string() && message["user"]["avatarURL"].is_null());
    assert!(is_time(&message["createdAt"]));
    assert!(message["editedAt"].is_null() && message["deletedAt"].is_null());
    assert!(text("html").contains("tea 茶 🍵"));
    assert!(message.get("type").is_none());
    let history = ming.history(LOBBY).await;
    assert_eq!(history, std::slice::from_ref(&message), "the same object");
    let again = post_json(&ming, PATH, "tea 茶 🍵", &id).await;
    assert_eq!(again, (201, message), "a retry returns the same object");
}

#[tokio::test]
async fn reused_client_id_with_other_content_or_room_is_a_conflict() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let room = server.database().add_room("open", "Garden", &["Ming"]);
    let id = client_id();
    assert_eq!(post_json(&ming, PATH, "one", &id).await.0, 201);
    for (path, content) in [
        (PATH.to_owned(), "two"),
        (format!("/rooms/{room}/messages"), "one"),
    ] {
        let (status, error) = post_json(&ming, &path, content, &id).await;
        let found = (status, error["code"].as_str());
        assert_eq!(found, (409, Some("conflict")), "{path} {content}");
        let fields = [("content", content), ("clientId", &id)];
        assert_eq!(post_form(&ming, &path, &fields).await, 409);
    }
    // Client ids are scoped to their user.
    let ana = Person::register(&server, "Ana").await;
    assert_eq!(post_json(&ana, PATH, "two", &id).await.0, 201);
    assert_eq!(server.count("messages"), 2);
}

#[tokio::test]
async fn client_id_is_case_insensitive_and_must_be_a_uuid() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let id = client_id();
    let written = [id.clone(), id.to_uppercase()];
    for id in &written {
        assert_eq!(post_json(&ming, PATH, "one", id).await.0, 201);
    }
    assert_eq!(server.count("messages"), 1);
    for wrong in ["1", "not-a-uuid", &format!("{id}0")] {
        let (status, answer) = post_json(&ming, PATH, "one", wrong).await;
        assert!(matches!(status, 400 | 422), "{wrong}: {status} {answer}");
    }
    assert_eq!(server.count("messages"), 1);
}

#[tokio::test]
async fn invalid_content_is_rejected_with_an_error_at_its_field() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let too_long = "🍵".repeat(4001);
    for content in [
        "",
        "   ",
        "\r\n\t\n",
        "\u{3000}",
        &too_long,
        "a\0b",
        "a\u{1b}[31mb",
        "a\u{7f}b",
        "a\u{85}b",
    ] {
        let (status, answer) = post_json(&ming, PATH, content, &client_id()).await;
        assert_eq!(status, 422, "{content:?}");
        assert!(answer["errors"]["content"].is_string(), "{answer}");
    }
    let answer = ming.post(PATH, &[("content", "what I typed\u{7}")]).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.expect("text");
    let is_shown = page.contains("what I typed")
        && (page.contains("id=\"composer-error\"") || field_errors(&page) == ["content"]);
    assert!(is_shown);
    assert_eq!(server.count("messages"), 0);
    let last_seq = "SELECT last_seq AS value FROM rooms WHERE id = 1";
    assert_eq!(server.number(last_seq), 0);
}

#[tokio::test]
async fn content_is_stored_unchanged_except_for_trimming_and_line_ends() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let most = "🍵".repeat(4000);
    for (written, kept) in [
        ("  edges\n ", "edges"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("tab\tbed", "tab\tbed"),
        ("e\u{301}", "e\u{301}"),
        (
            "👩\u{200d}👩\u{200d}👧 \u{202e}x",
            "👩\u{200d}👩\u{200d}👧 \u{202e}x",
        ),
        ("a  b   c", "a  b   c"),
        (most.as_str(), most.as_str()),
        (
            "\\ ' \" % _ ; -- ${x} {{ y }} {% z %}",
            "\\ ' \" % _ ; -- ${x} {{ y }} {% z %}",
        ),
    ] {
        assert_eq!(ming.say(written).await["content"], kept);
    }
    let kept = contents(&ming).await;
    assert_eq!((kept.len(), &kept[6]), (8, &json!(most)));
    let status = post_form(&ming, PATH, &[("content", &most)]).await;
    assert_eq!(status, 303, "forms have the same limit");
}

#[tokio::test]
async fn oversized_and_malformed_bodies_are_rejected() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let huge = "x".repeat(3 * 1024 * 1024);
    let (status, error) = ming.post_json(PATH, &json!({"content": huge})).await;
    let found = (status.as_u16(), error["code"].as_str());
    assert_eq!(found, (413, Some("payload_too_large")));
    assert_eq!(post_form(&ming, PATH, &[("content", &huge)]).await, 413);
    for (kind, body, wanted) in [
        ("text/plain", "hello", 415),
        ("application/xml", "<content>hello</content>", 415),
        ("application/json", "{\"content\":", 400),
        ("application/json", "{\"content\":1}", 400),
        ("application/json", "", 400),
    ] {
        let request = ming.request(Method::POST, PATH).body(body);
        let request = request
            .header("accept", "application/json")
            .header("content-type", kind);
        let (status, error) = read(request).await;
        assert_eq!(status, wanted, "{kind} {body}: {error}");
        let is_expected = error["code"].is_string() && error["message"].is_string();
        assert!(is_expected, "{error}");
    }
    assert_eq!(server.count("messages"), 0);
}

#[tokio::test]
async fn messages_posted_over_http_reach_every_socket() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let ana = Person::register(&server, "Ana").await;
    let (mut here, mut there) = (ming.socket().await, ana.socket().await);
    let stored = ming.say("by JSON").await;
    ming.post(PATH, &[("content", "by form")]).await;
    for socket in [&mut here, &mut there] {
        let heard = socket.messages(2).await;
        let mut first = heard[0].clone();
        first.as_object_mut().expect("an object").remove("type");
        assert_eq!(first, stored);
        assert_eq!(heard[1]["content"], "by form");
    }
}
