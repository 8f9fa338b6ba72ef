//! Who may register where not everybody may.

use crate::support::{Person, Teahouse, field_errors, leads_to, person::PASSWORD};
use reqwest::{Response, StatusCode};
use serde_json::json;

const INVITE: (&str, &str) = ("TEAHOUSE__ACCOUNTS__REGISTRATION", "invite");

/// The links of a page, as people copy them.
fn links(page: &str) -> Vec<String> {
    let values = page
        .split("value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let values = values.map(|value| value.replace("&#x2F;", "/").replace("&amp;", "&"));
    values
        .filter(|value| value.contains("/register?invite="))
        .collect()
}

/// Makes a link for so many people, and answers with what it ends with.
async fn invite(maker: &Person, uses: &str) -> String {
    let answer = maker
        .post("/invites", &[("uses", uses), ("days", "7")])
        .await;
    assert_eq!(leads_to(&answer), (303, "/invites"));
    let link = links(&maker.page("/invites").await).remove(0);
    assert!(link.starts_with(&maker.url), "{link}");
    link.split_once("invite=").expect("a token").1.to_owned()
}

async fn come(who: &Person, name: &str, invite: &str) -> Response {
    let form = [
        ("phone", who.phone.as_str()),
        ("username", name),
        ("password", PASSWORD),
        ("invite", invite),
    ];
    who.post("/register", &form).await
}

#[tokio::test]
async fn people_come_by_an_invitation_as_often_as_it_says() {
    let house = Teahouse::with(&[INVITE]);
    // The first one needs none.
    let admin = Person::register(&house, "admin").await;
    let visitor = Person::visitor(&house);
    let answer = visitor.get("/register").await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.text().await.expect("text").contains("invitation"));
    assert_eq!(visitor.submit_registration("nobody").await.status(), 403);
    assert!(!visitor.page("/login").await.contains("/register"));
    let token = invite(&admin, "2").await;
    let page = visitor.page(&format!("/register?invite={token}")).await;
    assert!(page.contains(&token), "it goes along");
    // What is wrong with the rest keeps it.
    let answer = come(&visitor, "x", &token).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.expect("text");
    assert_eq!(field_errors(&page), ["username"]);
    assert!(page.contains(&token));
    assert_eq!(
        leads_to(&come(&visitor, "mei", &token).await),
        (303, "/rooms/1")
    );
    assert_eq!(
        come(&Person::visitor(&house), "ana", &token).await.status(),
        303
    );
    let third = Person::visitor(&house);
    assert_eq!(come(&third, "third", &token).await.status(), 403);
    assert_eq!(
        third
            .get(&format!("/register?invite={token}"))
            .await
            .status(),
        403
    );
    assert!(links(&admin.page("/invites").await).is_empty(), "used up");
}

#[tokio::test]
async fn of_many_who_come_at_once_only_so_many_get_in() {
    let house = Teahouse::with(&[INVITE]);
    let admin = Person::register(&house, "admin").await;
    let token = invite(&admin, "3").await;
    let people: Vec<_> = (0..12).map(|_| Person::visitor(&house)).collect();
    let forms = people.iter().enumerate().map(|(n, person)| {
        let (name, token) = (format!("person{n}"), token.clone());
        async move { come(person, &name, &token).await.status().as_u16() }
    });
    let answers = futures_util::future::join_all(forms).await;
    let members = house.count("users") - 1;
    println!("12 at once by a link for 3: {members} got in");
    assert!(members <= 3, "{answers:?}");
    assert_eq!(
        answers.iter().filter(|status| **status == 303).count() as i64,
        members
    );
    let uses = house.database().number("SELECT uses AS value FROM invites");
    assert_eq!(uses, members);
}

#[tokio::test]
async fn an_invitation_can_be_taken_back_ends_and_cannot_be_forged() {
    let house = Teahouse::with(&[INVITE]);
    let admin = Person::register(&house, "admin").await;
    let mei = Person::visitor(&house);
    let token = invite(&admin, "5").await;
    assert_eq!(come(&mei, "mei", &token).await.status(), 303);
    let theirs = invite(&mei, "5").await;
    let stranger = Person::visitor(&house);
    // Each sees theirs, the admin all; nobody takes back another's.
    assert_eq!(links(&mei.page("/invites").await).len(), 1);
    assert_eq!(links(&admin.page("/invites").await).len(), 2);
    let revoke = [("_method", "delete")];
    assert_eq!(mei.post("/invites/1", &revoke).await.status(), 404);
    assert_eq!(
        leads_to(&mei.post("/invites/2", &revoke).await),
        (303, "/invites")
    );
    assert_eq!(come(&stranger, "late", &theirs).await.status(), 403);
    for forged in [
        "",
        "1",
        "1-",
        &format!("1-{}", "0".repeat(32)),
        &token.replacen("1-", "2-", 1),
        &token[..20],
    ] {
        assert_eq!(
            come(&stranger, "forger", forged).await.status(),
            403,
            "{forged}"
        );
    }
    house
        .database()
        .run("UPDATE invites SET expires_at = '2020-01-01 00:00:00.000'");
    assert_eq!(come(&stranger, "late", &token).await.status(), 403);
    // By somebody who is not welcome any more nobody comes.
    let again = invite(&mei, "5").await;
    house
        .database()
        .run("UPDATE users SET status = 'banned' WHERE username = 'mei'");
    assert_eq!(come(&stranger, "late", &again).await.status(), 403);
    let (status, _) = admin
        .post_json("/invites", &json!({"uses": "0", "days": "400"}))
        .await;
    assert_eq!(status, 422);
    assert_eq!(house.count("users"), 2);
}

#[tokio::test]
async fn where_only_admins_invite_members_do_not_and_where_it_is_closed_nobody_does() {
    let house = Teahouse::with(&[INVITE, ("TEAHOUSE__ACCOUNTS__INVITES", "admins")]);
    let admin = Person::register(&house, "admin").await;
    let mei = Person::visitor(&house);
    let token = invite(&admin, "1").await;
    assert_eq!(come(&mei, "mei", &token).await.status(), 303);
    assert_eq!(mei.get("/invites").await.status(), 403);
    let form = [("uses", "1"), ("days", "1")];
    assert_eq!(mei.post("/invites", &form).await.status(), 403);
    let closed = house.beside_with(&[("TEAHOUSE__ACCOUNTS__REGISTRATION", "closed")]);
    let visitor = Person::visitor(&closed);
    assert_eq!(visitor.get("/register").await.status(), 403);
    assert_eq!(visitor.submit_registration("nobody").await.status(), 403);
    assert_eq!(admin.at(&closed).get("/invites").await.status(), 404);
    let open = house.beside_with(&[("TEAHOUSE__ACCOUNTS__REGISTRATION", "open")]);
    assert_eq!(
        Person::visitor(&open)
            .submit_registration("somebody")
            .await
            .status(),
        303
    );
}
