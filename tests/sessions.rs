//! Signing in and out.

use crate::support::{Person, Socket, Teahouse, header, person::PASSWORD, redirect, text_of};
use std::time::Duration;

/// Signs in as `ming` in a browser of its own, with `next`.
async fn sign_in_to(server: &Teahouse, ming: &Person, next: &str) -> reqwest::Response {
    let form = [
        ("phone", ming.phone.as_str()),
        ("password", PASSWORD),
        ("next", next),
    ];
    Person::visitor(server).post("/login", &form).await
}

#[tokio::test]
async fn failed_sign_ins_all_show_the_same_message() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let stranger = Person::visitor(&server);
    let mut messages = Vec::new();
    for (phone, password) in [
        (ming.phone.as_str(), "wrong password"),
        (stranger.phone.as_str(), PASSWORD),
        ("nonsense", PASSWORD),
        ("", ""),
    ] {
        let answer = stranger.log_in(phone, password).await;
        assert_eq!(answer.status(), 422, "{phone}");
        assert!(stranger.cookie().is_empty() || stranger.get("/rooms/1").await.status() == 303);
        let page = answer.text().await.expect("text");
        assert!(!page.contains(PASSWORD) && !page.contains("wrong password"));
        messages.push(text_of(&page, "form-error"));
    }
    assert!(!messages[0].is_empty());
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[tokio::test]
async fn banned_user_cannot_sign_in_and_loses_the_session() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    server.execute("UPDATE users SET status = 'banned'");
    assert_eq!(ming.sign_in().await.status(), 422);
    assert_eq!(ming.get("/rooms/1").await.status(), 303);
    assert_eq!(ming.get_json("/rooms/1/messages").await.0, 401);
}

#[tokio::test]
async fn signing_in_redirects_to_the_requested_page() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let visitor = Person::visitor(&server);
    let answer = visitor.get("/rooms/1?at=7").await;
    assert_eq!(answer.status(), 303);
    let login = header(&answer, "location");
    assert!(login.starts_with("/login?next="), "{login}");
    let page = visitor.page(&login).await;
    let hidden = page.lines().find(|line| line.contains("name=\"next\""));
    let hidden = hidden.expect("a hidden field").replace("&#x2F;", "/");
    assert!(hidden.contains("\"/rooms/1?at=7\""), "{hidden}");
    let answer = sign_in_to(&server, &ming, "/rooms/1?at=7").await;
    assert_eq!(redirect(&answer), "303 /rooms/1?at=7");
}

#[tokio::test]
async fn signing_in_never_redirects_to_another_site() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        " //evil.example",
        "///evil.example",
        "/\r\nset-cookie: a=b",
    ] {
        let answer = sign_in_to(&server, &ming, next).await;
        assert_eq!(answer.status(), 303, "{next:?}");
        let location = answer.headers()["location"].to_str().expect("text");
        let is_shown = ["/", "/rooms/1"].contains(&location);
        assert!(is_shown, "{next:?} redirects to {location}");
        let mut cookies = answer.headers().get_all("set-cookie").iter();
        assert!(cookies.all(|cookie| !cookie.as_bytes().starts_with(b"a=")));
    }
}

#[tokio::test]
async fn signing_out_ends_only_this_session_and_its_sockets() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let phone = ming.on_another_device(&server).await;
    let (mut here, mut there) = (ming.socket().await, phone.socket().await);
    let cookie = ming.cookie();
    let answer = ming.sign_out().await;
    assert_eq!(redirect(&answer), "303 /login");
    assert_eq!(here.close_code(Duration::from_secs(5)).await, 4001);
    // A copy of the cookie is invalid.
    let replay = Person::visitor(&server);
    replay.set_cookie(&cookie);
    assert_eq!(replay.get("/rooms/1").await.status(), 303);
    assert_eq!(Socket::refusal(Socket::request(&replay)).await, 401);
    there.say("still here").await;
    assert_eq!(phone.get("/rooms/1").await.status(), 200);
}

#[tokio::test]
async fn signing_in_replaces_the_session() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let before = ming.cookie();
    assert_eq!(ming.sign_in().await.status(), 303);
    assert_ne!(before, ming.cookie());
    let replay = Person::visitor(&server);
    replay.set_cookie(&before);
    let status = replay.get("/rooms/1").await.status();
    assert_eq!(status, 303, "the earlier session is still valid");
}

#[tokio::test]
async fn development_sign_in_by_username_works_only_from_this_machine() {
    let server = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    Person::register(&server, "mei").await;
    let developer = Person::visitor(&server);
    let page = developer.page("/login").await;
    assert!(page.contains("/development_session"));
    let sign_in = async |name: &str| {
        let form = [("username", name)];
        developer.post("/development_session", &form).await
    };
    let wrong = sign_in("nobody").await;
    assert_eq!(wrong.status(), 422);
    let page = wrong.text().await.expect("a page");
    assert!(page.contains("value=\"nobody\""));
    assert_eq!(sign_in("mei").await.status(), 303);
    let page = developer.page("/rooms/1").await;
    assert!(page.contains("data-username=\"mei\""));
    // A forwarded request does not come from this machine.
    let stranger = Person::visitor(&server);
    let (header, form) = (("x-forwarded-for", "203.0.113.7"), ("username", "mei"));
    let path = "/development_session";
    let forwarded = stranger.post_with(path, &[header], &[form]).await;
    assert_eq!(forwarded.status(), 404);
}
