//! Another site's page can do nothing in somebody's name.

use crate::support::{Person, Socket, Teahouse};
use reqwest::Method;

/// Header and value as other sites' pages send them.
fn foreign(server: &Teahouse) -> Vec<(&'static str, String)> {
    let port: u16 = server
        .host()
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
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

/// Everything that a request could have changed.
fn rows(server: &Teahouse) -> Vec<i64> {
    ["users", "sessions", "rooms", "memberships", "messages"]
        .map(|table| {
            server
                .database()
                .number(&format!("SELECT COUNT(*) AS value FROM {table}"))
        })
        .to_vec()
}

#[tokio::test]
async fn no_unsafe_request_of_another_site_does_anything() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let unsafe_routes: Vec<_> = server
        .routes()
        .into_iter()
        .filter(|(method, _)| !method.is_safe())
        .collect();
    assert!(unsafe_routes.len() >= 4, "{unsafe_routes:?}");
    let before = rows(&server);
    let form = [
        ("phone", "+8613800138000"),
        ("username", "Mallory"),
        ("password", crate::support::person::PASSWORD),
        ("content", "stolen"),
    ];
    for (method, path) in unsafe_routes {
        for (name, value) in foreign(&server) {
            let answer = ming
                .request(method.clone(), &path)
                .header(name, &value)
                .form(&form)
                .send()
                .await
                .expect("a response");
            assert_eq!(answer.status(), 403, "{method} {path} with {name}: {value}");
        }
        // A good origin does not make up for a bad site.
        let answer = ming
            .request(method.clone(), &path)
            .header("origin", &server.url)
            .header("sec-fetch-site", "cross-site")
            .form(&form)
            .send()
            .await
            .expect("a response");
        assert_eq!(answer.status(), 403, "{method} {path}");
    }
    assert_eq!(rows(&server), before);
    assert_eq!(ming.get("/rooms/1").await.status(), 200, "still signed in");
}

/// Header names and values of which one is another site's.
fn twice(server: &Teahouse) -> Vec<[(&'static str, String); 2]> {
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
async fn one_foreign_value_among_several_is_enough() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for headers in twice(&server) {
        let mut post = ming.request(Method::POST, "/rooms/1/messages");
        let mut upgrade = Socket::request(&ming);
        for (name, value) in &headers {
            post = post.header(*name, value);
            upgrade
                .headers_mut()
                .append(*name, value.parse().expect("a header"));
        }
        let answer = post.form(&[("content", "stolen")]).send().await;
        let status = answer.expect("a response").status();
        assert_eq!(status, 403, "{headers:?}");
        assert_eq!(Socket::refusal(upgrade).await, 403, "{headers:?}");
    }
    for site in ["same-origin, none", "Same-Origin", " none "] {
        let post = ming
            .request(Method::POST, "/rooms/1/messages")
            .header("sec-fetch-site", site)
            .header("sec-fetch-site", "same-origin");
        let answer = post.form(&[("content", "mine")]).send().await;
        assert_eq!(answer.expect("a response").status(), 303, "{site}");
    }
}

#[tokio::test]
async fn no_socket_opens_for_another_site() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for (name, value) in foreign(&server) {
        let mut request = Socket::request(&ming);
        request
            .headers_mut()
            .insert(name, value.parse().expect("a header"));
        assert_eq!(Socket::refusal(request).await, 403, "{name}: {value}");
    }
    let mut request = Socket::request(&ming);
    request
        .headers_mut()
        .insert("origin", server.url.parse().expect("a header"));
    request
        .headers_mut()
        .insert("sec-fetch-site", "same-origin".parse().expect("a header"));
    assert_eq!(Socket::refusal(request).await, 101);
}

#[tokio::test]
async fn our_own_pages_may_do_everything() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for headers in [
        vec![("origin", server.url.as_str())],
        vec![("sec-fetch-site", "same-origin")],
        vec![("sec-fetch-site", "none")],
        vec![],
    ] {
        let mut request = ming
            .request(Method::POST, "/rooms/1/messages")
            .form(&[("content", "hello")]);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        assert_eq!(
            request.send().await.expect("a response").status(),
            303,
            "{headers:?}"
        );
    }
    // A link on another site still leads here.
    let answer = ming
        .request(Method::GET, "/rooms/1")
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .expect("a response");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_public_origin_is_the_only_one() {
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
        let answer = visitor
            .request(Method::POST, "/register")
            .header("origin", origin)
            .form(&form)
            .send()
            .await
            .expect("a response");
        assert_eq!(answer.status(), status, "{origin}");
    }
}

#[tokio::test]
async fn a_proxys_headers_from_a_stranger_change_nothing() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let request = ming
        .request(Method::POST, "/rooms/1/messages")
        .header("origin", "https://evil.example");
    let request = request
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https");
    let request = request.header("forwarded", "host=evil.example;proto=https");
    assert_eq!(
        request
            .form(&[("content", "stolen")])
            .send()
            .await
            .expect("a response")
            .status(),
        403
    );
}
