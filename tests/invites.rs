//! Registration by invite links.

use crate::support::{Person, Teahouse, field_errors, person::PASSWORD, redirect};
use reqwest::{Response, StatusCode};
use serde_json::json;

const INVITE: (&str, &str) = ("TEAHOUSE__ACCOUNTS__REGISTRATION", "invite");

/// Returns the invite links of a page.
fn links(page: &str) -> Vec<String> {
    let parts = page.split("value=\"");
    let values = parts.skip(1).filter_map(|rest| rest.split('"').next());
    let values = values.map(|value| value.replace("&#x2F;", "/").replace("&amp;", "&"));
    values
        .filter(|value| value.contains("/register?invite="))
        .collect()
}

/// Creates a link with this many uses and returns its token.
async fn create_invite(creator: &Person, uses: &str) -> String {
    let response = creator
        .post("/invites", &[("uses", uses), ("days", "7")])
        .await;
    assert_eq!(redirect(&response), "303 /invites");
    let link = links(&creator.page("/invites").await).remove(0);
    assert!(link.starts_with(&creator.url), "{link}");
    link.split_once("invite=").expect("a token").1.to_owned()
}

async fn register_by(person: &Person, name: &str, invite: &str) -> Response {
    let form = [
        ("phone", person.phone.as_str()),
        ("username", name),
        ("password", PASSWORD),
        ("invite", invite),
    ];
    person.post("/register", &form).await
}

#[tokio::test]
async fn invite_link_registers_its_number_of_users() {
    let server = Teahouse::with(&[INVITE]);
    // The first user needs no invite.
    let admin = Person::register(&server, "admin").await;
    let visitor = Person::visitor(&server);
    let response = visitor.get("/register").await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.text().await.expect("text").contains("invitation"));
    assert_eq!(visitor.submit_registration("nobody").await.status(), 403);
    assert!(!visitor.page("/login").await.contains("/register"));
    let token = create_invite(&admin, "2").await;
    let page = visitor.page(&format!("/register?invite={token}")).await;
    assert!(page.contains(&token), "the form keeps the invite");
    // An invalid form keeps it too.
    let response = register_by(&visitor, "x", &token).await;
    assert_eq!(response.status(), 422);
    let page = response.text().await.expect("text");
    assert_eq!(field_errors(&page), ["username"]);
    assert!(page.contains(&token));
    let found = redirect(&register_by(&visitor, "mei", &token).await);
    assert_eq!(found, "303 /rooms/1");
    let ana = register_by(&Person::visitor(&server), "ana", &token).await;
    assert_eq!(ana.status(), 303);
    let third = Person::visitor(&server);
    assert_eq!(register_by(&third, "third", &token).await.status(), 403);
    let page = third.get(&format!("/register?invite={token}")).await;
    assert_eq!(page.status(), 403);
    assert!(links(&admin.page("/invites").await).is_empty(), "used up");
}

#[tokio::test]
async fn concurrent_registrations_cannot_exceed_the_uses_of_an_invite() {
    let server = Teahouse::with(&[INVITE]);
    let admin = Person::register(&server, "admin").await;
    let token = create_invite(&admin, "3").await;
    let people: Vec<_> = (0..12).map(|_| Person::visitor(&server)).collect();
    let forms = people.iter().enumerate().map(|(n, person)| {
        let (name, token) = (format!("person{n}"), token.clone());
        async move { register_by(person, &name, &token).await.status().as_u16() }
    });
    let responses = futures_util::future::join_all(forms).await;
    let members = server.count("users") - 1;
    println!("{members} of 12 registered with an invite for 3");
    assert!(members <= 3, "{responses:?}");
    let found = responses.iter().filter(|status| **status == 303).count() as i64;
    assert_eq!(found, members);
    assert_eq!(server.number("SELECT uses AS value FROM invites"), members);
}

#[tokio::test]
async fn invite_can_be_revoked_expires_and_cannot_be_forged() {
    let server = Teahouse::with(&[INVITE]);
    let admin = Person::register(&server, "admin").await;
    let mei = Person::visitor(&server);
    let token = create_invite(&admin, "5").await;
    assert_eq!(register_by(&mei, "mei", &token).await.status(), 303);
    let mei_token = create_invite(&mei, "5").await;
    let stranger = Person::visitor(&server);
    // Users see their own invites, admins see all; only admins revoke others'.
    assert_eq!(links(&mei.page("/invites").await).len(), 1);
    assert_eq!(links(&admin.page("/invites").await).len(), 2);
    let revoke = [("_method", "delete")];
    assert_eq!(mei.post("/invites/1", &revoke).await.status(), 404);
    let found = redirect(&mei.post("/invites/2", &revoke).await);
    assert_eq!(found, "303 /invites");
    let found = register_by(&stranger, "late", &mei_token).await.status();
    assert_eq!(found, 403);
    for forged in [
        "",
        "1",
        "1-",
        &format!("1-{}", "0".repeat(32)),
        &token.replacen("1-", "2-", 1),
        &token[..20],
    ] {
        let found = register_by(&stranger, "forger", forged).await.status();
        assert_eq!(found, 403, "{forged}");
    }
    server.execute("UPDATE invites SET expires_at = '2020-01-01 00:00:00.000'");
    assert_eq!(register_by(&stranger, "late", &token).await.status(), 403);
    // An invite of a banned user is void.
    let again = create_invite(&mei, "5").await;
    server.execute("UPDATE users SET status = 'banned' WHERE username = 'mei'");
    assert_eq!(register_by(&stranger, "late", &again).await.status(), 403);
    let (status, _) = admin
        .post_json("/invites", &json!({"uses": "0", "days": "400"}))
        .await;
    assert_eq!(status, 422);
    assert_eq!(server.count("users"), 2);
}

#[tokio::test]
async fn only_admins_invite_under_that_policy_and_closed_registration_admits_no_one() {
    let server = Teahouse::with(&[INVITE, ("TEAHOUSE__ACCOUNTS__INVITES", "admins")]);
    let admin = Person::register(&server, "admin").await;
    let mei = Person::visitor(&server);
    let token = create_invite(&admin, "1").await;
    assert_eq!(register_by(&mei, "mei", &token).await.status(), 303);
    assert_eq!(mei.get("/invites").await.status(), 403);
    let form = [("uses", "1"), ("days", "1")];
    assert_eq!(mei.post("/invites", &form).await.status(), 403);
    let closed = server.second_server_with(&[("TEAHOUSE__ACCOUNTS__REGISTRATION", "closed")]);
    let visitor = Person::visitor(&closed);
    assert_eq!(visitor.get("/register").await.status(), 403);
    assert_eq!(visitor.submit_registration("nobody").await.status(), 403);
    assert_eq!(admin.at(&closed).get("/invites").await.status(), 404);
    let open = server.second_server_with(&[("TEAHOUSE__ACCOUNTS__REGISTRATION", "open")]);
    let visitor = Person::visitor(&open);
    assert_eq!(visitor.submit_registration("somebody").await.status(), 303);
}
