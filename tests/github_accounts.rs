//! Accounts that GitHub opens: who gets one, joining and leaving, and living without a password.

use crate::github::{browse, come, house, newcomer, set_out};
use crate::support::{
    GitHub, Person, Teahouse, a_secret, field_errors, leads_to, person::PASSWORD, text_of,
};
use reqwest::{Method, Response};
use serde_json::json;

const SETTINGS: &str = "/settings/account";

/// What a form sends.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// Sends the form that leads to GitHub; answers where that is.
async fn sent(who: &Person, path: &str, form: &[(&str, &str)]) -> String {
    let answer = who.post(path, form).await;
    assert_eq!(answer.status(), 200, "{path}");
    let refresh = answer.headers()["refresh"].to_str().expect("text");
    let there = refresh
        .strip_prefix("0;url=")
        .expect("an address")
        .to_owned();
    let page = answer.text().await.expect("text");
    assert!(page.contains("id=\"on\""), "a way without the header too");
    there
}

/// Joins an account, by the form and back.
async fn join(who: &Person, github: &GitHub) -> Response {
    let form = [("github_password", PASSWORD)];
    let there = sent(who, "/settings/github", &form).await;
    browse(who, &github.agree(&there)).await
}

async fn confirm(who: &Person, github: &GitHub) -> Response {
    let there = sent(who, "/settings/github/confirmation", &[]).await;
    browse(who, &github.agree(&there)).await
}

/// Ten minutes pass since GitHub said who they are.
fn time_passes(house: &Teahouse) {
    house
        .database()
        .run("UPDATE sessions SET github_at = '2020-01-01 00:00:00.000'");
}

/// Which field has a sentence, and which.
async fn told(answer: Response, status: u16, field: &str, sentence: &str) {
    assert_eq!(answer.status(), status);
    let page = answer.text().await.expect("text");
    assert_eq!(field_errors(&page), [field]);
    let said = text_of(&page, &format!("{field}-error"));
    assert!(said.contains(sentence), "{said}");
}

#[tokio::test]
async fn somebody_joins_their_account_comes_in_by_it_and_leaves_it_again() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let mei = Person::register(&house, "mei").await;
    for (typed, sentence) in [
        ("", "Enter your password"),
        ("wrong password", "Wrong password"),
    ] {
        let answer = mei
            .post("/settings/github", &[("github_password", typed)])
            .await;
        told(answer, 422, "github_password", sentence).await;
    }
    let answer = join(&mei, &github).await;
    assert_eq!(
        leads_to(&answer),
        (303, "/settings/account?saved=github#github")
    );
    let page = mei.page(SETTINGS).await;
    assert!(text_of(&page, "github-now").contains("octocat"));
    let other = Person::visitor(&house);
    assert_eq!(leads_to(&come(&other, &github, "").await), (303, "/"));
    assert_eq!(other.get_json("/api/auth_user").await.1["username"], "mei");
    let (_, data) = other.get_json("/settings/export").await;
    assert_eq!(data["profile"]["githubLogin"], "octocat");
    // Both know a way in: the password, and leaving needs it.
    let leave = |typed| [("_method", "delete"), ("github_password", typed)];
    let answer = other
        .post("/settings/github", &leave("wrong password"))
        .await;
    told(answer, 422, "github_password", "Wrong password").await;
    let answer = other.post("/settings/github", &leave(PASSWORD)).await;
    assert_eq!(leads_to(&answer).0, 303);
    let events = mei.page("/settings/security").await;
    for kind in ["github-joined", "signed-in-github", "github-left"] {
        assert!(events.contains(&format!("data-kind=\"{kind}\"")), "{kind}");
    }
    // From now on that account is somebody else.
    let third = newcomer(&house, &github, 583_231, "octocat").await;
    assert_eq!(
        third.get_json("/api/auth_user").await.1["username"],
        "octocat"
    );
    // And cannot be joined by another.
    let answer = join(&mei, &github).await;
    told(answer, 403, "github", "connected to another account here").await;
}

#[tokio::test]
async fn joining_ends_in_the_session_in_which_it_began_or_not_at_all() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let [mei, ana] = Person::register_each(&house, ["mei", "ana"]).await;
    let joined = "SELECT COUNT(*) AS value FROM users WHERE github_id IS NOT NULL";
    let form = [("github_password", PASSWORD)];
    // Signed out meanwhile, or somebody else: nothing is joined to them.
    let back = github.agree(&sent(&mei, "/settings/github", &form).await);
    mei.sign_out().await;
    assert_eq!(browse(&mei, &back).await.status(), 403);
    assert_eq!(mei.sign_in().await.status(), 303);
    let back = github.agree(&sent(&mei, "/settings/github", &form).await);
    let visit = mei.cookies();
    let visit = visit
        .split("; ")
        .find(|cookie| cookie.starts_with("teahouse-github"));
    ana.set_cookie(visit.expect("the cookie"));
    assert_eq!(browse(&ana, &back).await.status(), 403);
    assert!(github.asked().is_empty());
    // A visit to sign in joins nothing.
    let back = github.agree(&set_out(&mei, "").await);
    assert_eq!(leads_to(&browse(&mei, &back).await), (303, "/"));
    assert_eq!(house.database().number(joined), 1, "a new person");
    // No other site's page can begin it, and no address.
    let forged = mei.request(Method::POST, "/settings/github");
    let forged = forged.header("sec-fetch-site", "cross-site").form(&form);
    assert_eq!(forged.send().await.expect("an answer").status(), 403);
    assert_eq!(mei.get("/settings/github").await.status(), 405);
    assert_eq!(
        Person::visitor(&house)
            .post("/settings/github", &form)
            .await
            .status(),
        401
    );
}

#[tokio::test]
async fn an_account_joins_one_person_and_a_person_one_account() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let [mei, ana] = Person::register_each(&house, ["mei", "ana"]).await;
    assert_eq!(join(&mei, &github).await.status(), 303);
    told(
        join(&ana, &github).await,
        403,
        "github",
        "connected to another account here",
    )
    .await;
    github.sees(7, "other");
    told(
        join(&mei, &github).await,
        403,
        "github",
        "different GitHub account",
    )
    .await;
    let there = sent(&ana, "/settings/github", &[("github_password", PASSWORD)]).await;
    told(
        browse(&ana, &github.refuse(&there)).await,
        403,
        "github",
        "didn’t give GitHub permission",
    )
    .await;
    // A program is told where to go, and what went wrong.
    let body = json!({"github_password": PASSWORD});
    let (status, answer) = ana.post_json("/settings/github", &body).await;
    assert_eq!(status, 200);
    let back = github.agree(answer["location"].as_str().expect("an address"));
    assert_eq!(browse(&ana, &back).await.status(), 303);
    let (status, answer) = ana.post_json("/settings/github", &json!({})).await;
    assert_eq!(status, 422);
    assert!(answer["errors"]["github_password"].is_string(), "{answer}");
}

#[tokio::test]
async fn somebody_without_a_password_confirms_by_github_and_leaves_when_there_is_another_way() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    Person::register(&house, "admin").await;
    let mut octocat = newcomer(&house, &github, 583_231, "octocat").await;
    let leave = [("_method", "delete")];
    let answer = octocat.post("/settings/github", &leave).await;
    told(answer, 422, "github", "no longer be able to sign in").await;
    // Coming in was a while ago.
    time_passes(&house);
    let (phone, password) = (octocat.phone.clone(), [("password", PASSWORD)]);
    let phone = [("phone", phone.as_str())];
    let going = [("_method", "delete"), ("confirm", "octocat")];
    let forms: [(&str, Fields, &str); 3] = [
        ("/settings/phone", &phone, "phone_password"),
        ("/settings/password", &password, "old_password"),
        ("/settings/account", &going, "delete_password"),
    ];
    for (path, form, field) in forms {
        let answer = octocat.post(path, form).await;
        told(answer, 422, field, "confirm with GitHub").await;
    }
    // Another's word does not count, and neither does a token that was made of this session.
    github.sees(7, "other");
    told(
        confirm(&octocat, &github).await,
        403,
        "github",
        "not the GitHub account",
    )
    .await;
    github.sees(583_231, "octocat");
    let answer = confirm(&octocat, &github).await;
    assert_eq!(
        leads_to(&answer),
        (303, "/settings/account?saved=confirmed#github")
    );
    let (_, token) = octocat.post_json("/api/refresh_token", &json!({})).await;
    let by_token = octocat.request(Method::POST, "/settings/password");
    let by_token = by_token.bearer_auth(token["token"].as_str().expect("a token"));
    let answer = by_token.form(&password).send().await.expect("an answer");
    assert_eq!(answer.status(), 422);
    let answer = octocat.post("/settings/phone", &phone).await;
    assert_eq!(leads_to(&answer).0, 303);
    let answer = octocat.post("/settings/github", &leave).await;
    told(answer, 422, "github", "no longer be able to sign in").await;
    let answer = octocat.post("/settings/password", &password).await;
    assert_eq!(leads_to(&answer).0, 303);
    // From now on it is the password that counts.
    let answer = octocat.post("/settings/github", &leave).await;
    told(answer, 422, "github_password", "Enter your password").await;
    let form = [leave[0], ("github_password", PASSWORD)];
    assert_eq!(
        leads_to(&octocat.post("/settings/github", &form).await).0,
        303
    );
    octocat = octocat.on_another_device(&house).await;
    assert_eq!(
        octocat.get_json("/api/auth_user").await.1["username"],
        "octocat"
    );
}

#[tokio::test]
async fn somebody_without_a_password_can_delete_their_account() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    Person::register(&house, "admin").await;
    let octocat = newcomer(&house, &github, 583_231, "octocat").await;
    let going = [("_method", "delete"), ("confirm", "octocat")];
    assert_eq!(
        leads_to(&octocat.post(SETTINGS, &going).await),
        (303, "/farewell")
    );
    let left = "SELECT COUNT(*) AS value FROM users WHERE github_id IS NOT NULL OR github_login IS NOT NULL";
    assert_eq!(house.database().number(left), 0);
    // They may come again, as somebody new.
    newcomer(&house, &github, 583_231, "octocat").await;
}

#[tokio::test]
async fn who_is_banned_or_has_left_is_not_let_in() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    Person::register(&house, "admin").await;
    newcomer(&house, &github, 583_231, "octocat").await;
    for verb in ["ban", "deactivate"] {
        let done = house.command(&["user", verb, "octocat"]);
        assert!(done.status.success(), "{done:?}");
        let visitor = Person::visitor(&house);
        let answer = come(&visitor, &github, "").await;
        assert_eq!(answer.status(), 403, "{verb}");
        assert!(answer.text().await.expect("text").contains("sign in here"));
        let answer = come(&visitor, &github, "?client=api").await;
        assert_eq!(leads_to(&answer), (307, "/callback?error=forbidden"));
        assert!(visitor.cookie().is_empty());
    }
}

#[tokio::test]
async fn names_that_are_taken_or_impossible_here_become_others() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    Person::register(&house, "Octocat").await;
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
        let person = newcomer(&house, &github, id, login).await;
        let (_, me) = person.get_json("/api/auth_user").await;
        assert_eq!(me["username"], name, "{login}");
    }
}

#[tokio::test]
async fn of_one_account_that_comes_many_times_at_once_one_person_is_made() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let mut ways = Vec::new();
    for _ in 0..12 {
        let visitor = Person::visitor(&house);
        let back = github.agree(&set_out(&visitor, "").await);
        ways.push(async move { browse(&visitor, &back).await.status().as_u16() });
    }
    let answers = futures_util::future::join_all(ways).await;
    let people = "SELECT COUNT(*) AS value FROM users";
    println!("12 at once: {answers:?}");
    assert_eq!(house.database().number(people), 1);
    assert!(answers.iter().all(|status| *status == 303), "{answers:?}");
}

#[tokio::test]
async fn where_not_everybody_may_register_github_opens_no_other_door() {
    let github = GitHub::open();
    let closed = house(&github, &[("TEAHOUSE__ACCOUNTS__REGISTRATION", "closed")]);
    let mei = Person::register(&closed, "mei").await;
    let visitor = Person::visitor(&closed);
    let answer = come(&visitor, &github, "").await;
    assert_eq!(answer.status(), 403);
    assert!(
        answer
            .text()
            .await
            .expect("text")
            .contains("registration is closed")
    );
    assert_eq!(join(&mei, &github).await.status(), 303);
    assert_eq!(leads_to(&come(&visitor, &github, "").await), (303, "/"));
    let invited = house(&github, &[("TEAHOUSE__ACCOUNTS__REGISTRATION", "invite")]);
    let admin = Person::register(&invited, "admin").await;
    let visitor = Person::visitor(&invited);
    let answer = come(&visitor, &github, "").await;
    assert_eq!(answer.status(), 403);
    assert!(
        answer
            .text()
            .await
            .expect("text")
            .contains("need an invitation link")
    );
    admin
        .post("/invites", &[("uses", "1"), ("days", "7")])
        .await;
    let page = admin.page("/invites").await;
    let (_, rest) = page.split_once("register?invite=").expect("a link");
    let (token, _) = rest.split_once('"').expect("its end");
    let page = visitor.page(&format!("/register?invite={token}")).await;
    let way = format!("/api/oauth/github?invite={token}");
    assert!(page.replace("&#x2F;", "/").contains(&way), "it goes along");
    let answer = come(&visitor, &github, &format!("?invite={token}")).await;
    assert_eq!(leads_to(&answer), (303, "/"));
    github.sees(2, "second");
    let second = Person::visitor(&invited);
    let answer = come(&second, &github, &format!("?invite={token}")).await;
    assert_eq!(answer.status(), 403, "it was good once");
}

#[tokio::test]
async fn the_first_person_of_all_needs_the_setup_code_where_there_is_one() {
    let github = GitHub::open();
    let key = a_secret();
    let house = house(
        &github,
        &[
            ("TEAHOUSE_ENV", "production"),
            ("TEAHOUSE__DATA__SECRET_KEY", &key),
            ("PUBLIC_ORIGIN", "http://chat.example"),
        ],
    );
    let visitor = Person::visitor(&house);
    assert!(
        !visitor
            .page("/register")
            .await
            .contains("/api/oauth/github")
    );
    let there = set_out(&visitor, "").await;
    let back = github
        .agree(&there)
        .replace("http://chat.example", &house.url);
    let answer = browse(&visitor, &back).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.expect("text").contains("setup code"));
    let people = "SELECT COUNT(*) AS value FROM users";
    assert_eq!(house.database().number(people), 0);
}
