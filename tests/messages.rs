//! Saying something without a socket: the form, and JSON.

use crate::support::person::read;
use crate::support::{LOBBY, Person, Teahouse, client_id, field_errors, status_and_location};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/rooms/1/messages";

async fn ming() -> (Teahouse, Person) {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    (server, ming)
}

/// RFC 3339, UTC, with milliseconds.
pub fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 24 && text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

#[tokio::test]
async fn the_form_posts_a_message_and_leads_back() {
    let (_server, ming) = ming().await;
    let answer = ming
        .post(
            PATH,
            &[("content", "hello from a form"), ("clientId", &client_id())],
        )
        .await;
    let (status, location) = status_and_location(&answer);
    assert!(
        status == 303 && location.starts_with("/rooms/1"),
        "{status} {location}"
    );
    assert!(ming.page(location).await.contains("hello from a form"));
    // The page's own hidden clientId makes a form that is sent twice one message.
    let page = ming.page("/rooms/1").await;
    let hidden = page
        .lines()
        .find(|line| line.contains("name=\"clientId\""))
        .expect("a hidden field");
    let id = hidden
        .split("value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a value");
    for _ in 0..2 {
        assert_eq!(
            ming.post(PATH, &[("content", "once"), ("clientId", id)])
                .await
                .status(),
            303
        );
    }
    assert_eq!(
        ming.post(PATH, &[("content", "without an id")])
            .await
            .status(),
        303
    );
    let texts: Vec<_> = ming
        .history(LOBBY)
        .await
        .iter()
        .map(|message| message["content"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(texts, ["hello from a form", "once", "without an id"]);
}

#[tokio::test]
async fn json_in_gives_the_stored_message_out() {
    let (_server, ming) = ming().await;
    let id = client_id();
    let (status, message) = ming
        .post_json(
            PATH,
            &json!({"content": "tea 茶 🍵", "clientId": id, "unknown": [1]}),
        )
        .await;
    assert_eq!(status, 201, "{message}");
    assert_eq!(message["roomId"], "1");
    assert_eq!((&message["seq"], &message["ver"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&message["clientId"], &message["content"]),
        (&json!(id), &json!("tea 茶 🍵"))
    );
    assert!(
        message["id"]
            .as_str()
            .is_some_and(|id| id.parse::<u64>().is_ok()),
        "{message}"
    );
    assert_eq!(message["user"]["username"], "Ming");
    assert!(message["user"]["id"].is_string() && message["user"]["avatarURL"].is_null());
    assert!(
        is_time(&message["createdAt"])
            && message["editedAt"].is_null()
            && message["deletedAt"].is_null()
    );
    assert!(
        message["html"]
            .as_str()
            .is_some_and(|html| html.contains("tea 茶 🍵"))
    );
    assert!(message.get("type").is_none());
    assert_eq!(
        ming.history(LOBBY).await,
        std::slice::from_ref(&message),
        "history gives the same object"
    );
    let (status, again) = ming
        .post_json(PATH, &json!({"content": "tea 茶 🍵", "clientId": id}))
        .await;
    assert_eq!(
        (status.as_u16(), again),
        (201, message),
        "and so does a retry"
    );
}

#[tokio::test]
async fn the_same_client_id_with_something_else_is_a_conflict() {
    let (server, ming) = ming().await;
    let room = server.database().add_room("open", "Garden", &["Ming"]);
    let id = client_id();
    assert_eq!(
        ming.post_json(PATH, &json!({"content": "one", "clientId": id}))
            .await
            .0,
        201
    );
    for (path, content) in [
        (PATH.to_owned(), "two"),
        (format!("/rooms/{room}/messages"), "one"),
    ] {
        let (status, error) = ming
            .post_json(&path, &json!({"content": content, "clientId": id}))
            .await;
        assert_eq!(
            (status.as_u16(), error["code"].as_str()),
            (409, Some("conflict")),
            "{path} {content}"
        );
        assert_eq!(
            ming.post(&path, &[("content", content), ("clientId", &id)])
                .await
                .status(),
            409
        );
    }
    // Another person's id is their own.
    let ana = Person::register(&server, "Ana").await;
    assert_eq!(
        ana.post_json(PATH, &json!({"content": "two", "clientId": id}))
            .await
            .0,
        201
    );
    assert_eq!(server.count("messages"), 2);
}

#[tokio::test]
async fn a_client_id_is_the_same_however_it_is_written() {
    let (server, ming) = ming().await;
    let id = client_id();
    let written = [id.clone(), id.to_uppercase()];
    for id in &written {
        assert_eq!(
            ming.post_json(PATH, &json!({"content": "one", "clientId": id}))
                .await
                .0,
            201
        );
    }
    assert_eq!(server.count("messages"), 1);
    for wrong in ["1", "not-a-uuid", &format!("{id}0")] {
        let (status, answer) = ming
            .post_json(PATH, &json!({"content": "one", "clientId": wrong}))
            .await;
        assert!(
            matches!(status.as_u16(), 400 | 422),
            "{wrong}: {status} {answer}"
        );
    }
    assert_eq!(server.count("messages"), 1);
}

#[tokio::test]
async fn what_cannot_be_a_message_is_refused_beside_its_field() {
    let (server, ming) = ming().await;
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
        let (status, answer) = ming
            .post_json(PATH, &json!({"content": content, "clientId": client_id()}))
            .await;
        assert_eq!(status, 422, "{content:?}");
        assert!(answer["errors"]["content"].is_string(), "{answer}");
    }
    let answer = ming.post(PATH, &[("content", "what I typed\u{7}")]).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.expect("text");
    assert!(
        page.contains("what I typed")
            && (page.contains("id=\"composer-error\"") || field_errors(&page) == ["content"])
    );
    assert_eq!(server.count("messages"), 0);
    assert_eq!(
        server
            .database()
            .number("SELECT last_seq AS value FROM rooms WHERE id = 1"),
        0
    );
}

#[tokio::test]
async fn text_is_kept_as_written_but_for_its_edges_and_line_ends() {
    let (_server, ming) = ming().await;
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
    let kept: Vec<_> = ming
        .history(LOBBY)
        .await
        .into_iter()
        .map(|message| message["content"].clone())
        .collect();
    assert_eq!((kept.len(), &kept[6]), (8, &json!(most)));
    assert_eq!(
        ming.post(PATH, &[("content", &most)]).await.status(),
        303,
        "a form may be as long"
    );
}

#[tokio::test]
async fn bodies_that_are_too_large_or_of_another_kind_are_refused() {
    let (server, ming) = ming().await;
    let huge = "x".repeat(3 * 1024 * 1024);
    let (status, error) = ming.post_json(PATH, &json!({"content": huge})).await;
    assert_eq!(
        (status.as_u16(), error["code"].as_str()),
        (413, Some("payload_too_large"))
    );
    assert_eq!(
        ming.post(PATH, &[("content", huge.as_str())])
            .await
            .status(),
        413
    );
    for (kind, body, wanted) in [
        ("text/plain", "hello", 415),
        ("application/xml", "<content>hello</content>", 415),
        ("application/json", "{\"content\":", 400),
        ("application/json", "{\"content\":1}", 400),
        ("application/json", "", 400),
    ] {
        let mut request = ming
            .request(Method::POST, PATH)
            .header("accept", "application/json")
            .body(body);
        request = request.header("content-type", kind);
        let (status, error) = read(request).await;
        assert_eq!(status, wanted, "{kind} {body}: {error}");
        assert!(
            error["code"].is_string() && error["message"].is_string(),
            "{error}"
        );
    }
    assert_eq!(server.count("messages"), 0);
}

#[tokio::test]
async fn everything_said_without_a_socket_is_heard_on_every_socket() {
    let (server, ming) = ming().await;
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
