//! Signing in with GitHub: the OAuth flow and its failures.

use crate::support::github::Behavior;
use crate::support::person::read;
use crate::support::{
    GitHub, Person, Teahouse, pairs, redirect, status_and_location, text_of, words,
};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, Response};
use sha2::Sha256;
use std::time::{Duration, Instant};

/// Starts a server that uses this GitHub for sign-in.
pub fn server(github: &GitHub, settings: &[(&str, &str)]) -> Teahouse {
    let github_settings = github.settings();
    let github_settings = github_settings
        .iter()
        .map(|(key, value)| (&**key, &**value));
    let all: Vec<_> = github_settings.chain(settings.iter().copied()).collect();
    Teahouse::with(&all)
}

/// Starts GitHub and a server that uses it.
pub fn with_github() -> (GitHub, Teahouse) {
    let github = GitHub::open();
    let server = server(&github, &[]);
    (github, server)
}

/// Sends a GET request with a browser's headers.
pub async fn browse(person: &Person, address: &str) -> Response {
    let path = address.strip_prefix(&person.url).unwrap_or(address);
    let request = person.request(Method::GET, path);
    let request = request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    request.send().await.expect("a response")
}

/// Starts the OAuth flow and returns GitHub's authorization URL.
pub async fn start_oauth(person: &Person, query: &str) -> String {
    let response = browse(person, &format!("/api/oauth/github{query}")).await;
    let (status, url) = status_and_location(&response);
    assert_eq!(status, 303);
    url.to_owned()
}

/// Runs the whole flow: authorization and callback.
pub async fn sign_in_with_github(person: &Person, github: &GitHub, query: &str) -> Response {
    let url = start_oauth(person, query).await;
    browse(person, &github.authorize(&url)).await
}

/// Registers a user through GitHub.
pub async fn github_user(server: &Teahouse, github: &GitHub, id: i64, login: &str) -> Person {
    let mut person = Person::visitor(server);
    person.name = login.to_owned();
    github.set_user(id, login);
    let response = sign_in_with_github(&person, github, "").await;
    assert_eq!(redirect(&response), "303 /");
    person
}

async fn assert_rejected(response: Response, status: u16, sentence: &str) {
    assert_eq!(response.status(), status);
    let page = response.text().await.expect("text");
    let message = text_of(&page, "form-error");
    assert!(message.contains(sentence), "{message}");
    let is_shown = page.contains("id=\"login\"");
    assert!(is_shown, "the link to sign in is shown again");
}

#[tokio::test]
async fn github_user_registers_and_is_recognized_at_the_next_sign_in() {
    let (github, server) = with_github();
    Person::register(&server, "admin").await;
    let page = Person::visitor(&server).page("/login?next=/rooms/1").await;
    assert!(page.contains("/api/oauth/github?next="), "a GitHub URL");
    let octocat = github_user(&server, &github, 583_231, "octocat").await;
    octocat.say("hello").await;
    let row = "SELECT github_id AS value FROM users WHERE username = 'octocat' AND phone IS NULL AND password_hash IS NULL";
    assert_eq!(server.number(row), 583_231);
    let page = octocat.page("/settings/security").await;
    assert!(page.contains("data-kind=\"signed-in-github\""));
    assert!(page.contains("data-kind=\"registered\""));
    octocat.sign_out().await;
    // The login was changed at GitHub meanwhile; the account is identified by its number.
    github.set_user(583_231, "octodog");
    let other = Person::visitor(&server);
    let response = sign_in_with_github(&other, &github, "?next=/rooms/1%3Fat%3D1").await;
    assert_eq!(redirect(&response), "303 /rooms/1?at=1");
    assert_eq!(server.count("users"), 2);
    let page = other.page("/settings/account").await;
    assert!(page.contains("octodog"));
    // The redirect target must be on this site.
    let response = sign_in_with_github(&other, &github, "?next=//evil.example").await;
    assert_eq!(redirect(&response), "303 /");
}

#[tokio::test]
async fn api_client_flow_ends_at_its_callback_with_a_token() {
    let github = GitHub::open();
    let callback = "https://app.example/back?from=teahouse";
    let server = server(&github, &[("TEAHOUSE__GITHUB__CLIENT_CALLBACK", callback)]);
    let program = Person::visitor(&server);
    let response = sign_in_with_github(&program, &github, "?client=api").await;
    let (status, url) = status_and_location(&response);
    assert_eq!(status, 307);
    let url: url::Url = url.parse().expect("a URL");
    assert!(url.as_str().starts_with(callback));
    let fields: Vec<_> = url.query_pairs().into_owned().collect();
    assert_eq!((&*fields[1].0, &*fields[2].0), ("token", "expires_at"));
    let token = &fields[1].1;
    let request_me = Person::visitor(&server).request(Method::GET, "/api/auth_user");
    let (_, me) = read(request_me.bearer_auth(token)).await;
    let found = (&me["username"], me["phone"].is_null());
    assert_eq!(found, (&"octocat".into(), true));
    assert!(program.cookie().is_empty(), "the browser is not signed in");
    assert!(!server.log().join("\n").contains(token.as_str()));
    let url = start_oauth(&program, "?client=api").await;
    let response = browse(&program, &github.deny(&url)).await;
    let url = format!("{callback}&error=forbidden");
    assert_eq!(status_and_location(&response), (307, &*url));
    github.set_behavior(Behavior::Broken);
    let response = sign_in_with_github(&program, &github, "?client=api").await;
    let url = format!("{callback}&error=unavailable");
    assert_eq!(status_and_location(&response), (307, &*url));
}

#[tokio::test]
async fn github_sign_in_is_absent_without_settings() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    for path in words("/api/oauth/github /api/oauth/github/callback?state=x&code=y") {
        assert_eq!(visitor.get(path).await.status(), 404, "{path}");
    }
    assert!(!visitor.page("/login").await.contains("GitHub"));
    let me = Person::register(&server, "me").await;
    assert!(!me.page("/settings/account").await.contains("GitHub"));
    assert_eq!(me.post("/settings/github", &[]).await.status(), 404);
}

#[tokio::test]
async fn denied_authorization_creates_no_account_and_can_be_retried() {
    let (github, server) = with_github();
    let visitor = Person::visitor(&server);
    let url = start_oauth(&visitor, "?next=/rooms/1").await;
    let response = browse(&visitor, &github.deny(&url)).await;
    assert_rejected(response, 403, "didn’t give GitHub permission").await;
    assert!(github.requests().is_empty());
    assert_eq!(server.count("users"), 0);
    let found = redirect(&sign_in_with_github(&visitor, &github, "").await);
    assert_eq!(found, "303 /");
}

#[tokio::test]
async fn callback_is_accepted_once_and_only_in_the_same_browser() {
    let (github, server) = with_github();
    let (ming, mallory) = (Person::visitor(&server), Person::visitor(&server));
    let stale = async |response: Response, why: &str| {
        assert_eq!(response.status(), 400, "{why}");
        let page = response.text().await.expect("text");
        assert!(page.contains("Start again"), "{why}: {page}");
    };
    // An attacker's callback URL is opened in the victim's browser, with and without a flow in progress.
    let mallory_url = github.authorize(&start_oauth(&mallory, "").await);
    stale(browse(&ming, &mallory_url).await, "without a visit").await;
    let mine = github.authorize(&start_oauth(&ming, "").await);
    stale(browse(&ming, &mallory_url).await, "another's").await;
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
    let is_expected = github.requests().is_empty();
    assert!(is_expected, "no request was sent to GitHub");
    let cookies = ming.cookies();
    assert_eq!(redirect(&browse(&ming, &mine).await), "303 /");
    // Once more, with the cookie of the started flow.
    stale(browse(&ming, &mine).await, "again").await;
    let visit = cookies
        .split("; ")
        .find(|cookie| cookie.starts_with("teahouse-github"));
    ming.set_cookie(visit.expect("the cookie"));
    stale(browse(&ming, &mine).await, "again with the cookie").await;
    assert_eq!(server.count("users"), 1);
    assert!(mallory.cookie().is_empty());
}

#[tokio::test]
async fn oauth_state_expires_after_ten_minutes() {
    let github = GitHub::open();
    let secret = "a secret of the installation ".repeat(3);
    let server = server(&github, &[("TEAHOUSE__DATA__SECRET_KEY", &secret)]);
    let key = actix_web::cookie::Key::derive_from(secret.as_bytes());
    let ming = Person::visitor(&server);
    // The value of a state that expires then.
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
    let back = github.authorize(&start_oauth(&ming, "").await);
    let (before, real) = back.split_once("state=").expect("a state");
    let (until, _) = real.split_once('.').expect("two parts");
    let until: i64 = until.parse().expect("a time");
    assert_eq!(state(until), real, "signed as the server does");
    let now = chrono::Utc::now().timestamp();
    assert!((595..=600).contains(&(until - now)), "{}", until - now);
    let late = browse(&ming, &format!("{before}state={}", state(now - 1))).await;
    assert_eq!(late.status(), 400);
    assert!(github.requests().is_empty());
    let early = browse(&ming, &format!("{before}state={}", state(now + 30))).await;
    assert_eq!(redirect(&early), "303 /");
}

#[tokio::test]
async fn oauth_cookie_is_short_lived_and_http_only() {
    let github = GitHub::open();
    let server = server(&github, &[("PUBLIC_ORIGIN", "https://chat.example")]);
    let response = browse(&Person::visitor(&server), "/api/oauth/github").await;
    let cookie = response.headers()["set-cookie"].to_str().expect("text");
    assert!(cookie.starts_with("__Host-teahouse-github="), "{cookie}");
    for part in words("HttpOnly Secure SameSite=Lax Path=/ Max-Age=600") {
        assert!(cookie.contains(part), "{cookie}");
    }
    let url: url::Url = status_and_location(&response).1.parse().expect("a URL");
    let fields: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    let back = "https://chat.example/api/oauth/github/callback";
    assert_eq!(fields["redirect_uri"], back);
    assert!(!url.as_str().contains(crate::support::github::CLIENT.1));
}

#[tokio::test]
async fn code_rejected_by_github_signs_in_no_one() {
    let (github, server) = with_github();
    let visitor = Person::visitor(&server);
    let back = github.authorize(&start_oauth(&visitor, "").await);
    github.expire_codes();
    let response = browse(&visitor, &back).await;
    assert_rejected(response, 400, "Start again").await;
    // A code that the same browser used in another flow.
    let back = github.authorize(&start_oauth(&visitor, "").await);
    assert_eq!(browse(&visitor, &back).await.status(), 303);
    visitor.sign_out().await;
    let url = github.authorize(&start_oauth(&visitor, "").await);
    let (_, state) = url.split_once("state=").expect("a state");
    let (code, _) = back.split_once("state=").expect("a code");
    let response = browse(&visitor, &format!("{code}state={state}")).await;
    assert_rejected(response, 400, "Start again").await;
    let response = {
        let back = github.deny(&start_oauth(&visitor, "").await);
        let back = back.replace("access_denied", "application_suspended");
        browse(&visitor, &back).await
    };
    assert_rejected(response, 400, "Start again").await;
    assert!(visitor.cookie().is_empty() || visitor.get("/").await.status() == 303);
}

#[tokio::test]
async fn github_outage_is_reported_in_time_and_affects_no_other_requests() {
    let (github, server) = with_github();
    let visitor = Person::visitor(&server);
    let mut times = Vec::new();
    for behavior in [
        Behavior::Broken,
        Behavior::Garbage,
        Behavior::Hanging,
        Behavior::HangingLater,
        Behavior::Forgetful,
        Behavior::Strict,
    ] {
        github.set_behavior(behavior);
        let start = Instant::now();
        let response = sign_in_with_github(&visitor, &github, "").await;
        assert!(response.headers().contains_key("cache-control"));
        assert_rejected(response, 503, "GitHub isn’t responding").await;
        times.push(format!("{behavior:?} {} ms", start.elapsed().as_millis()));
        assert!(start.elapsed() < Duration::from_secs(3), "{behavior:?}");
    }
    // Many requests to GitHub hang at once: no worker waits for them, and those over the limit fail at once.
    github.set_behavior(Behavior::Hanging);
    let visitors: Vec<_> = (0..40).map(|_| Person::visitor(&server)).collect();
    let flows = visitors
        .iter()
        .map(|visitor| sign_in_with_github(visitor, &github, ""));
    let all = futures_util::future::join_all(flows);
    let other = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let start = Instant::now();
        assert_eq!(Person::visitor(&server).get("/login").await.status(), 200);
        start.elapsed()
    };
    let (responses, elsewhere) = tokio::join!(all, other);
    assert!(responses.iter().all(|response| response.status() == 503));
    println!("{times:?}; another page while 40 hang: {elsewhere:?}");
    assert!(elsewhere < Duration::from_millis(700), "{elsewhere:?}");
    // An API client gets JSON.
    github.set_behavior(Behavior::Broken);
    let url = start_oauth(&visitor, "").await;
    let back = github.authorize(&url);
    let path = back.strip_prefix(&server.url).expect("here");
    let (status, message) = visitor.get_json(path).await;
    let found = (status.as_u16(), &message["code"]);
    assert_eq!(found, (503, &"unavailable".into()));
    github.set_behavior(Behavior::Well);
    let found = redirect(&sign_in_with_github(&visitor, &github, "").await);
    assert_eq!(found, "303 /");
    let log = server.log().join("\n");
    let client_secret = crate::support::github::CLIENT.1;
    for secret in [client_secret, "gho_token", "code=", "state="] {
        assert!(!log.contains(secret), "{secret}");
    }
    let is_shown = log.contains("incorrect_client_credentials");
    assert!(is_shown, "for the admin");
}

#[tokio::test]
async fn unreachable_github_is_reported() {
    let github = GitHub::open();
    let server = server(&github, &[("github.token_url", "http://127.0.0.1:9/token")]);
    let visitor = Person::visitor(&server);
    let response = sign_in_with_github(&visitor, &github, "").await;
    assert_rejected(response, 503, "GitHub isn’t responding").await;
}

#[tokio::test]
async fn oauth_starts_are_limited_per_address() {
    let github = GitHub::open();
    let settings = "throttle.enabled=true throttle.sign_ins_per_address=3 \
        throttle.registrations_per_address=2";
    let server = server(&github, &pairs(settings));
    // Sign-ins of known accounts do not count towards the limit, registrations do.
    github_user(&server, &github, 1, "one").await;
    github_user(&server, &github, 2, "two").await;
    github.set_user(3, "three");
    let third = sign_in_with_github(&Person::visitor(&server), &github, "").await;
    assert_rejected(third, 429, "minutes").await;
    for _ in 0..4 {
        github_user(&server, &github, 1, "one").await;
    }
    for expected in [400, 400, 400, 429] {
        let visitor = Person::visitor(&server);
        let back = github.authorize(&start_oauth(&visitor, "").await);
        github.expire_codes();
        assert_eq!(browse(&visitor, &back).await.status(), expected);
    }
    assert_eq!(server.count("users"), 2);
}
