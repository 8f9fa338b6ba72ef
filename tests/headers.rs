//! Headers of responses.

use crate::support::{Person, Teahouse, header, person::send, words};
use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; \
    connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

fn check(headers: &HeaderMap, what: &str) {
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        let all: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(all, [value], "{what}: {name}");
    }
    let permissions: Vec<_> = headers.get_all("permissions-policy").iter().collect();
    assert_eq!(permissions.len(), 1, "{what}");
    let permissions = permissions[0].to_str().expect("text");
    for feature in ["camera=()", "microphone=()", "geolocation=()"] {
        assert!(permissions.contains(feature), "{what}: {permissions}");
    }
}

/// Returns the URL of a static file of the page, such as `/static/<hash>/css/base.css`.
async fn asset_url(person: &Person) -> String {
    let page = person.page("/login").await;
    let end = page.find("/css/").expect("a style sheet");
    let start = page[..end].rfind("/static/").expect("a static file");
    page[start..].chars().take_while(|c| *c != '"').collect()
}

#[tokio::test]
async fn each_response_of_each_route_has_the_security_headers() {
    let server = Teahouse::start();
    let member = Person::register(&server, "Ming").await;
    let visitor = Person::visitor(&server);
    let asset = asset_url(&visitor).await;
    let mut addresses = server.routes();
    assert!(addresses.len() >= 12, "{addresses:?}");
    let paths = "/nowhere /api/nowhere /static/nowhere.css /rooms/x /rooms/999 \
        /rooms/1/messages?before=1&after=1 /%2e%2e/etc/passwd";
    for path in words(paths).into_iter().chain([asset.as_str()]) {
        addresses.push((Method::GET, path.to_owned()));
    }
    for path in ["/", "/rooms/1", "/healthz", "/nowhere"] {
        addresses.push((Method::PUT, path.to_owned()));
        addresses.push((Method::HEAD, path.to_owned()));
        addresses.push((Method::OPTIONS, path.to_owned()));
    }
    for (method, path) in addresses {
        for person in [&visitor, &member] {
            if path == "/logout" {
                member.sign_in().await;
            }
            let response = send(person.request(method.clone(), &path)).await;
            let what = format!("{method} {path} {}", response.status());
            check(response.headers(), &what);
            let has_hsts = response.headers().contains_key("strict-transport-security");
            assert!(!has_hsts, "{what}: over plain http");
            assert!(response.headers().get("server").is_none(), "{what}");
        }
    }
}

#[tokio::test]
async fn pages_of_signed_in_users_are_not_cached() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for path in ["/", "/rooms/1", "/rooms/999", "/nowhere"] {
        assert_eq!(cache_control(&ming.get(path).await), "no-store", "{path}");
    }
    let found = cache_control(&ming.post("/rooms/1/messages", &[("content", "")]).await);
    assert_eq!(found, "no-store");
    let pages = cache_control(&ming.get("/rooms/1/messages").await);
    let found = pages.split(", ").collect::<std::collections::BTreeSet<_>>();
    assert_eq!(found, ["no-cache", "private"].into());
}

#[tokio::test]
async fn static_files_are_immutable_under_a_hashed_url() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    let asset = asset_url(&visitor).await;
    let response = visitor.get(&asset).await;
    assert_eq!(response.status(), 200);
    let cache = cache_control(&response);
    for wanted in ["immutable", "max-age=31536000", "public"] {
        assert!(cache.contains(wanted), "{cache}");
    }
    assert!(header(&response, "content-type").starts_with("text/css"));
    let (prefix, file) = asset
        .trim_start_matches("/static/")
        .split_once('/')
        .expect("a hash and a file");
    assert!(prefix.len() >= 8, "{asset}");
    let other = visitor
        .get(&format!("/static/0123456789abcdef/{file}"))
        .await;
    let is_hidden = !cache_control(&other).contains("immutable");
    assert!(is_hidden, "another hash may be another version");
    for outside in "../Cargo.toml %2e%2e/Cargo.toml ..%2fCargo.toml /etc/passwd ".split(' ') {
        let path = format!("/static/{prefix}/{outside}");
        let status = visitor.get(&path).await.status();
        assert!(status.is_client_error(), "{outside}: {status}");
    }
}

#[tokio::test]
async fn session_cookie_is_limited_to_this_site() {
    let server = Teahouse::start();
    let response = Person::visitor(&server).submit_registration("Ming").await;
    let cookie = the_cookie(&response);
    assert!(cookie.starts_with("teahouse="), "{cookie}");
    let attributes = attributes(&cookie);
    for wanted in ["httponly", "samesite=lax", "path=/"] {
        let is_found = attributes.iter().any(|given| given == wanted);
        assert!(is_found, "{wanted}: {cookie}");
    }
    let is_wrong = |given: &String| given == "secure" || given.starts_with("domain");
    assert!(!attributes.iter().any(is_wrong), "{cookie}");
    // The database stores only its hash.
    let value = cookie.split([';', '=']).nth(1).expect("a value").to_owned();
    let hashes = server.strings("SELECT key_hash AS value FROM sessions");
    assert_eq!(hashes.len(), 1);
    let is_shown = hashes[0].len() == 64 && !value.contains(&hashes[0]);
    assert!(is_shown, "{hashes:?}");
}

#[tokio::test]
async fn https_sets_secure_cookies_and_hsts() {
    let server = Teahouse::with(&[("PUBLIC_ORIGIN", "https://chat.example.org")]);
    let response = Person::visitor(&server).submit_registration("Ming").await;
    assert_eq!(response.status(), 303);
    check(response.headers(), "https");
    let hsts = header(&response, "strict-transport-security");
    assert!(hsts.starts_with("max-age="), "{hsts}");
    let cookie = the_cookie(&response);
    assert!(cookie.starts_with("__Host-teahouse="), "{cookie}");
    let attributes = attributes(&cookie);
    for wanted in ["secure", "httponly", "samesite=lax", "path=/"] {
        let is_found = attributes.iter().any(|given| given == wanted);
        assert!(is_found, "{wanted}: {cookie}");
    }
    // It authenticates.
    let value = cookie.split(';').next().expect("a value");
    assert_eq!(status_with(&server, value).await, 200);
    // The cookie name used over http does not.
    let plain = value.replacen("__Host-", "", 1);
    assert_eq!(status_with(&server, &plain).await, 303);
}

#[tokio::test]
async fn forged_cookie_is_rejected() {
    let server = Teahouse::start();
    Person::register(&server, "Ming").await;
    for forged in [
        "teahouse=",
        "teahouse=1",
        "teahouse=%00",
        "teahouse=\u{fffd}",
        &format!("teahouse={}", "a".repeat(64)),
        &format!("teahouse={}", "a".repeat(3000)),
    ] {
        assert_eq!(status_with(&server, forged).await, 303, "{forged}");
    }
}

/// Status of a room's page with this cookie.
async fn status_with(server: &Teahouse, cookie: &str) -> StatusCode {
    let request = Person::visitor(server).request(Method::GET, "/rooms/1");
    let page = request.header("cookie", cookie).send().await;
    page.expect("a response").status()
}

fn cache_control(response: &Response) -> String {
    response
        .headers()
        .get("cache-control")
        .map_or("nothing", |value| value.to_str().expect("text"))
        .to_owned()
}

fn the_cookie(response: &Response) -> String {
    let cookies = response.headers().get_all("set-cookie").iter();
    let cookies = cookies.map(|cookie| cookie.to_str().expect("text"));
    // The other cookie identifies the browser.
    let cookies = cookies.filter(|cookie| !cookie.contains("-browser="));
    let cookies: Vec<_> = cookies.collect();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    cookies[0].to_owned()
}

fn attributes(cookie: &str) -> Vec<String> {
    let parts = cookie.split(';').skip(1);
    parts.map(|part| part.trim().to_lowercase()).collect()
}
