//! Addresses with a final slash, media types in other cases, and who cannot be talked to.

use crate::support::{Person, Teahouse, client_id, leads_to};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

#[tokio::test]
async fn a_final_slash_leads_to_every_route_without_it() {
    let house = Teahouse::start();
    let visitor = Person::visitor(&house);
    let mut tried = 0;
    for (method, path) in house.routes() {
        if path == "/" || path.starts_with("/static/") {
            continue;
        }
        for query in ["", "?a=b%2Fc&d=%2F%2Fevil.example"] {
            let request = visitor.request(method.clone(), &format!("{path}/{query}"));
            let answer = request.send().await.expect("an answer");
            let wanted = format!("{path}{query}");
            assert_eq!(leads_to(&answer), (308, &*wanted), "{method} {path}/");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    for (method, path) in [(Method::PUT, "/login/"), (Method::HEAD, "/rooms/1/")] {
        let answer = visitor.request(method, path).send().await;
        assert_eq!(answer.expect("an answer").status(), 308, "{path}");
    }
    // The body is sent again by the client, and what is done is done once.
    let ming = Person::register(&house, "Ming").await;
    let answer = ming.post("/rooms/1/messages/", &[("content", "tea")]).await;
    assert_eq!(leads_to(&answer), (308, "/rooms/1/messages"));
    assert!(ming.history("1").await.is_empty());
}

#[tokio::test]
async fn a_final_slash_leads_to_no_other_site_and_to_nothing_that_is_not_there() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    for path in [
        "//",
        "//evil.example/",
        "//evil.example//",
        "///evil.example/",
        "//evil.example/login/",
        "//login/",
        "/%5Cevil.example/",
        "/%2F%2Fevil.example/",
        "/.%2F/evil.example/",
        "/nowhere/",
        "/login//",
        "/rooms/1/nowhere/",
        "/api/",
        "/api/nowhere/",
        "/static/",
    ] {
        let host = house.host();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = crate::support::raw_http::exchange(host, request.as_bytes()).await;
        let locations = crate::support::raw_http::values(&answer, "location");
        assert!(locations.is_empty(), "{path}: {locations:?}");
        assert_eq!(crate::support::raw_http::status(&answer), 404, "{path}");
    }
    assert_eq!(ming.get("/rooms/1").await.status(), 200);
}

#[tokio::test]
async fn media_types_compare_without_case() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
    for (accept, is_json) in [
        ("application/json", true),
        ("Application/JSON", true),
        ("APPLICATION/JSON;q=0.9, Text/HTML;q=0.1", true),
        ("text/html; Q=0.5 , application/Json ; q = 0.8", true),
        ("TEXT/HTML, application/json", false),
        ("Text/Html;q=0.9,APPLICATION/JSON;Q=0.2", false),
        ("application/json;Q=0, text/html", false),
        ("*/*", false),
    ] {
        let request = ming.request(Method::GET, "/rooms/1/messages");
        let answer = request.header("accept", accept).send().await;
        let answer = answer.expect("an answer");
        let kind = answer.headers()[CONTENT_TYPE].to_str().expect("text");
        assert_eq!(
            kind.starts_with("application/json"),
            is_json,
            "{accept}: {kind}"
        );
    }
    for (accept, status) in [
        ("text/event-stream", 200),
        ("Text/Event-Stream", 200),
        ("TEXT/EVENT-STREAM; q=0.5, */*;q=0.1", 200),
        ("text/html", 406),
        ("text/event-stream;Q=0", 406),
    ] {
        let request = ming.request(Method::HEAD, "/api/events");
        let answer = request.header("accept", accept).send().await;
        assert_eq!(answer.expect("an answer").status(), status, "{accept}");
    }
}

#[tokio::test]
async fn nobody_begins_a_conversation_with_themselves() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let why = "You can’t message yourself.";
    for name in ["Ming", " ming ", "MING", &ming.phone] {
        let body = json!({ "username": name });
        let (status, answer) = ming.post_json("/api/conversations", &body).await;
        // The API names people by username only: a number is no name there.
        let expected = if name == ming.phone { 404 } else { 403 };
        assert_eq!(status, expected, "{name}: {answer}");
        if expected == 403 {
            assert_eq!(answer["message"], why, "{name}");
        }
        for (path, body) in [
            ("/directs", json!({"to": [name]})),
            ("/directs", json!({"to": [name, "Ming"]})),
        ] {
            let (status, answer) = ming.post_json(path, &body).await;
            assert_eq!(status, 403, "{path} {body}: {answer}");
            assert_eq!(answer["code"], "forbidden", "{path} {body}");
            assert_eq!(answer["message"], why, "{path} {body}");
        }
        let form = ming.post("/directs", &[("to", name)]).await;
        assert_eq!(form.status(), 422, "{name}");
        let page = form.text().await.expect("text");
        assert!(page.contains(why), "{page}");
        let mut socket = ming.socket().await;
        let id = client_id();
        let post = json!({"type": "post", "clientId": id, "to": name, "content": "hello me"});
        socket.send(post).await;
        let error = socket.expect("error").await;
        assert_eq!(error["code"], "forbidden", "{error}");
        assert_eq!(error["message"], why, "{error}");
        assert_eq!(error["clientId"], id, "{error}");
    }
    let count = "SELECT COUNT(*) AS value FROM rooms WHERE kind = 'direct'";
    assert_eq!(house.database().number(count), 0);
}

#[tokio::test]
async fn an_unknown_name_is_404_where_developers_sign_in() {
    let house = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    let ming = Person::register(&house, "Ming").await;
    let visitor = Person::visitor(&house);
    for name in ["nobody", "", "+8613900000000", "Ming x", "!?"] {
        let body = json!({"username": name});
        let (status, answer) = visitor.post_json("/api/login", &body).await;
        assert_eq!(status, 404, "{name}: {answer}");
        assert_eq!(answer["code"], "not_found");
        let (status, answer) = visitor.post_json("/development_session", &body).await;
        assert_eq!(status, 422, "{name}: {answer}");
        assert!(answer["errors"]["username"].is_string(), "{answer}");
    }
    let (status, answer) = visitor
        .post_json("/api/login", &json!({"username": ming.name}))
        .await;
    assert_eq!(status, 200, "{answer}");
}
