//! Accounts with GitHub: linking, unlinking, and accounts without a password.

use crate::github::{browse, github_user, sign_in_with_github, start_oauth, with_github};
use crate::support::{
    GitHub, Person, Teahouse, field_errors, person::PASSWORD, redirect, status_and_location, text,
    text_of,
};
use reqwest::{Method, Response};
use serde_json::json;

const SETTINGS: &str = "/settings/account";

/// The fields of a form.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// Submits a form that redirects to GitHub and returns the URL.
async fn submit_to_github(person: &Person, path: &str, form: &[(&str, &str)]) -> String {
    let response = person.post(path, form).await;
    assert_eq!(response.status(), 200, "{path}");
    let refresh = response.headers()["refresh"].to_str().expect("text");
    let url = refresh.strip_prefix("0;url=").expect("a URL").to_owned();
    let page = response.text().await.expect("text");
    assert!(page.contains("id=\"on\""), "the page links to the same URL");
    url
}

/// Links an account with the settings form.
pub async fn link_github(person: &Person, github: &GitHub) -> Response {
    let url = submit_to_github(person, "/settings/github", &[("github_password", PASSWORD)]).await;
    browse(person, &github.authorize(&url)).await
}

async fn confirm(person: &Person, github: &GitHub) -> Response {
    let url = submit_to_github(person, "/settings/github/confirmation", &[]).await;
    browse(person, &github.authorize(&url)).await
}

/// Moves the last confirmation by GitHub ten minutes back.
fn expire_confirmation(server: &Teahouse) {
    server.execute("UPDATE sessions SET github_at = '2020-01-01 00:00:00.000'");
}

async fn assert_field_error(response: Response, status: u16, field: &str, sentence: &str) {
    assert_eq!(response.status(), status);
    let page = response.text().await.expect("text");
    assert_eq!(field_errors(&page), [field]);
    let message = text_of(&page, &format!("{field}-error"));
    assert!(message.contains(sentence), "{message}");
}

#[tokio::test]
async fn github_is_linked_used_to_sign_in_and_unlinked() {
    let (github, server) = with_github();
    let mei = Person::register(&server, "mei").await;
    for (typed, sentence) in [
        ("", "Enter your password"),
        ("wrong password", "Wrong password"),
    ] {
        let response = mei
            .post("/settings/github", &[("github_password", typed)])
            .await;
        assert_field_error(response, 422, "github_password", sentence).await;
    }
    let response = link_github(&mei, &github).await;
    let found = redirect(&response);
    assert_eq!(found, "303 /settings/account?saved=github#github");
    let page = mei.page(SETTINGS).await;
    assert!(text_of(&page, "github-now").contains("octocat"));
    let other = Person::visitor(&server);
    let found = redirect(&sign_in_with_github(&other, &github, "").await);
    assert_eq!(found, "303 /");
    assert_eq!(other.get_json("/api/auth_user").await.1["username"], "mei");
    let (_, data) = other.get_json("/settings/export").await;
    assert_eq!(data["profile"]["githubLogin"], "octocat");
    // Two login methods: the password, and GitHub. Unlinking requires the password.
    let leave = |typed| [("_method", "delete"), ("github_password", typed)];
    let response = other
        .post("/settings/github", &leave("wrong password"))
        .await;
    assert_field_error(response, 422, "github_password", "Wrong password").await;
    let response = other.post("/settings/github", &leave(PASSWORD)).await;
    assert_eq!(status_and_location(&response).0, 303);
    let events = mei.page("/settings/security").await;
    for kind in ["github-joined", "signed-in-github", "github-left"] {
        assert!(events.contains(&format!("data-kind=\"{kind}\"")), "{kind}");
    }
    // The GitHub account now belongs to no user and would register a new one.
    let third = github_user(&server, &github, 583_231, "octocat").await;
    let found = third.get_json("/api/auth_user").await.1["username"].clone();
    assert_eq!(found, "octocat");
    // It cannot be linked to another user.
    let response = link_github(&mei, &github).await;
    assert_field_error(response, 403, "github", "connected to another account here").await;
}

#[tokio::test]
async fn linking_completes_only_in_the_session_that_started_it() {
    let (github, server) = with_github();
    let [mei, ana] = Person::register_each(&server, ["mei", "ana"]).await;
    let form = [("github_password", PASSWORD)];
    // Signed out meanwhile, or signed in as another user: nothing is linked.
    let back = github.authorize(&submit_to_github(&mei, "/settings/github", &form).await);
    mei.sign_out().await;
    assert_eq!(browse(&mei, &back).await.status(), 403);
    assert_eq!(mei.sign_in().await.status(), 303);
    let back = github.authorize(&submit_to_github(&mei, "/settings/github", &form).await);
    let cookies = mei.cookies();
    let cookies = cookies
        .split("; ")
        .find(|cookie| cookie.starts_with("teahouse-github"));
    ana.set_cookie(cookies.expect("the cookie"));
    assert_eq!(browse(&ana, &back).await.status(), 403);
    assert!(github.requests().is_empty());
    // The state of a sign-in flow links nothing.
    let back = github.authorize(&start_oauth(&mei, "").await);
    assert_eq!(redirect(&browse(&mei, &back).await), "303 /");
    let found = server.count("users WHERE github_id IS NOT NULL");
    assert_eq!(found, 1, "a new person");
    // Neither another site's form nor a GET request can start it.
    let forged = mei.request(Method::POST, "/settings/github");
    let forged = forged.header("sec-fetch-site", "cross-site").form(&form);
    assert_eq!(forged.send().await.expect("a response").status(), 403);
    assert_eq!(mei.get("/settings/github").await.status(), 405);
    let visitor = Person::visitor(&server);
    assert_eq!(visitor.post("/settings/github", &form).await.status(), 401);
}

#[tokio::test]
async fn github_account_links_to_one_user_and_a_user_to_one_github_account() {
    let (github, server) = with_github();
    let [mei, ana] = Person::register_each(&server, ["mei", "ana"]).await;
    assert_eq!(link_github(&mei, &github).await.status(), 303);
    let refused = link_github(&ana, &github).await;
    assert_field_error(refused, 403, "github", "connected to another account here").await;
    github.set_user(7, "other");
    let refused = link_github(&mei, &github).await;
    assert_field_error(refused, 403, "github", "different GitHub account").await;
    let url = submit_to_github(&ana, "/settings/github", &[("github_password", PASSWORD)]).await;
    let refused = browse(&ana, &github.deny(&url)).await;
    assert_field_error(refused, 403, "github", "didn’t give GitHub permission").await;
    // An API client gets the URL and errors as JSON.
    let body = json!({"github_password": PASSWORD});
    let (status, response) = ana.post_json("/settings/github", &body).await;
    assert_eq!(status, 200);
    let back = github.authorize(response["location"].as_str().expect("a URL"));
    assert_eq!(browse(&ana, &back).await.status(), 303);
    let (status, response) = ana.post_json("/settings/github", &json!({})).await;
    assert_eq!(status, 422);
    let is_expected = response["errors"]["github_password"].is_string();
    assert!(is_expected, "{response}");
}

#[tokio::test]
async fn user_without_password_confirms_by_github_and_unlinks_after_setting_one() {
    let (github, server) = with_github();
    Person::register(&server, "admin").await;
    let mut octocat = github_user(&server, &github, 583_231, "octocat").await;
    let leave = [("_method", "delete")];
    let response = octocat.post("/settings/github", &leave).await;
    assert_field_error(response, 422, "github", "no longer be able to sign in").await;
    // The confirmation has expired.
    expire_confirmation(&server);
    let (phone, password) = (octocat.phone.clone(), [("password", PASSWORD)]);
    let phone = [("phone", phone.as_str())];
    let deletion = [("_method", "delete"), ("confirm", "octocat")];
    let forms: [(&str, Fields, &str); 3] = [
        ("/settings/phone", &phone, "phone_password"),
        ("/settings/password", &password, "old_password"),
        ("/settings/account", &deletion, "delete_password"),
    ];
    for (path, form, field) in forms {
        let response = octocat.post(path, form).await;
        assert_field_error(response, 422, field, "confirm with GitHub").await;
    }
    // A confirmation by another GitHub account does not count, nor does an API token of this session.
    github.set_user(7, "other");
    let refused = confirm(&octocat, &github).await;
    assert_field_error(refused, 403, "github", "not the GitHub account").await;
    github.set_user(583_231, "octocat");
    let response = confirm(&octocat, &github).await;
    let found = redirect(&response);
    assert_eq!(found, "303 /settings/account?saved=confirmed#github");
    let (_, token) = octocat.post_json("/api/refresh_token", &json!({})).await;
    let by_token = octocat.request(Method::POST, "/settings/password");
    let by_token = by_token.bearer_auth(token["token"].as_str().expect("a token"));
    let response = by_token.form(&password).send().await.expect("a response");
    assert_eq!(response.status(), 422);
    let response = octocat.post("/settings/phone", &phone).await;
    assert_eq!(status_and_location(&response).0, 303);
    let response = octocat.post("/settings/github", &leave).await;
    assert_field_error(response, 422, "github", "no longer be able to sign in").await;
    let response = octocat.post("/settings/password", &password).await;
    assert_eq!(status_and_location(&response).0, 303);
    // From now on the password is required.
    let response = octocat.post("/settings/github", &leave).await;
    assert_field_error(response, 422, "github_password", "Enter your password").await;
    let form = [leave[0], ("github_password", PASSWORD)];
    let found = status_and_location(&octocat.post("/settings/github", &form).await).0;
    assert_eq!(found, 303);
    octocat = octocat.on_another_device(&server).await;
    let found = octocat.get_json("/api/auth_user").await.1["username"].clone();
    assert_eq!(found, "octocat");
}

#[tokio::test]
async fn user_without_password_can_delete_the_account() {
    let (github, server) = with_github();
    Person::register(&server, "admin").await;
    let octocat = github_user(&server, &github, 583_231, "octocat").await;
    let deletion = [("_method", "delete"), ("confirm", "octocat")];
    let found = redirect(&octocat.post(SETTINGS, &deletion).await);
    assert_eq!(found, "303 /farewell");
    let found = server.count("users WHERE github_id IS NOT NULL OR github_login IS NOT NULL");
    assert_eq!(found, 0);
    // The same GitHub account may register again as a new user.
    github_user(&server, &github, 583_231, "octocat").await;
}

#[tokio::test]
async fn banned_and_deleted_users_cannot_sign_in_with_github() {
    let (github, server) = with_github();
    Person::register(&server, "admin").await;
    github_user(&server, &github, 583_231, "octocat").await;
    for verb in ["ban", "deactivate"] {
        server.command(&["user", verb, "octocat"]).expect_success();
        let visitor = Person::visitor(&server);
        let response = sign_in_with_github(&visitor, &github, "").await;
        assert_eq!(response.status(), 403, "{verb}");
        assert!(text(response).await.contains("sign in here"));
        let response = sign_in_with_github(&visitor, &github, "?client=api").await;
        assert_eq!(redirect(&response), "307 /callback?error=forbidden");
        assert!(visitor.cookie().is_empty());
    }
}
