//! Signing in and out.

use crate::support::{Person, Socket, Teahouse, status_and_location, person::PASSWORD, text_of};
use std::time::Duration;

#[tokio::test]
async fn a_stranger_learns_nothing_from_a_failed_sign_in() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let stranger = Person::visitor(&server);
    let mut sentences = Vec::new();
    for (phone, password) in [
        (ming.phone.as_str(), "wrong password"),
        (stranger.phone.as_str(), PASSWORD),
        ("nonsense", PASSWORD),
        ("", ""),
    ] {
        let answer = stranger
            .post("/login", &[("phone", phone), ("password", password)])
            .await;
        assert_eq!(answer.status(), 422, "{phone}");
        assert!(stranger.cookie().is_empty() || stranger.get("/rooms/1").await.status() == 303);
        let page = answer.text().await.expect("text");
        assert!(!page.contains(PASSWORD) && !page.contains("wrong password"));
        sentences.push(text_of(&page, "form-error"));
    }
    assert!(!sentences[0].is_empty());
    sentences.dedup();
    assert_eq!(sentences.len(), 1, "{sentences:?}");
}

#[tokio::test]
async fn somebody_who_is_banned_is_let_in_no_more() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    server.database().run("UPDATE users SET status = 'banned'");
    assert_eq!(ming.sign_in().await.status(), 422);
    assert_eq!(ming.get("/rooms/1").await.status(), 303);
    assert_eq!(ming.get_json("/rooms/1/messages").await.0, 401);
}

#[tokio::test]
async fn signing_in_leads_on_to_where_one_wanted_to_go() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let visitor = Person::visitor(&server);
    let answer = visitor.get("/rooms/1?at=7").await;
    assert_eq!(answer.status(), 303);
    let login = answer.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(login.starts_with("/login?next="), "{login}");
    let page = visitor.page(&login).await;
    let hidden = page
        .lines()
        .find(|line| line.contains("name=\"next\""))
        .expect("a hidden field");
    assert!(
        hidden.replace("&#x2F;", "/").contains("\"/rooms/1?at=7\""),
        "{hidden}"
    );
    let answer = visitor
        .post(
            "/login",
            &[
                ("phone", &ming.phone),
                ("password", PASSWORD),
                ("next", "/rooms/1?at=7"),
            ],
        )
        .await;
    assert_eq!(status_and_location(&answer), (303, "/rooms/1?at=7"));
}

#[tokio::test]
async fn signing_in_leads_to_no_other_site() {
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
        let visitor = Person::visitor(&server);
        let answer = visitor
            .post(
                "/login",
                &[
                    ("phone", &ming.phone),
                    ("password", PASSWORD),
                    ("next", next),
                ],
            )
            .await;
        assert_eq!(answer.status(), 303, "{next:?}");
        let location = answer.headers()["location"].to_str().expect("text");
        assert!(
            ["/", "/rooms/1"].contains(&location),
            "{next:?} leads to {location}"
        );
        assert!(
            answer
                .headers()
                .get_all("set-cookie")
                .iter()
                .all(|cookie| !cookie.as_bytes().starts_with(b"a="))
        );
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_its_sockets_but_no_other() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let phone = ming.on_another_device(&server).await;
    let (mut here, mut there) = (ming.socket().await, phone.socket().await);
    let cookie = ming.cookie();
    let answer = ming.sign_out().await;
    assert_eq!(status_and_location(&answer), (303, "/login"));
    assert_eq!(here.close_code(Duration::from_secs(5)).await, 4001);
    // Whoever kept the cookie has nothing.
    let thief = Person::visitor(&server);
    thief.set_cookie(&cookie);
    assert_eq!(thief.get("/rooms/1").await.status(), 303);
    assert_eq!(Socket::refusal(Socket::request(&thief)).await, 401);
    there.say("still here").await;
    assert_eq!(phone.get("/rooms/1").await.status(), 200);
}

#[tokio::test]
async fn a_session_is_a_new_one_after_signing_in() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let before = ming.cookie();
    assert_eq!(ming.sign_in().await.status(), 303);
    assert_ne!(before, ming.cookie());
    let thief = Person::visitor(&server);
    thief.set_cookie(&before);
    assert_eq!(
        thief.get("/rooms/1").await.status(),
        303,
        "the session from before signing in is over"
    );
}

#[tokio::test]
async fn whoever_develops_signs_in_by_name_and_nobody_else_does() {
    let server = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    Person::register(&server, "mei").await;
    let developer = Person::visitor(&server);
    assert!(
        developer
            .page("/login")
            .await
            .contains("/development_session")
    );
    let wrong = developer
        .post("/development_session", &[("username", "nobody")])
        .await;
    assert_eq!(wrong.status(), 422);
    assert!(
        wrong
            .text()
            .await
            .expect("a page")
            .contains("value=\"nobody\"")
    );
    let right = developer
        .post("/development_session", &[("username", "mei")])
        .await;
    assert_eq!(right.status(), 303);
    assert!(
        developer
            .page("/rooms/1")
            .await
            .contains("data-username=\"mei\"")
    );
    // Through a proxy on this machine it is somebody else's request.
    let stranger = Person::visitor(&server);
    let forwarded = stranger
        .request(reqwest::Method::POST, "/development_session")
        .header("x-forwarded-for", "203.0.113.7")
        .form(&[("username", "mei")]);
    assert_eq!(forwarded.send().await.expect("a response").status(), 404);
}
