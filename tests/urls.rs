//! Trailing slashes, media types in upper case, and messages to oneself.

use crate::support::{Person, Teahouse, client_id, redirect, status_and_location, words};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

#[tokio::test]
async fn trailing_slash_is_redirected_on_each_route() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    let mut tried = 0;
    for (method, path) in server.routes() {
        if path == "/" || path.starts_with("/static/") {
            continue;
        }
        for query in ["", "?a=b%2Fc&d=%2F%2Fevil.example"] {
            let request = visitor.request(method.clone(), &format!("{path}/{query}"));
            let response = request.send().await.expect("a response");
            let wanted = format!("{path}{query}");
            let found = status_and_location(&response);
            assert_eq!(found, (308, &*wanted), "{method} {path}/");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    for (method, path) in [(Method::PUT, "/login/"), (Method::HEAD, "/rooms/1/")] {
        let response = visitor.request(method, path).send().await;
        assert_eq!(response.expect("a response").status(), 308, "{path}");
    }
    // The client repeats the body at the redirect target, so the server must not process it here.
    let ming = Person::register(&server, "Ming").await;
    let response = ming.post("/rooms/1/messages/", &[("content", "tea")]).await;
    assert_eq!(redirect(&response), "308 /rooms/1/messages");
    assert!(ming.history("1").await.is_empty());
}

#[tokio::test]
async fn trailing_slash_never_redirects_to_another_site_or_an_unknown_path() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let paths = "// //evil.example/ //evil.example// ///evil.example/ //evil.example/login/ //login/ \
        /%5Cevil.example/ /%2F%2Fevil.example/ /.%2F/evil.example/ /nowhere/ /login// \
        /rooms/1/nowhere/ /api/ /api/nowhere/ /static/";
    for path in words(paths) {
        let host = server.host();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let response = crate::support::raw_http::exchange(host, request.as_bytes()).await;
        let locations = crate::support::raw_http::values(&response, "location");
        assert!(locations.is_empty(), "{path}: {locations:?}");
        assert_eq!(crate::support::raw_http::status(&response), 404, "{path}");
    }
    assert_eq!(ming.get("/rooms/1").await.status(), 200);
}

#[tokio::test]
async fn media_types_compare_case_insensitively() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
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
        let response = request.header("accept", accept).send().await;
        let response = response.expect("a response");
        let kind = response.headers()[CONTENT_TYPE].to_str().expect("text");
        let found = kind.starts_with("application/json");
        assert_eq!(found, is_json, "{accept}: {kind}");
    }
    for (accept, status) in [
        ("text/event-stream", 200),
        ("Text/Event-Stream", 200),
        ("TEXT/EVENT-STREAM; q=0.5, */*;q=0.1", 200),
        ("text/html", 406),
        ("text/event-stream;Q=0", 406),
    ] {
        let request = ming.request(Method::HEAD, "/api/events");
        let response = request.header("accept", accept).send().await;
        assert_eq!(response.expect("a response").status(), status, "{accept}");
    }
}

#[tokio::test]
async fn direct_message_to_oneself_is_rejected() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let why = "You can’t message yourself.";
    for name in ["Ming", " ming ", "MING", &ming.phone] {
        let body = json!({ "username": name });
        let (status, response) = ming.post_json("/api/conversations", &body).await;
        // The API identifies users by username only, so a phone number is unknown there.
        let expected = if name == ming.phone { 404 } else { 403 };
        assert_eq!(status, expected, "{name}: {response}");
        if expected == 403 {
            assert_eq!(response["message"], why, "{name}");
        }
        for (path, body) in [
            ("/directs", json!({"to": [name]})),
            ("/directs", json!({"to": [name, "Ming"]})),
        ] {
            let (status, response) = ming.post_json(path, &body).await;
            assert_eq!(status, 403, "{path} {body}: {response}");
            assert_eq!(response["code"], "forbidden", "{path} {body}");
            assert_eq!(response["message"], why, "{path} {body}");
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
    assert_eq!(server.count("rooms WHERE kind = 'direct'"), 0);
}

#[tokio::test]
async fn development_login_with_unknown_username_returns_404() {
    let server = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    let ming = Person::register(&server, "Ming").await;
    let visitor = Person::visitor(&server);
    for name in ["nobody", "", "+8613900000000", "Ming x", "!?"] {
        let body = json!({"username": name});
        let (status, response) = visitor.post_json("/api/login", &body).await;
        assert_eq!(status, 404, "{name}: {response}");
        assert_eq!(response["code"], "not_found");
        let (status, response) = visitor.post_json("/development_session", &body).await;
        assert_eq!(status, 422, "{name}: {response}");
        assert!(response["errors"]["username"].is_string(), "{response}");
    }
    let (status, response) = visitor
        .post_json("/api/login", &json!({"username": ming.name}))
        .await;
    assert_eq!(status, 200, "{response}");
}
