//! Codes that come to a number: registering, and getting back in.

use crate::support::{
    Person, SmsProvider, Teahouse, eventually, field_errors, status_and_location, person::PASSWORD, text_of,
};
use reqwest::{Method, Response};
use std::collections::BTreeMap;

const NEW_PASSWORD: &str = "a new one, long enough";

/// A server that sends codes to `phones`.
fn server(phones: &SmsProvider, more: &[(&str, &str)]) -> Teahouse {
    let mut settings = vec![
        ("TEAHOUSE__VERIFICATION__ENABLED", "true"),
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        ("TEAHOUSE__SMS__WEBHOOK_URL", phones.url.as_str()),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
    ];
    settings.extend_from_slice(more);
    Teahouse::with(&settings)
}

async fn type_code(who: &Person, code: &str) -> Response {
    who.post("/verification", &[("code", code)]).await
}

/// Another code than this one.
fn other(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

/// Somebody who registered and typed the code that came as message number `n`.
async fn register(server: &Teahouse, phones: &SmsProvider, name: &str, n: usize) -> Person {
    let mut person = Person::visitor(server);
    person.name = name.to_owned();
    let answer = person.submit_registration(name).await;
    assert_eq!(status_and_location(&answer), (303, "/verification"));
    let answer = type_code(&person, &phones.code(n).await).await;
    assert_eq!(status_and_location(&answer), (303, "/rooms/1"));
    person
}

#[tokio::test]
async fn somebody_registers_with_the_code_that_came_to_their_phone() {
    let phones = SmsProvider::responding(204, "");
    let server = server(&phones, &[]);
    let ming = Person::visitor(&server);
    assert_eq!(
        status_and_location(&ming.submit_registration("Ming").await),
        (303, "/verification")
    );
    let people = "SELECT COUNT(*) AS value FROM users";
    assert_eq!(server.database().number(people), 0, "not before the code");
    let page = ming.page("/verification").await;
    assert!(
        page.contains("+86") && !page.contains(&ming.phone[3..]),
        "{page}"
    );
    let code = phones.code(0).await;
    assert!(
        code.len() == 6 && code.chars().all(|c| c.is_ascii_digit()),
        "{code}"
    );
    assert!(!page.contains(&code), "no code on a page");
    let message = phones.message(0).await;
    assert_eq!(message["number"], ming.phone.as_str());
    assert!(message["text"].as_str().expect("a text").contains(&code));
    // Another browser can do nothing with it.
    let thief = Person::visitor(&server);
    assert_eq!(status_and_location(&type_code(&thief, &code).await), (303, "/login"));
    thief.set_cookie(&format!("teahouse-verification={}; Path=/", "0".repeat(64)));
    assert_eq!(status_and_location(&type_code(&thief, &code).await), (303, "/login"));
    // A wrong one is told how often it may be tried.
    let answer = type_code(&ming, &other(&code)).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.expect("text");
    assert_eq!(field_errors(&page), ["code"]);
    assert!(text_of(&page, "code-error").contains('4'), "{page}");
    // Spaces do no harm.
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    assert_eq!(
        status_and_location(&type_code(&ming, &spaced).await),
        (303, "/rooms/1")
    );
    let page = ming.page("/rooms/1").await;
    assert!(page.contains("Ming"));
    assert_eq!(
        server.database().strings("SELECT phone AS value FROM users"),
        [ming.phone.as_str()]
    );
    // Once.
    assert_eq!(status_and_location(&type_code(&ming, &code).await), (303, "/login"));
    let stored = server
        .database()
        .strings("SELECT code_hash AS value FROM verifications");
    assert!(stored.is_empty(), "{stored:?}");
}

#[tokio::test]
async fn after_five_wrong_codes_or_ten_minutes_another_one_is_needed() {
    let phones = SmsProvider::responding(204, "");
    let server = server(&phones, &[]);
    let ming = Person::visitor(&server);
    ming.submit_registration("Ming").await;
    let code = phones.code(0).await;
    for _ in 0..5 {
        assert_eq!(type_code(&ming, &other(&code)).await.status(), 422);
    }
    let answer = type_code(&ming, &code).await;
    assert_eq!(answer.status(), 422, "even the right one");
    let page = answer.text().await.expect("text");
    assert!(
        text_of(&page, "code-error").contains("Send a new one"),
        "{page}"
    );
    // Another one comes, and the old one is worth nothing.
    let answer = ming.post("/verification/code", &[]).await;
    assert_eq!(status_and_location(&answer), (303, "/verification"));
    let second = phones.code(1).await;
    if second != code {
        assert_eq!(type_code(&ming, &code).await.status(), 422);
    }
    server
        .database()
        .run("UPDATE verifications SET expires_at = '2020-01-01 00:00:00.000'");
    assert_eq!(type_code(&ming, &second).await.status(), 422, "too late");
    ming.post("/verification/code", &[]).await;
    let third = phones.code(2).await;
    assert_eq!(status_and_location(&type_code(&ming, &third).await), (303, "/rooms/1"));
}

#[tokio::test]
async fn of_many_codes_typed_at_the_same_moment_no_more_than_five_are_looked_at() {
    let phones = SmsProvider::responding(204, "");
    let server = server(&phones, &[]);
    let ming = Person::visitor(&server);
    ming.submit_registration("Ming").await;
    let code = phones.code(0).await;
    let wrong = other(&code);
    let guesses = (0..30).map(|_| type_code(&ming, &wrong));
    futures_util::future::join_all(guesses).await;
    let tries = "SELECT tries AS value FROM verifications";
    assert_eq!(server.database().number(tries), 5);
    let failures = "SELECT COUNT(*) AS value FROM security_events WHERE kind = 'code-failed'";
    assert_eq!(server.database().number(failures), 5);
}

/// What an answer tells: status, headers but date and the values of cookies, body.
async fn told(answer: Response) -> (u16, BTreeMap<String, String>, String) {
    let status = answer.status().as_u16();
    let headers = answer.headers().iter().filter(|(name, _)| *name != "date");
    let text = |value: &reqwest::header::HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match text.split_once('=') {
            Some((name, rest)) if name.starts_with("teahouse") => {
                let rest = rest.split_once(';').map_or("", |(_, rest)| rest);
                format!("{name}=…;{rest}")
            }
            _ => text,
        }
    };
    let headers = headers
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    (status, headers, answer.text().await.expect("text"))
}

#[tokio::test]
async fn registering_a_taken_number_looks_the_same_and_its_owner_is_told() {
    let phones = SmsProvider::responding(204, "");
    let server = server(&phones, &[]);
    let ming = register(&server, &phones, "Ming", 0).await;
    let (mut curious, honest) = (Person::visitor(&server), Person::visitor(&server));
    curious.phone.clone_from(&ming.phone);
    let taken = told(curious.submit_registration("Curious").await).await;
    let message = phones.message(1).await;
    assert_eq!(message["number"], ming.phone.as_str());
    assert!(message["code"].is_null(), "{message}");
    let free = told(honest.submit_registration("Honest").await).await;
    let code = phones.code(2).await;
    assert_eq!(taken, free);
    let masked = |page: String, who: &Person| {
        // Its last two digits are shown.
        page.replace(&format!("*{}", &who.phone[12..]), "*__")
    };
    let pages =
        [&curious, &honest].map(|who| async move { masked(who.page("/verification").await, who) });
    let [taken, free] = pages;
    assert_eq!(taken.await, free.await);
    let wrong = other(&code);
    let (taken, free) = (
        told(type_code(&curious, &wrong).await).await,
        told(type_code(&honest, &wrong).await).await,
    );
    assert_eq!((taken.0, taken.1), (free.0, free.1));
    assert_eq!(masked(taken.2, &curious), masked(free.2, &honest));
    // Whatever is typed there.
    let tries = (0..4).map(|n| format!("{n:06}"));
    for code in tries {
        assert_eq!(type_code(&curious, &code).await.status(), 422);
    }
    assert_eq!(server.count("users"), 1);
    // A name that is taken is told at once: names are no secret.
    let answer = Person::visitor(&server).submit_registration("ming").await;
    assert_eq!(
        field_errors(&answer.text().await.expect("text")),
        ["username"]
    );
}

#[tokio::test]
async fn somebody_who_forgot_the_password_gets_in_again_and_everything_else_is_signed_out() {
    let phones = SmsProvider::responding(204, "");
    let server = server(&phones, &[]);
    let ming = register(&server, &phones, "Ming", 0).await;
    let elsewhere = ming.on_another_device(&server).await;
    let forgetful = Person::visitor(&server);
    assert!(forgetful.page("/login").await.contains("/password_reset"));
    let answer = forgetful
        .post("/password_reset", &[("phone", &ming.phone)])
        .await;
    let known = told(answer).await;
    let code = phones.code(1).await;
    let answer = type_code(&forgetful, &code).await;
    let location = answer.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(location.starts_with("/passwords/"), "{location}");
    let page = forgetful.page(&location).await;
    assert!(page.contains("Ming"));
    let answer = forgetful
        .post(&location, &[("password", "password1")])
        .await;
    assert_eq!(answer.status(), 422);
    assert_eq!(
        field_errors(&answer.text().await.expect("text")),
        ["password"]
    );
    let answer = forgetful
        .post(&location, &[("password", NEW_PASSWORD)])
        .await;
    assert_eq!(status_and_location(&answer), (303, "/"));
    assert_eq!(forgetful.get("/rooms/1").await.status(), 200, "signed in");
    assert_eq!(elsewhere.get("/rooms/1").await.status(), 303);
    assert_eq!(ming.sign_in().await.status(), 422, "the old password");
    let form = [("phone", ming.phone.as_str()), ("password", NEW_PASSWORD)];
    assert_eq!(ming.post("/login", &form).await.status(), 303);
    // Once.
    assert_eq!(Person::visitor(&server).get(&location).await.status(), 404);
    let answer = Person::visitor(&server)
        .post(&location, &[("password", NEW_PASSWORD)])
        .await;
    assert_eq!(answer.status(), 404);
    // A number without an account is answered the same, and gets no message.
    let stranger = Person::visitor(&server);
    let unknown = told(
        stranger
            .post("/password_reset", &[("phone", &stranger.phone)])
            .await,
    )
    .await;
    assert_eq!(known, unknown);
    assert_eq!(type_code(&stranger, "000000").await.status(), 422);
    assert_eq!(phones.requests().len(), 2);
}

#[tokio::test]
async fn a_new_number_is_taken_when_the_code_that_came_to_it_is_typed() {
    let phones = SmsProvider::responding(204, "");
    let server = server(&phones, &[]);
    let ming = register(&server, &phones, "Ming", 0).await;
    let ana = register(&server, &phones, "Ana", 1).await;
    let new = Person::visitor(&server).phone;
    let ask = async |phone: &str| {
        let form = [
            ("_method", "put"),
            ("phone", phone),
            ("phone_password", PASSWORD),
        ];
        ming.post("/settings/phone", &form).await
    };
    assert_eq!(status_and_location(&ask(&new).await), (303, "/verification"));
    let mine = "SELECT phone AS value FROM users WHERE username = 'Ming'";
    assert_eq!(
        server.database().strings(mine),
        [ming.phone.as_str()],
        "not before the code"
    );
    let code = phones.code(2).await;
    assert_eq!(type_code(&ming, &other(&code)).await.status(), 422);
    let answer = type_code(&ming, &code).await;
    assert_eq!(status_and_location(&answer).0, 303);
    assert!(
        status_and_location(&answer)
            .1
            .starts_with("/settings/account?saved=phone-number")
    );
    assert_eq!(server.database().strings(mine), [new.as_str()]);
    // Somebody else's number looks the same, and its owner is told.
    assert_eq!(status_and_location(&ask(&ana.phone).await), (303, "/verification"));
    assert_eq!(phones.message(3).await["number"], ana.phone.as_str());
    assert!(phones.message(3).await["code"].is_null());
    // Whoever is signed out meanwhile changes nothing.
    let third = Person::visitor(&server).phone;
    ask(&third).await;
    let code = phones.code(4).await;
    ming.sign_out().await;
    assert_eq!(type_code(&ming, &code).await.status(), 401);
    assert_eq!(server.database().strings(mine), [new.as_str()]);
}

#[tokio::test]
async fn only_so_many_messages_go_to_a_number_and_because_of_an_address() {
    let phones = SmsProvider::responding(204, "");
    let on = ("TEAHOUSE__THROTTLE__ENABLED", "true");
    let proxy = ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1");
    let server = server(&phones, &[on, proxy]);
    let victim = Person::visitor(&server).phone;
    let ask = async |phone: &str, from: &str| {
        let request = Person::visitor(&server).request(Method::POST, "/password_reset");
        let request = request
            .header("x-forwarded-for", from)
            .form(&[("phone", phone)]);
        request.send().await.expect("a response")
    };
    for n in 0..3 {
        assert_eq!(ask(&victim, &format!("198.51.100.{n}")).await.status(), 303);
    }
    let answer = ask(&victim, "198.51.100.99").await;
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key("retry-after"));
    for n in 0..10 {
        let phone = Person::visitor(&server).phone;
        assert_eq!(ask(&phone, "203.0.113.1").await.status(), 303, "{n}");
    }
    assert_eq!(
        ask(&Person::visitor(&server).phone, "203.0.113.1")
            .await
            .status(),
        429
    );
}

#[tokio::test]
async fn messages_go_to_the_countries_that_are_allowed() {
    let phones = SmsProvider::responding(204, "");
    let server = server(&phones, &[("TEAHOUSE__VERIFICATION__COUNTRIES", "CN,SG")]);
    let visitor = Person::visitor(&server);
    let form = [
        ("phone", "+14155552671"),
        ("username", "Ming"),
        ("password", PASSWORD),
    ];
    let answer = visitor.post("/register", &form).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(field_errors(&answer.text().await.expect("text")), ["phone"]);
    let answer = visitor
        .post("/password_reset", &[("phone", "+14155552671")])
        .await;
    assert_eq!(answer.status(), 422);
    assert_eq!(visitor.submit_registration("Ming").await.status(), 303);
    phones.nth(0).await;
    assert_eq!(phones.requests().len(), 1);
}

#[tokio::test]
async fn a_number_that_was_taken_meanwhile_or_a_name_is_told_after_the_code() {
    let phones = SmsProvider::responding(204, "");
    let server = server(&phones, &[]);
    let (first, second) = (Person::visitor(&server), Person::visitor(&server));
    first.submit_registration("Ming").await;
    let code = phones.code(0).await;
    second.submit_registration("ming").await;
    let other_code = phones.code(1).await;
    assert_eq!(type_code(&first, &code).await.status(), 303);
    let answer = type_code(&second, &other_code).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.expect("text");
    assert!(text_of(&page, "form-error").contains("name"), "{page}");
    assert_eq!(server.count("users"), 1);
}

#[tokio::test]
async fn while_developing_the_code_is_in_the_log_and_on_the_page() {
    let server = Teahouse::with(&[("TEAHOUSE__VERIFICATION__ENABLED", "true")]);
    let ming = Person::visitor(&server);
    ming.submit_registration("Ming").await;
    let message = eventually("the page shows it", || async {
        let page = ming.page("/verification").await;
        let text = text_of(&page, "development-message");
        (!text.is_empty()).then_some(text)
    })
    .await;
    assert!(message.contains("Development only"), "{message}");
    let digits = |text: &str| -> Option<String> {
        let mut words = text.split(|c: char| !c.is_ascii_digit());
        words.find(|word| word.len() == 6).map(str::to_owned)
    };
    let code = digits(&message).expect("a code");
    let log = server.log().join("\n");
    assert!(
        log.contains("DEVELOPMENT ONLY") && log.contains(&code),
        "{log}"
    );
    assert!(!log.contains(&ming.phone[3..]), "no number");
    assert_eq!(type_code(&ming, &code).await.status(), 303);
}

#[tokio::test]
async fn without_verification_there_are_no_such_pages() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    for path in ["/verification", "/password_reset"] {
        assert_eq!(visitor.get(path).await.status(), 404, "{path}");
    }
    assert!(!visitor.page("/login").await.contains("/password_reset"));
}
