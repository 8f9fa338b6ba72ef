//! A link from an admin lets somebody back in, once.

use crate::support::{Person, Teahouse, field_errors, status_and_location, person::PASSWORD};

const NEW_PASSWORD: &str = "a new one, long enough";

/// What the link on a page ends with.
fn link(page: &str) -> String {
    let (_, rest) = page.split_once("id=\"link\" value=\"").expect("a link");
    let link = rest
        .split('"')
        .next()
        .expect("its end")
        .replace("&#x2F;", "/");
    let at = link.find("/passwords/").expect("a path");
    link[at..].to_owned()
}

#[tokio::test]
async fn an_admin_lets_somebody_back_in_who_forgot_the_password() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let mut socket = mei.socket().await;
    let ask = async |name: &str| admin.post("/password_links", &[("username", name)]).await;
    let answer = ask("nobody-here").await;
    assert_eq!(answer.status(), 422);
    assert_eq!(
        field_errors(&answer.text().await.expect("text")),
        ["username"]
    );
    let first = link(&ask("mei").await.text().await.expect("text"));
    let answer = ask("MEI").await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.expect("text");
    assert!(
        page.contains("<svg class=\"qr\""),
        "a code to be photographed"
    );
    let second = link(&page);
    assert!(
        !admin.page("/password_links").await.contains("/passwords/"),
        "shown once"
    );
    let visitor = Person::visitor(&server);
    assert_eq!(visitor.get(&first).await.status(), 404, "the newest counts");
    assert_eq!(
        mei.get("/rooms/1").await.status(),
        200,
        "nothing happens before it is used"
    );
    assert!(visitor.page(&second).await.contains("mei"));
    for (password, wrong) in [
        ("short", "password"),
        ("password1", "password"),
        (mei.phone.as_str(), "password"),
    ] {
        let answer = visitor.post(&second, &[("password", password)]).await;
        assert_eq!(
            field_errors(&answer.text().await.expect("text")),
            [wrong],
            "{password}"
        );
    }
    let answer = visitor.post(&second, &[("password", NEW_PASSWORD)]).await;
    assert_eq!(status_and_location(&answer), (303, "/"));
    assert_eq!(visitor.get("/rooms/1").await.status(), 200);
    assert_eq!(
        socket.close_code(std::time::Duration::from_secs(25)).await,
        4001
    );
    assert_eq!(mei.get("/rooms/1").await.status(), 303);
    assert_eq!(mei.sign_in().await.status(), 422);
    assert_eq!(
        Person::visitor(&server)
            .post(&second, &[("password", PASSWORD)])
            .await
            .status(),
        404
    );
    let kinds = server
        .database()
        .strings("SELECT kind AS value FROM security_events WHERE user_id = 2 ORDER BY id");
    let wanted = [
        "password-link-made",
        "password-reset",
        "signed-in",
        "sign-in-failed",
    ];
    assert!(kinds.ends_with(&wanted.map(str::to_owned)), "{kinds:?}");
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_gets_in() {
    let (server, [admin]) = Teahouse::with_users(["admin"]).await;
    Person::register(&server, "mei").await;
    let answer = admin.post("/password_links", &[("username", "mei")]).await;
    let link = link(&answer.text().await.expect("text"));
    let people: Vec<_> = (0..6).map(|_| Person::visitor(&server)).collect();
    let forms = people
        .iter()
        .map(|who| who.post(&link, &[("password", NEW_PASSWORD)]));
    let answers = futures_util::future::join_all(forms).await;
    let statuses: Vec<u16> = answers
        .iter()
        .map(|answer| answer.status().as_u16())
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 404).count(),
        5,
        "{statuses:?}"
    );
}

#[tokio::test]
async fn a_link_ends_after_four_hours_and_for_whom_is_banned() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    assert_eq!(mei.get("/password_links").await.status(), 403);
    assert_eq!(
        mei.post("/password_links", &[("username", "admin")])
            .await
            .status(),
        403
    );
    let ask = async || {
        link(
            &admin
                .post("/password_links", &[("username", "mei")])
                .await
                .text()
                .await
                .expect("text"),
        )
    };
    let (visitor, token) = (Person::visitor(&server), ask().await);
    let ends = server
        .database()
        .strings("SELECT CAST(expires_at AS CHAR) AS value FROM password_links")
        .remove(0);
    let ends =
        chrono::NaiveDateTime::parse_from_str(&ends, "%Y-%m-%d %H:%M:%S%.f").expect("a time");
    let minutes = (ends - chrono::Utc::now().naive_utc()).num_minutes();
    assert!((235..=240).contains(&minutes), "{minutes}");
    server
        .database()
        .run("UPDATE password_links SET expires_at = '2020-01-01 00:00:00.000'");
    assert_eq!(visitor.get(&token).await.status(), 404);
    assert_eq!(
        visitor
            .post(&token, &[("password", NEW_PASSWORD)])
            .await
            .status(),
        404
    );
    let token = ask().await;
    server
        .database()
        .run("UPDATE users SET status = 'banned' WHERE username = 'mei'");
    assert_eq!(
        visitor
            .post(&token, &[("password", NEW_PASSWORD)])
            .await
            .status(),
        404
    );
    assert_eq!(
        admin
            .post("/password_links", &[("username", "mei")])
            .await
            .status(),
        422
    );
}
