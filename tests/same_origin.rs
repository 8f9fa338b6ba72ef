//! Requests and WebSocket handshakes from other origins are rejected.

use crate::support::{Person, Socket, Teahouse};
use reqwest::Method;

const PATH: &str = "/rooms/1/messages";

/// Headers that requests from pages of other sites carry.
fn foreign(server: &Teahouse) -> Vec<(&'static str, String)> {
    let port = server.host().rsplit(':').next();
    let port: u16 = port.and_then(|port| port.parse().ok()).expect("a port");
    vec![
        ("origin", "https://evil.example".to_owned()),
        ("origin", "null".to_owned()),
        ("origin", String::new()),
        ("origin", format!("http://127.0.0.1.evil.example:{port}")),
        ("origin", format!("http://127.0.0.1:{port}.evil.example")),
        ("origin", format!("http://127.0.0.1:{port}@evil.example")),
        ("origin", format!("http://127.0.0.1:{}", port ^ 1)),
        ("origin", "http://127.0.0.1".to_owned()),
        ("origin", format!("https://127.0.0.1:{port}")),
        ("origin", format!("http://localhost:{port}")),
        ("origin", format!("http://127.0.0.1:{port}/")),
        ("sec-fetch-site", "cross-site".to_owned()),
        ("sec-fetch-site", "same-site".to_owned()),
        ("sec-fetch-site", "Cross-Site".to_owned()),
        ("sec-fetch-site", "same-origin, cross-site".to_owned()),
        ("sec-fetch-site", "cross-site, same-origin".to_owned()),
        ("sec-fetch-site", "none,same-site".to_owned()),
        ("sec-fetch-site", "cross-site;x".to_owned()),
        ("sec-fetch-site", "anything else".to_owned()),
        ("sec-fetch-site", String::new()),
        (
            "origin",
            format!("http://127.0.0.1:{port}, https://evil.example"),
        ),
        (
            "origin",
            format!("http://127.0.0.1:{port} https://evil.example"),
        ),
    ]
}

/// Row counts of every table that a request could have changed.
fn row_counts(server: &Teahouse) -> Vec<i64> {
    ["users", "sessions", "rooms", "memberships", "messages"]
        .map(|table| server.count(table))
        .to_vec()
}

#[tokio::test]
async fn cross_site_requests_are_rejected_on_every_unsafe_route() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let routes = server.routes().into_iter();
    let unsafe_routes: Vec<_> = routes.filter(|(method, _)| !method.is_safe()).collect();
    assert!(unsafe_routes.len() >= 4, "{unsafe_routes:?}");
    let before = row_counts(&server);
    let form = [
        ("phone", "+8613800138000"),
        ("username", "Mallory"),
        ("password", crate::support::person::PASSWORD),
        ("content", "stolen"),
    ];
    for (method, path) in unsafe_routes {
        let request = || ming.request(method.clone(), &path).form(&form);
        for (name, value) in foreign(&server) {
            let answer = request().header(name, &value).send().await;
            let answer = answer.expect("a response");
            assert_eq!(answer.status(), 403, "{method} {path} with {name}: {value}");
        }
        // The own origin does not outweigh a foreign site.
        let request = request().header("origin", &server.url);
        let request = request.header("sec-fetch-site", "cross-site");
        let answer = request.send().await.expect("a response");
        assert_eq!(answer.status(), 403, "{method} {path}");
    }
    assert_eq!(row_counts(&server), before);
    let found = ming.get("/rooms/1").await.status();
    assert_eq!(found, 200, "the session ended");
}

/// Pairs of headers of which one is foreign.
fn own_and_foreign(server: &Teahouse) -> Vec<[(&'static str, String); 2]> {
    let (own, evil) = (server.url.clone(), "https://evil.example".to_owned());
    let site = |value: &str| ("sec-fetch-site", value.to_owned());
    vec![
        [site("same-origin"), site("cross-site")],
        [site("cross-site"), site("same-origin")],
        [site("none"), site("same-site")],
        [site("none"), site("same-origin, cross-site")],
        [("origin", own.clone()), ("origin", evil.clone())],
        [("origin", evil), ("origin", own.clone())],
        [("origin", own), ("origin", "null".to_owned())],
    ]
}

#[tokio::test]
async fn request_with_one_foreign_value_among_several_is_rejected() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for headers in own_and_foreign(&server) {
        let mut post = ming.request(Method::POST, PATH);
        let mut upgrade = Socket::request(&ming);
        for (name, value) in &headers {
            post = post.header(*name, value);
            let value = value.parse().expect("a header");
            upgrade.headers_mut().append(*name, value);
        }
        let answer = post.form(&[("content", "stolen")]).send().await;
        let status = answer.expect("a response").status();
        assert_eq!(status, 403, "{headers:?}");
        assert_eq!(Socket::refusal(upgrade).await, 403, "{headers:?}");
    }
    for site in ["same-origin, none", "Same-Origin", " none "] {
        let headers = [site, "same-origin"].map(|value| ("sec-fetch-site", value));
        let answer = ming.post_with(PATH, &headers, &[("content", "mine")]).await;
        assert_eq!(answer.status(), 303, "{site}");
    }
}

#[tokio::test]
async fn cross_site_websocket_handshakes_are_rejected() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for (name, value) in foreign(&server) {
        let mut request = Socket::request(&ming);
        request
            .headers_mut()
            .insert(name, value.parse().expect("a header"));
        assert_eq!(Socket::refusal(request).await, 403, "{name}: {value}");
    }
    let mut request = Socket::request(&ming);
    let origin = server.url.parse().expect("a header");
    request.headers_mut().insert("origin", origin);
    let site = "same-origin".parse().expect("a header");
    request.headers_mut().insert("sec-fetch-site", site);
    assert_eq!(Socket::refusal(request).await, 101);
}

#[tokio::test]
async fn same_origin_requests_are_accepted() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for headers in [
        vec![("origin", server.url.as_str())],
        vec![("sec-fetch-site", "same-origin")],
        vec![("sec-fetch-site", "none")],
        vec![],
    ] {
        let answer = ming.post_with(PATH, &headers, &[("content", "hello")]);
        assert_eq!(answer.await.status(), 303, "{headers:?}");
    }
    // Links from other sites work.
    let link = ming.get_with("/rooms/1", "sec-fetch-site", "cross-site");
    assert_eq!(link.await.status(), 200);
}

#[tokio::test]
async fn only_the_configured_public_origin_is_accepted() {
    let server = Teahouse::with(&[("PUBLIC_ORIGIN", "https://chat.example.org")]);
    let visitor = Person::visitor(&server);
    let form = [
        ("phone", visitor.phone.as_str()),
        ("username", "Ming"),
        ("password", crate::support::person::PASSWORD),
    ];
    for (origin, status) in [
        (server.url.as_str(), 403),
        ("http://chat.example.org", 403),
        ("https://chat.example.org:8443", 403),
        ("https://chat.example.org.evil.example", 403),
        ("https://chat.example.org", 303),
    ] {
        let header = ("origin", origin);
        let answer = visitor.post_with("/register", &[header], &form).await;
        assert_eq!(answer.status(), status, "{origin}");
    }
}

#[tokio::test]
async fn forwarded_headers_of_untrusted_peers_do_not_change_the_origin() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let headers = [
        ("origin", "https://evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    let answer = ming.post_with(PATH, &headers, &[("content", "stolen")]);
    assert_eq!(answer.await.status(), 403);
}
