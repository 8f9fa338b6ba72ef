//! Password links: an admin's single-use link with which a user sets a new password.

use crate::support::{Person, Teahouse, field_errors, person::PASSWORD, redirect, rejected_fields};

const NEW_PASSWORD: &str = "a new one, long enough";

/// The path of the link shown on a page.
fn link(page: &str) -> String {
    let (_, rest) = page.split_once("id=\"link\" value=\"").expect("a link");
    let link = rest.split('"').next().expect("its end");
    let link = link.replace("&#x2F;", "/");
    let at = link.find("/passwords/").expect("a path");
    link[at..].to_owned()
}

/// Status of requesting a link for `mei`, and the page.
async fn request_link(person: &Person) -> (u16, String) {
    let answer = person.post("/password_links", &[("username", "mei")]).await;
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// Status of setting a new password with a link.
async fn use_link(person: &Person, link: &str) -> u16 {
    let form = [("password", NEW_PASSWORD)];
    person.post(link, &form).await.status().as_u16()
}

#[tokio::test]
async fn password_link_sets_a_new_password_once_and_ends_all_sessions() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let mut socket = mei.socket().await;
    let ask = async |name: &str| admin.post("/password_links", &[("username", name)]).await;
    let answer = ask("nobody-here").await;
    assert_eq!(rejected_fields(answer).await, ["username"]);
    let first = link(&ask("mei").await.text().await.expect("text"));
    let answer = ask("MEI").await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.expect("text");
    assert!(page.contains("<svg class=\"qr\""), "no QR code");
    let second = link(&page);
    let page = admin.page("/password_links").await;
    assert!(!page.contains("/passwords/"), "a link is shown once");
    let visitor = Person::visitor(&server);
    let found = visitor.get(&first).await.status();
    assert_eq!(found, 404, "the next link replaces it");
    let status = mei.get("/rooms/1").await.status();
    assert_eq!(status, 200, "an unused link changes nothing");
    assert!(visitor.page(&second).await.contains("mei"));
    for password in ["short", "password1", &mei.phone] {
        let answer = visitor.post(&second, &[("password", password)]).await;
        let page = answer.text().await.expect("text");
        assert_eq!(field_errors(&page), ["password"], "{password}");
    }
    let answer = visitor.post(&second, &[("password", NEW_PASSWORD)]).await;
    assert_eq!(redirect(&answer), "303 /");
    assert_eq!(visitor.get("/rooms/1").await.status(), 200);
    let patience = std::time::Duration::from_secs(25);
    assert_eq!(socket.close_code(patience).await, 4001);
    assert_eq!(mei.get("/rooms/1").await.status(), 303);
    assert_eq!(mei.sign_in().await.status(), 422);
    let other = Person::visitor(&server);
    let again = other.post(&second, &[("password", PASSWORD)]).await;
    assert_eq!(again.status(), 404);
    let sql = "SELECT kind AS value FROM security_events WHERE user_id = 2 ORDER BY id";
    let kinds = server.strings(sql);
    let wanted = "password-link-made password-reset signed-in sign-in-failed";
    assert!(kinds.join(" ").ends_with(wanted), "{kinds:?}");
}

#[tokio::test]
async fn concurrent_uses_of_a_link_succeed_once() {
    let (server, [admin]) = Teahouse::with_users(["admin"]).await;
    Person::register(&server, "mei").await;
    let link = link(&request_link(&admin).await.1);
    let people: Vec<_> = (0..6).map(|_| Person::visitor(&server)).collect();
    let uses = people.iter().map(|who| use_link(who, &link));
    let statuses = futures_util::future::join_all(uses).await;
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(303), count(404)), (1, 5), "{statuses:?}");
}

#[tokio::test]
async fn link_expires_after_four_hours_or_when_its_user_is_banned() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    assert_eq!(mei.get("/password_links").await.status(), 403);
    let by_mei = mei.post("/password_links", &[("username", "admin")]);
    assert_eq!(by_mei.await.status(), 403);
    let ask = async || link(&request_link(&admin).await.1);
    let (visitor, token) = (Person::visitor(&server), ask().await);
    let sql = "SELECT CAST(expires_at AS CHAR) AS value FROM password_links";
    let ends = server.strings(sql).remove(0);
    let format = "%Y-%m-%d %H:%M:%S%.f";
    let ends = chrono::NaiveDateTime::parse_from_str(&ends, format).expect("a time");
    let minutes = (ends - chrono::Utc::now().naive_utc()).num_minutes();
    assert!((235..=240).contains(&minutes), "{minutes}");
    server.execute("UPDATE password_links SET expires_at = '2020-01-01 00:00:00.000'");
    assert_eq!(visitor.get(&token).await.status(), 404);
    assert_eq!(use_link(&visitor, &token).await, 404);
    let token = ask().await;
    server.execute("UPDATE users SET status = 'banned' WHERE username = 'mei'");
    assert_eq!(use_link(&visitor, &token).await, 404);
    assert_eq!(request_link(&admin).await.0, 422);
}
