//! Coming in by GitHub, told from outside: the visit there and back, and everything that can go wrong on the way.

use crate::support::github::Mood;
use crate::support::{GitHub, Person, Teahouse, leads_to, text_of};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, Response};
use sha2::Sha256;
use std::time::{Duration, Instant};

/// A house where people may come in by this GitHub.
pub fn house(github: &GitHub, settings: &[(&str, &str)]) -> Teahouse {
    let theirs = github.settings();
    let theirs = theirs.iter().map(|(key, value)| (&**key, &**value));
    let all: Vec<_> = theirs.chain(settings.iter().copied()).collect();
    Teahouse::with(&all)
}

/// Asks as browsers do.
pub async fn browse(who: &Person, address: &str) -> Response {
    let path = address.strip_prefix(&who.url).unwrap_or(address);
    let request = who.request(Method::GET, path);
    let request = request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    request.send().await.expect("an answer")
}

/// Sets out for GitHub; answers where that is.
pub async fn set_out(who: &Person, query: &str) -> String {
    let answer = browse(who, &format!("/api/oauth/github{query}")).await;
    let (status, there) = leads_to(&answer);
    assert_eq!(status, 303);
    there.to_owned()
}

/// There and back.
pub async fn come(who: &Person, github: &GitHub, query: &str) -> Response {
    let there = set_out(who, query).await;
    browse(who, &github.agree(&there)).await
}

/// Somebody who came in by GitHub.
pub async fn newcomer(house: &Teahouse, github: &GitHub, id: i64, login: &str) -> Person {
    let mut person = Person::visitor(house);
    person.name = login.to_owned();
    github.sees(id, login);
    let answer = come(&person, github, "").await;
    assert_eq!(leads_to(&answer), (303, "/"));
    person
}

fn people(house: &Teahouse) -> i64 {
    house.count("users")
}

async fn refused(answer: Response, status: u16, sentence: &str) {
    assert_eq!(answer.status(), status);
    let page = answer.text().await.expect("text");
    let told = text_of(&page, "form-error");
    assert!(told.contains(sentence), "{told}");
    assert!(page.contains("id=\"login\""), "the way in is there again");
}

#[tokio::test]
async fn somebody_comes_in_by_github_and_is_known_when_they_come_again() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    Person::register(&house, "admin").await;
    let page = Person::visitor(&house).page("/login?next=/rooms/1").await;
    assert!(page.contains("/api/oauth/github?next="), "a way there");
    let octocat = newcomer(&house, &github, 583_231, "octocat").await;
    octocat.say("hello").await;
    let row = "SELECT github_id AS value FROM users WHERE username = 'octocat' AND phone IS NULL AND password_hash IS NULL";
    assert_eq!(house.database().number(row), 583_231);
    let page = octocat.page("/settings/security").await;
    assert!(page.contains("data-kind=\"signed-in-github\""));
    assert!(page.contains("data-kind=\"registered\""));
    octocat.sign_out().await;
    // Called another way there meanwhile: it is the number that counts.
    github.sees(583_231, "octodog");
    let other = Person::visitor(&house);
    let answer = come(&other, &github, "?next=/rooms/1%3Fat%3D1").await;
    assert_eq!(leads_to(&answer), (303, "/rooms/1?at=1"));
    assert_eq!(people(&house), 2);
    let page = other.page("/settings/account").await;
    assert!(page.contains("octodog"));
    // Nobody is led elsewhere.
    let answer = come(&other, &github, "?next=//evil.example").await;
    assert_eq!(leads_to(&answer), (303, "/"));
}

#[tokio::test]
async fn a_program_ends_at_the_clients_callback_with_a_token() {
    let github = GitHub::open();
    let callback = "https://app.example/back?from=teahouse";
    let house = house(&github, &[("TEAHOUSE__GITHUB__CLIENT_CALLBACK", callback)]);
    let program = Person::visitor(&house);
    let answer = come(&program, &github, "?client=api").await;
    let (status, there) = leads_to(&answer);
    assert_eq!(status, 307);
    let there: url::Url = there.parse().expect("a URL");
    assert!(there.as_str().starts_with(callback));
    let fields: Vec<_> = there.query_pairs().into_owned().collect();
    assert_eq!((&*fields[1].0, &*fields[2].0), ("token", "expires_at"));
    let token = &fields[1].1;
    let asked = Person::visitor(&house).request(Method::GET, "/api/auth_user");
    let answer = asked.bearer_auth(token).send().await.expect("an answer");
    let me: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(
        (&me["username"], me["phone"].is_null()),
        (&"octocat".into(), true)
    );
    assert!(program.cookie().is_empty(), "the browser is not signed in");
    assert!(!house.log().join("\n").contains(token.as_str()));
    let there = set_out(&program, "?client=api").await;
    let answer = browse(&program, &github.refuse(&there)).await;
    let there = format!("{callback}&error=forbidden");
    assert_eq!(leads_to(&answer), (307, &*there));
    github.is(Mood::Broken);
    let answer = come(&program, &github, "?client=api").await;
    let there = format!("{callback}&error=unavailable");
    assert_eq!(leads_to(&answer), (307, &*there));
}

#[tokio::test]
async fn without_settings_there_is_no_way() {
    let house = Teahouse::start();
    let visitor = Person::visitor(&house);
    for path in [
        "/api/oauth/github",
        "/api/oauth/github/callback?state=x&code=y",
    ] {
        assert_eq!(visitor.get(path).await.status(), 404, "{path}");
    }
    assert!(!visitor.page("/login").await.contains("GitHub"));
    let me = Person::register(&house, "me").await;
    assert!(!me.page("/settings/account").await.contains("GitHub"));
    assert_eq!(me.post("/settings/github", &[]).await.status(), 404);
}

#[tokio::test]
async fn whoever_says_no_at_github_is_nobody_and_may_try_again() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let visitor = Person::visitor(&house);
    let there = set_out(&visitor, "?next=/rooms/1").await;
    let answer = browse(&visitor, &github.refuse(&there)).await;
    refused(answer, 403, "didn’t give GitHub permission").await;
    assert!(github.asked().is_empty());
    assert_eq!(people(&house), 0);
    assert_eq!(leads_to(&come(&visitor, &github, "").await), (303, "/"));
}

#[tokio::test]
async fn only_the_browser_that_set_out_comes_back_and_only_once() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let (ming, mallory) = (Person::visitor(&house), Person::visitor(&house));
    let stale = async |answer: Response, why: &str| {
        assert_eq!(answer.status(), 400, "{why}");
        let page = answer.text().await.expect("text");
        assert!(page.contains("Start again"), "{why}: {page}");
    };
    // What the other one got at GitHub is pushed under somebody's door, who was on the way or not.
    let theirs = github.agree(&set_out(&mallory, "").await);
    stale(browse(&ming, &theirs).await, "without a visit").await;
    let mine = github.agree(&set_out(&ming, "").await);
    stale(browse(&ming, &theirs).await, "another's").await;
    let (before, state) = mine.split_once("state=").expect("a state");
    let (until, signature) = state.split_once('.').expect("two parts");
    let later: i64 = until.parse::<i64>().expect("a time") + 1;
    for forged in [
        format!("{before}state="),
        format!("{before}state=x.y"),
        format!("{before}state={later}.{signature}"),
        format!("{before}state={until}.{}", "0".repeat(64)),
        before.trim_end_matches("&state=").to_owned(),
    ] {
        stale(browse(&ming, &forged).await, &forged).await;
    }
    assert!(github.asked().is_empty(), "none of it came to GitHub");
    let cookies = ming.cookies();
    assert_eq!(leads_to(&browse(&ming, &mine).await), (303, "/"));
    // Once more, also with the cookie that went away.
    stale(browse(&ming, &mine).await, "again").await;
    let visit = cookies
        .split("; ")
        .find(|cookie| cookie.starts_with("teahouse-github"));
    ming.set_cookie(visit.expect("the cookie"));
    stale(browse(&ming, &mine).await, "again with the cookie").await;
    assert_eq!(people(&house), 1);
    assert!(mallory.cookie().is_empty());
}

#[tokio::test]
async fn a_visit_is_over_after_ten_minutes() {
    let github = GitHub::open();
    let secret = "a secret of the installation ".repeat(3);
    let house = house(&github, &[("TEAHOUSE__DATA__SECRET_KEY", &secret)]);
    let key = actix_web::cookie::Key::derive_from(secret.as_bytes());
    let ming = Person::visitor(&house);
    // What a visit says that ends then.
    let state = |until: i64| {
        let cookies = ming.cookies();
        let (_, rest) = cookies.split_once("teahouse-github=").expect("the cookie");
        let kept = rest.split(';').next().expect("its value");
        let mut mac = Hmac::<Sha256>::new_from_slice(key.signing()).expect("a key");
        mac.update(format!("github visit\0{until} {kept}").as_bytes());
        let bytes = mac.finalize().into_bytes();
        let signature: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{until}.{signature}")
    };
    let back = github.agree(&set_out(&ming, "").await);
    let (before, real) = back.split_once("state=").expect("a state");
    let (until, _) = real.split_once('.').expect("two parts");
    let until: i64 = until.parse().expect("a time");
    assert_eq!(state(until), real, "as the program signs");
    let now = chrono::Utc::now().timestamp();
    assert!((595..=600).contains(&(until - now)), "{}", until - now);
    let late = browse(&ming, &format!("{before}state={}", state(now - 1))).await;
    assert_eq!(late.status(), 400);
    assert!(github.asked().is_empty());
    let early = browse(&ming, &format!("{before}state={}", state(now + 30))).await;
    assert_eq!(leads_to(&early), (303, "/"));
}

#[tokio::test]
async fn the_visits_cookie_is_short_lived_and_no_scripts_business() {
    let github = GitHub::open();
    let house = house(&github, &[("PUBLIC_ORIGIN", "https://chat.example")]);
    let answer = browse(&Person::visitor(&house), "/api/oauth/github").await;
    let cookie = answer.headers()["set-cookie"].to_str().expect("text");
    assert!(cookie.starts_with("__Host-teahouse-github="), "{cookie}");
    for part in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=600",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let there: url::Url = leads_to(&answer).1.parse().expect("a URL");
    let fields: std::collections::HashMap<_, _> = there.query_pairs().into_owned().collect();
    let back = "https://chat.example/api/oauth/github/callback";
    assert_eq!(fields["redirect_uri"], back);
    assert!(!there.as_str().contains(crate::support::github::CLIENT.1));
}

#[tokio::test]
async fn a_code_that_github_takes_no_more_lets_nobody_in() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let visitor = Person::visitor(&house);
    let back = github.agree(&set_out(&visitor, "").await);
    github.forget_codes();
    let answer = browse(&visitor, &back).await;
    refused(answer, 400, "Start again").await;
    // Used before, by the same browser on another visit.
    let back = github.agree(&set_out(&visitor, "").await);
    assert_eq!(browse(&visitor, &back).await.status(), 303);
    visitor.sign_out().await;
    let there = github.agree(&set_out(&visitor, "").await);
    let (_, state) = there.split_once("state=").expect("a state");
    let (code, _) = back.split_once("state=").expect("a code");
    let answer = browse(&visitor, &format!("{code}state={state}")).await;
    refused(answer, 400, "Start again").await;
    let answer = {
        let back = github.refuse(&set_out(&visitor, "").await);
        let back = back.replace("access_denied", "application_suspended");
        browse(&visitor, &back).await
    };
    refused(answer, 400, "Start again").await;
    assert!(visitor.cookie().is_empty() || visitor.get("/").await.status() == 303);
}

#[tokio::test]
async fn while_github_fails_people_are_told_soon_and_others_notice_nothing() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let visitor = Person::visitor(&house);
    let mut times = Vec::new();
    for mood in [
        Mood::Broken,
        Mood::Garbage,
        Mood::Hanging,
        Mood::HangingLater,
        Mood::Forgetful,
        Mood::Strict,
    ] {
        github.is(mood);
        let start = Instant::now();
        let answer = come(&visitor, &github, "").await;
        assert!(answer.headers().contains_key("cache-control"));
        refused(answer, 503, "GitHub isn’t responding").await;
        times.push(format!("{mood:?} {} ms", start.elapsed().as_millis()));
        assert!(start.elapsed() < Duration::from_secs(3), "{mood:?}");
    }
    // Many hang at once: no worker waits with them, and those who are too many are told at once.
    github.is(Mood::Hanging);
    let visitors: Vec<_> = (0..40).map(|_| Person::visitor(&house)).collect();
    let visits = visitors.iter().map(|visitor| come(visitor, &github, ""));
    let all = futures_util::future::join_all(visits);
    let other = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let start = Instant::now();
        assert_eq!(Person::visitor(&house).get("/login").await.status(), 200);
        start.elapsed()
    };
    let (answers, elsewhere) = tokio::join!(all, other);
    assert!(answers.iter().all(|answer| answer.status() == 503));
    assert!(elsewhere < Duration::from_millis(700), "{elsewhere:?}");
    println!(
        "{}; 40 hang, another's page {elsewhere:?}",
        times.join(", ")
    );
    // As a program: JSON.
    github.is(Mood::Broken);
    let there = set_out(&visitor, "").await;
    let back = github.agree(&there);
    let path = back.strip_prefix(&house.url).expect("here");
    let (status, told) = visitor.get_json(path).await;
    assert_eq!(
        (status.as_u16(), &told["code"]),
        (503, &"unavailable".into())
    );
    github.is(Mood::Well);
    assert_eq!(leads_to(&come(&visitor, &github, "").await), (303, "/"));
    let log = house.log().join("\n");
    for secret in [
        crate::support::github::CLIENT.1,
        "gho_token",
        "code=",
        "state=",
    ] {
        assert!(!log.contains(secret), "{secret}");
    }
    assert!(
        log.contains("incorrect_client_credentials"),
        "for the admin"
    );
}

#[tokio::test]
async fn nothing_listens_where_github_should_be() {
    let github = GitHub::open();
    let house = house(
        &github,
        &[("TEAHOUSE__GITHUB__TOKEN_URL", "http://127.0.0.1:9/token")],
    );
    let visitor = Person::visitor(&house);
    let answer = come(&visitor, &github, "").await;
    refused(answer, 503, "GitHub isn’t responding").await;
}

#[tokio::test]
async fn too_many_visits_from_one_address_have_to_wait() {
    let github = GitHub::open();
    let house = house(
        &github,
        &[
            ("TEAHOUSE__THROTTLE__ENABLED", "true"),
            ("TEAHOUSE__THROTTLE__SIGN_INS_PER_ADDRESS", "3"),
            ("TEAHOUSE__THROTTLE__REGISTRATIONS_PER_ADDRESS", "2"),
        ],
    );
    // Whom GitHub knows counts for nothing, but new accounts do.
    newcomer(&house, &github, 1, "one").await;
    newcomer(&house, &github, 2, "two").await;
    github.sees(3, "three");
    let third = come(&Person::visitor(&house), &github, "").await;
    refused(third, 429, "minutes").await;
    for _ in 0..4 {
        newcomer(&house, &github, 1, "one").await;
    }
    for expected in [400, 400, 400, 429] {
        let visitor = Person::visitor(&house);
        let back = github.agree(&set_out(&visitor, "").await);
        github.forget_codes();
        assert_eq!(browse(&visitor, &back).await.status(), expected);
    }
    assert_eq!(people(&house), 2);
}
