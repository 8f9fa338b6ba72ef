//! POST requests that stand for another method: `_method` in the body, and the aliases in `routes.rs`.

use crate::support::raw_http::{exchange, status};
use crate::support::{Person, Teahouse};
use reqwest::Method;
use serde_json::{Map, Value};

/// How a body is encoded.
const ENCODINGS: [Encoding; 2] = [Encoding::Form, Encoding::Json];

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Form,
    Json,
}

/// Sends the fields and returns the status.
async fn send(
    person: &Person,
    method: Method,
    path: &str,
    fields: &[(&str, &str)],
    encoding: Encoding,
) -> u16 {
    let request = person.request(method, path);
    let request = match encoding {
        Encoding::Form => request.form(fields),
        Encoding::Json => {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
            request.json(&Value::Object(Map::from_iter(fields)))
        }
    };
    request.send().await.expect("a response").status().as_u16()
}

async fn post(person: &Person, path: &str, fields: &[(&str, &str)], encoding: Encoding) -> u16 {
    send(person, Method::POST, path, fields, encoding).await
}

#[tokio::test]
async fn post_with_a_method_field_has_the_status_of_that_method() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let fields = [
        ("username", "Nobody"),
        ("involvement", "everything"),
        ("content", "x"),
        ("seq", "0"),
    ];
    let fields = |encoding| match encoding {
        Encoding::Form => &fields[..],
        // `seq` is a number.
        Encoding::Json => &fields[..3],
    };
    let routes = server.routes();
    let mut tried = 0;
    for (method, path) in &routes {
        if !["PUT", "PATCH", "DELETE"].contains(&method.as_str()) || path.starts_with("/api/") {
            continue;
        }
        tried += 1;
        for encoding in ENCODINGS {
            let expected = send(&ming, method.clone(), path, fields(encoding), encoding).await;
            assert_ne!(expected, 405, "{method} {path}");
            for name in [method.as_str().to_owned(), method.as_str().to_lowercase()] {
                let with_method = [fields(encoding), &[("_method", name.as_str())][..]].concat();
                let found = post(&ming, path, &with_method, encoding).await;
                assert_eq!(found, expected, "{name} {path} {encoding:?}");
            }
        }
    }
    assert!(tried >= 20, "{tried}");
}

#[tokio::test]
async fn put_and_patch_are_the_same_in_a_method_field() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for path in [
        "/settings/profile",
        "/settings/privacy",
        "/rooms/1",
        "/rooms/1/messages/1",
        "/invitations/1",
    ] {
        for encoding in ENCODINGS {
            let put = post(&ming, path, &[("_method", "put")], encoding).await;
            let patch = post(&ming, path, &[("_method", "patch")], encoding).await;
            assert_eq!(put, patch, "{path}");
            assert_ne!(put, 405, "{path}");
        }
    }
}

#[tokio::test]
async fn aliases_need_no_method_field() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    ming.say("hello").await;
    for (path, fields, form, json) in [
        (
            "/rooms/1/involvement",
            &[("involvement", "mentions")][..],
            303,
            204,
        ),
        ("/rooms/1/read_mark", &[], 303, 204),
        ("/settings/profile", &[("username", "Ming")], 303, 204),
        (
            "/settings/appearance",
            &[("appearance", "dark"), ("time_format", "24")],
            303,
            204,
        ),
        ("/settings/privacy", &[("reachable_by", "nobody")], 303, 204),
        ("/settings/phone", &[("phone", "1")], 422, 422),
        ("/settings/password", &[("password", "short")], 422, 422),
        // These need one.
        ("/invites/1", &[], 405, 405),
        ("/invitations/1", &[], 405, 405),
        ("/rooms/1", &[("name", "Tea")], 405, 405),
        ("/rooms/1/messages/1", &[("content", "x")], 405, 405),
        ("/settings/sessions", &[], 405, 405),
        ("/settings/sessions/x", &[], 405, 405),
        ("/settings/account", &[("confirm", "Ming")], 405, 405),
    ] {
        for (encoding, expected) in [(Encoding::Form, form), (Encoding::Json, json)] {
            let found = post(&ming, path, fields, encoding).await;
            assert_eq!(found, expected, "{path} {encoding:?}");
        }
    }
}

#[tokio::test]
async fn method_field_takes_precedence_over_the_post_action() {
    let (server, [ming, _mei]) = Teahouse::with_users(["Ming", "Mei"]).await;
    for (encoding, done) in [(Encoding::Form, 303), (Encoding::Json, 204)] {
        for (method, expected) in [("post", 1), ("delete", 0), ("POST", 1), ("DELETE", 0)] {
            let fields = [("username", "Mei"), ("_method", method)];
            assert_eq!(post(&ming, "/blocks", &fields, encoding).await, done);
            assert_eq!(server.count("blocks"), expected, "{method} {encoding:?}");
        }
    }
}

#[tokio::test]
async fn unsupported_methods_in_the_field_are_rejected_and_do_nothing() {
    let (server, [ming, _mei]) = Teahouse::with_users(["Ming", "Mei"]).await;
    for (method, expected) in [
        ("", 400),
        ("get", 400),
        ("Delete", 400),
        ("remove", 400),
        ("connect", 400),
        ("delete ", 400),
        // The resource has no such method.
        ("put", 405),
        ("patch", 405),
    ] {
        for encoding in ENCODINGS {
            let fields = [("username", "Mei"), ("_method", method)];
            let found = post(&ming, "/blocks", &fields, encoding).await;
            assert_eq!(found, expected, "{method:?} {encoding:?}");
        }
    }
    let twice = [
        ("username", "Mei"),
        ("_method", "post"),
        ("_method", "delete"),
    ];
    assert_eq!(post(&ming, "/blocks", &twice, Encoding::Form).await, 400);
    assert_eq!(server.count("blocks"), 0);
}

#[tokio::test]
async fn method_field_counts_only_in_the_body_of_a_post_to_a_page() {
    let (server, [ming, _mei]) = Teahouse::with_users(["Ming", "Mei"]).await;
    let get = ming.get("/rooms/1?_method=delete").await;
    assert_eq!(get.status(), 200);
    let with_body = ming.request(Method::GET, "/rooms/1");
    let with_body = with_body.form(&[("_method", "delete")]).send().await;
    assert_eq!(with_body.expect("a response").status(), 200);
    let in_query = "/blocks?_method=delete";
    let mei = [("username", "Mei")];
    assert_eq!(post(&ming, in_query, &mei, Encoding::Form).await, 303);
    assert_eq!(server.count("blocks"), 1);
    let delete = [("username", "Mei"), ("_method", "post")];
    let deleted = send(&ming, Method::DELETE, "/blocks", &delete, Encoding::Form).await;
    assert_eq!((deleted, server.count("blocks")), (303, 0));
    // The API, and pages that only take POST.
    let message = [("content", "hello"), ("_method", "delete")];
    let path = "/api/rooms/1/messages";
    assert_eq!(post(&ming, path, &message, Encoding::Json).await, 201);
    let path = "/rooms/1/messages";
    assert_eq!(post(&ming, path, &message, Encoding::Form).await, 303);
    assert_eq!(ming.history("1").await.len(), 2);
}

#[tokio::test]
async fn body_limit_is_that_of_other_forms() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let privacy = "_method=put&reachable_by=nobody&x=";
    for (length, expected) in [(64 * 1024, 303), (64 * 1024 + 1, 413)] {
        let body = format!("{privacy}{}", "x".repeat(length - privacy.len()));
        let request = ming.request(Method::POST, "/settings/privacy");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().await.expect("a response");
        assert_eq!(response.status(), expected, "{length} bytes");
    }
    for (media_type, body, expected) in [
        ("text/plain", "_method=delete", 405),
        ("application/json", "{\"_method\":\"delete\"", 400),
        ("application/json", "[\"delete\"]", 400),
        ("application/json", "{\"_method\":null}", 400),
    ] {
        let request = ming.request(Method::POST, "/settings/sessions");
        let request = request.header("content-type", media_type).body(body);
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), expected, "{media_type} {body}");
    }
}

#[tokio::test]
async fn uploads_are_not_read_for_a_method() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let part =
        "--part\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\ndelete\r\n--part--\r\n";
    let request = ming.request(Method::POST, "/settings/avatar");
    let request = request.header("content-type", "multipart/form-data; boundary=part");
    let response = request.body(part).send().await.expect("a response");
    // No file.
    assert_eq!(response.status(), 422);
    let remove = [("_method", "delete")];
    let removed = post(&ming, "/settings/avatar", &remove, Encoding::Form).await;
    assert_eq!(removed, 303);
}

#[tokio::test]
async fn the_head_is_checked_before_the_body_arrives() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let request = format!(
        "POST /settings/account HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nConnection: close\r\n\
         Origin: https://evil.example\r\nContent-Length: 100\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n_method=delete",
        server.host(),
        ming.cookie(),
    );
    let response = exchange(server.host(), request.as_bytes()).await;
    assert_eq!(status(&response), 403);
}

#[tokio::test]
async fn requests_without_a_session_are_rejected_whatever_method_they_name() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    for path in ["/invites/1", "/rooms/1", "/settings/account", "/blocks"] {
        for fields in [&[][..], &[("_method", "delete")]] {
            for encoding in ENCODINGS {
                let found = post(&visitor, path, fields, encoding).await;
                assert_eq!(found, 401, "{path} {fields:?}");
            }
        }
    }
}
