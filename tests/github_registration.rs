//! Registration with GitHub: usernames, concurrent sign-ins, invites and the setup code.

use crate::github::{browse, github_user, server, sign_in_with_github, start_oauth, with_github};
use crate::github_accounts::link_github;
use crate::support::{GitHub, Person, random_secret, redirect, text};

#[tokio::test]
async fn taken_or_invalid_github_logins_get_another_username() {
    let (github, server) = with_github();
    Person::register(&server, "Octocat").await;
    for (id, login, name) in [
        (1, "octocat", "octocat-2"),
        (2, "OCTOCAT", "OCTOCAT-3"),
        (3, "x", "github-x"),
        (4, "13800138000", "github-13800138000"),
        (
            5,
            "an-account-name-of-39-characters-length",
            "an-account-name-of-39-characters",
        ),
    ] {
        let person = github_user(&server, &github, id, login).await;
        let (_, me) = person.get_json("/api/auth_user").await;
        assert_eq!(me["username"], name, "{login}");
    }
}

#[tokio::test]
async fn concurrent_first_sign_ins_create_one_account() {
    let (github, server) = with_github();
    let mut flows = Vec::new();
    for _ in 0..12 {
        let visitor = Person::visitor(&server);
        let back = github.authorize(&start_oauth(&visitor, "").await);
        flows.push(async move { browse(&visitor, &back).await.status().as_u16() });
    }
    let responses = futures_util::future::join_all(flows).await;
    assert_eq!(server.count("users"), 1);
    let all_match = responses.iter().all(|status| *status == 303);
    assert!(all_match, "{responses:?}");
}

#[tokio::test]
async fn github_sign_in_does_not_bypass_a_restricted_registration() {
    let github = GitHub::open();
    let closed = server(&github, &[("TEAHOUSE__ACCOUNTS__REGISTRATION", "closed")]);
    let mei = Person::register(&closed, "mei").await;
    let visitor = Person::visitor(&closed);
    let response = sign_in_with_github(&visitor, &github, "").await;
    assert_eq!(response.status(), 403);
    assert!(text(response).await.contains("registration is closed"));
    assert_eq!(link_github(&mei, &github).await.status(), 303);
    let found = redirect(&sign_in_with_github(&visitor, &github, "").await);
    assert_eq!(found, "303 /");
    let invited = server(&github, &[("TEAHOUSE__ACCOUNTS__REGISTRATION", "invite")]);
    let admin = Person::register(&invited, "admin").await;
    let visitor = Person::visitor(&invited);
    let response = sign_in_with_github(&visitor, &github, "").await;
    assert_eq!(response.status(), 403);
    assert!(text(response).await.contains("need an invitation link"));
    admin
        .post("/invites", &[("uses", "1"), ("days", "7")])
        .await;
    let page = admin.page("/invites").await;
    let (_, rest) = page.split_once("register?invite=").expect("a link");
    let (token, _) = rest.split_once('"').expect("its end");
    let page = visitor.page(&format!("/register?invite={token}")).await;
    let path = format!("/api/oauth/github?invite={token}");
    let is_shown = page.replace("&#x2F;", "/").contains(&path);
    assert!(is_shown, "the invite is kept through the flow");
    let response = sign_in_with_github(&visitor, &github, &format!("?invite={token}")).await;
    assert_eq!(redirect(&response), "303 /");
    github.set_user(2, "second");
    let second = Person::visitor(&invited);
    let response = sign_in_with_github(&second, &github, &format!("?invite={token}")).await;
    assert_eq!(response.status(), 403, "it is used up");
}

#[tokio::test]
async fn first_github_user_needs_the_setup_code_in_production() {
    let github = GitHub::open();
    let key = random_secret();
    let origin = "http://chat.example";
    let settings = [
        ("TEAHOUSE_ENV", "production"),
        ("data.secret_key", &key),
        ("PUBLIC_ORIGIN", origin),
    ];
    let server = server(&github, &settings);
    let visitor = Person::visitor(&server);
    let page = visitor.page("/register").await;
    assert!(!page.contains("/api/oauth/github"));
    let there = start_oauth(&visitor, "").await;
    let back = github.authorize(&there).replace(origin, &server.url);
    let response = browse(&visitor, &back).await;
    assert_eq!(response.status(), 403);
    assert!(response.text().await.expect("text").contains("setup code"));
    assert_eq!(server.count("users"), 0);
}
