//! Verification codes by SMS: registration, password reset and change of number.

use crate::support::{
    Person, SmsProvider, Teahouse, eventually, field_errors, header, person::PASSWORD, redirect,
    rejected_fields, status_and_location, text_of, until,
};
use reqwest::Response;
use std::collections::BTreeMap;

const NEW_PASSWORD: &str = "a new one, long enough";

/// Starts a provider and a server that sends codes through it.
fn start(more: &[(&str, &str)]) -> (SmsProvider, Teahouse) {
    let phones = SmsProvider::responding(204, "");
    let mut settings = vec![
        ("TEAHOUSE__VERIFICATION__ENABLED", "true"),
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        ("TEAHOUSE__SMS__WEBHOOK_URL", phones.url.as_str()),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
    ];
    settings.extend_from_slice(more);
    let server = Teahouse::with(&settings);
    (phones, server)
}

async fn type_code(who: &Person, code: &str) -> Response {
    who.post("/verification", &[("code", code)]).await
}

/// A code that differs from this one.
fn other(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

/// Registers and enters the code of message `n`.
async fn register(server: &Teahouse, phones: &SmsProvider, name: &str, n: usize) -> Person {
    let mut person = Person::visitor(server);
    person.name = name.to_owned();
    let answer = person.submit_registration(name).await;
    assert_eq!(redirect(&answer), "303 /verification");
    let answer = type_code(&person, &phones.code(n).await).await;
    assert_eq!(redirect(&answer), "303 /rooms/1");
    person
}

#[tokio::test]
async fn registration_is_completed_with_the_code_from_the_phone() {
    let (phones, server) = start(&[]);
    let ming = Person::visitor(&server);
    let answer = ming.submit_registration("Ming").await;
    assert_eq!(redirect(&answer), "303 /verification");
    assert_eq!(server.count("users"), 0, "no account before the code");
    let page = ming.page("/verification").await;
    let is_masked = page.contains("+86") && !page.contains(&ming.phone[3..]);
    assert!(is_masked, "{page}");
    let code = phones.code(0).await;
    let is_digit = |c: char| c.is_ascii_digit();
    assert!(code.len() == 6 && code.chars().all(is_digit), "{code}");
    assert!(!page.contains(&code), "the page contains the code");
    let message = phones.message(0).await;
    assert_eq!(message["number"], ming.phone.as_str());
    assert!(message["text"].as_str().expect("a text").contains(&code));
    // Another browser cannot use the code.
    let other_browser = Person::visitor(&server);
    let found = redirect(&type_code(&other_browser, &code).await);
    assert_eq!(found, "303 /login");
    other_browser.set_cookie(&format!("teahouse-verification={}; Path=/", "0".repeat(64)));
    let found = redirect(&type_code(&other_browser, &code).await);
    assert_eq!(found, "303 /login");
    // The error tells the remaining attempts.
    let answer = type_code(&ming, &other(&code)).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.expect("text");
    assert_eq!(field_errors(&page), ["code"]);
    assert!(text_of(&page, "code-error").contains('4'), "{page}");
    // Spaces are ignored.
    let answer = type_code(&ming, &format!(" {} {} ", &code[..3], &code[3..])).await;
    assert_eq!(redirect(&answer), "303 /rooms/1");
    let page = ming.page("/rooms/1").await;
    assert!(page.contains("Ming"));
    let phones = server.strings("SELECT phone AS value FROM users");
    assert_eq!(phones, [ming.phone.as_str()]);
    // A code works once.
    assert_eq!(redirect(&type_code(&ming, &code).await), "303 /login");
    assert_eq!(server.count("verifications"), 0);
}

#[tokio::test]
async fn code_is_invalid_after_five_wrong_attempts_or_ten_minutes() {
    let (phones, server) = start(&[]);
    let ming = Person::visitor(&server);
    ming.submit_registration("Ming").await;
    let code = phones.code(0).await;
    for _ in 0..5 {
        assert_eq!(type_code(&ming, &other(&code)).await.status(), 422);
    }
    let answer = type_code(&ming, &code).await;
    assert_eq!(answer.status(), 422, "the right code after five wrong ones");
    let page = answer.text().await.expect("text");
    let error = text_of(&page, "code-error");
    assert!(error.contains("Send a new one"), "{page}");
    // A new code replaces the old one.
    let answer = ming.post("/verification/code", &[]).await;
    assert_eq!(redirect(&answer), "303 /verification");
    let second = phones.code(1).await;
    if second != code {
        assert_eq!(type_code(&ming, &code).await.status(), 422);
    }
    server.execute("UPDATE verifications SET expires_at = '2020-01-01 00:00:00.000'");
    assert_eq!(type_code(&ming, &second).await.status(), 422, "expired");
    ming.post("/verification/code", &[]).await;
    let third = phones.code(2).await;
    assert_eq!(redirect(&type_code(&ming, &third).await), "303 /rooms/1");
}

#[tokio::test]
async fn at_most_five_concurrent_code_attempts_are_checked() {
    let (phones, server) = start(&[]);
    let ming = Person::visitor(&server);
    ming.submit_registration("Ming").await;
    let code = phones.code(0).await;
    let wrong = other(&code);
    let guesses = (0..30).map(|_| type_code(&ming, &wrong));
    futures_util::future::join_all(guesses).await;
    assert_eq!(server.number("SELECT tries AS value FROM verifications"), 5);
    let found = server.count("security_events WHERE kind = 'code-failed'");
    assert_eq!(found, 5);
}

/// What a response reveals: status, headers without the date and cookie values, body.
async fn response(answer: Response) -> (u16, BTreeMap<String, String>, String) {
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
async fn registering_a_taken_number_looks_like_registering_a_free_one_and_notifies_its_owner() {
    let (phones, server) = start(&[]);
    let ming = register(&server, &phones, "Ming", 0).await;
    let (mut curious, honest) = (Person::visitor(&server), Person::visitor(&server));
    curious.phone.clone_from(&ming.phone);
    let taken = response(curious.submit_registration("Curious").await).await;
    let message = phones.message(1).await;
    assert_eq!(message["number"], ming.phone.as_str());
    assert!(message["code"].is_null(), "{message}");
    let free = response(honest.submit_registration("Honest").await).await;
    let code = phones.code(2).await;
    assert_eq!(taken, free);
    let masked = |page: String, who: &Person| {
        // The page shows the last two digits of the number.
        page.replace(&format!("*{}", &who.phone[12..]), "*__")
    };
    let pages =
        [&curious, &honest].map(|who| async move { masked(who.page("/verification").await, who) });
    let [taken, free] = pages;
    assert_eq!(taken.await, free.await);
    let wrong = other(&code);
    let taken = response(type_code(&curious, &wrong).await).await;
    let free = response(type_code(&honest, &wrong).await).await;
    assert_eq!((taken.0, taken.1), (free.0, free.1));
    assert_eq!(masked(taken.2, &curious), masked(free.2, &honest));
    // Also for further codes.
    for n in 0..4 {
        assert_eq!(type_code(&curious, &format!("{n:06}")).await.status(), 422);
    }
    assert_eq!(server.count("users"), 1);
    // A taken username is reported at once: usernames are public.
    let answer = Person::visitor(&server).submit_registration("ming").await;
    let page = answer.text().await.expect("text");
    assert_eq!(field_errors(&page), ["username"]);
}

#[tokio::test]
async fn password_reset_by_code_signs_in_and_ends_other_sessions() {
    let (phones, server) = start(&[]);
    let ming = register(&server, &phones, "Ming", 0).await;
    let elsewhere = ming.on_another_device(&server).await;
    let forgetful = Person::visitor(&server);
    assert!(forgetful.page("/login").await.contains("/password_reset"));
    let reset = async |who: &Person| who.post("/password_reset", &[("phone", &who.phone)]).await;
    let mut forgetful = forgetful;
    forgetful.phone.clone_from(&ming.phone);
    let known = response(reset(&forgetful).await).await;
    let code = phones.code(1).await;
    let answer = type_code(&forgetful, &code).await;
    let location = header(&answer, "location");
    assert!(location.starts_with("/passwords/"), "{location}");
    let page = forgetful.page(&location).await;
    assert!(page.contains("Ming"));
    let use_link =
        async |who: &Person, password: &str| who.post(&location, &[("password", password)]).await;
    let answer = use_link(&forgetful, "password1").await;
    assert_eq!(rejected_fields(answer).await, ["password"]);
    let answer = use_link(&forgetful, NEW_PASSWORD).await;
    assert_eq!(redirect(&answer), "303 /");
    assert_eq!(forgetful.get("/rooms/1").await.status(), 200, "signed in");
    assert_eq!(elsewhere.get("/rooms/1").await.status(), 303);
    assert_eq!(ming.sign_in().await.status(), 422, "the old password");
    let answer = ming.log_in(&ming.phone, NEW_PASSWORD).await;
    assert_eq!(answer.status(), 303);
    // The link works once.
    assert_eq!(Person::visitor(&server).get(&location).await.status(), 404);
    let answer = use_link(&Person::visitor(&server), NEW_PASSWORD).await;
    assert_eq!(answer.status(), 404);
    // An unknown number gets the same response and no message.
    let stranger = Person::visitor(&server);
    let unknown = response(reset(&stranger).await).await;
    assert_eq!(known, unknown);
    assert_eq!(type_code(&stranger, "000000").await.status(), 422);
    assert_eq!(phones.requests().len(), 2);
}

#[tokio::test]
async fn new_number_is_saved_after_its_code_was_entered() {
    let (phones, server) = start(&[]);
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
    assert_eq!(redirect(&ask(&new).await), "303 /verification");
    let mine = "SELECT phone AS value FROM users WHERE username = 'Ming'";
    let stored = server.strings(mine);
    assert_eq!(stored, [ming.phone.as_str()], "saved before the code");
    let code = phones.code(2).await;
    assert_eq!(type_code(&ming, &other(&code)).await.status(), 422);
    let answer = type_code(&ming, &code).await;
    let (status, location) = status_and_location(&answer);
    assert_eq!(status, 303);
    assert!(location.starts_with("/settings/account?saved=phone-number"));
    assert_eq!(server.strings(mine), [new.as_str()]);
    // A taken number looks the same, and its owner is notified.
    assert_eq!(redirect(&ask(&ana.phone).await), "303 /verification");
    assert_eq!(phones.message(3).await["number"], ana.phone.as_str());
    assert!(phones.message(3).await["code"].is_null());
    // After signing out, the code changes nothing.
    let third = Person::visitor(&server).phone;
    ask(&third).await;
    let code = phones.code(4).await;
    ming.sign_out().await;
    assert_eq!(type_code(&ming, &code).await.status(), 401);
    assert_eq!(server.strings(mine), [new.as_str()]);
}

#[tokio::test]
async fn messages_are_limited_per_number_and_per_address() {
    let on = ("TEAHOUSE__THROTTLE__ENABLED", "true");
    let proxy = ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1");
    let (_phones, server) = start(&[on, proxy]);
    let victim = Person::visitor(&server).phone;
    let ask = async |phone: &str, from: &str| {
        let (header, phone) = (("x-forwarded-for", from), ("phone", phone));
        let visitor = Person::visitor(&server);
        visitor
            .post_with("/password_reset", &[header], &[phone])
            .await
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
    let phone = Person::visitor(&server).phone;
    assert_eq!(ask(&phone, "203.0.113.1").await.status(), 429);
}

#[tokio::test]
async fn messages_are_sent_only_to_allowed_countries() {
    let (phones, server) = start(&[("TEAHOUSE__VERIFICATION__COUNTRIES", "CN,SG")]);
    let visitor = Person::visitor(&server);
    let phone = ("phone", "+14155552671");
    let form = [phone, ("username", "Ming"), ("password", PASSWORD)];
    let answer = visitor.post("/register", &form).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(field_errors(&answer.text().await.expect("text")), ["phone"]);
    let answer = visitor.post("/password_reset", &[phone]).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(visitor.submit_registration("Ming").await.status(), 303);
    phones.nth(0).await;
    assert_eq!(phones.requests().len(), 1);
}

#[tokio::test]
async fn username_taken_meanwhile_is_reported_after_the_code() {
    let (phones, server) = start(&[]);
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
async fn development_shows_the_code_in_the_log_and_on_the_page() {
    let server = Teahouse::with(&[("TEAHOUSE__VERIFICATION__ENABLED", "true")]);
    let ming = Person::visitor(&server);
    ming.submit_registration("Ming").await;
    let message = eventually("the page shows the code", || async {
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
    let is_it = |line: &String| line.contains("DEVELOPMENT ONLY") && line.contains(&code);
    until("the log shows the code", async || {
        server.log().iter().any(is_it)
    })
    .await;
    let log = server.log().join("\n");
    let is_hidden = !log.contains(&ming.phone[3..]);
    assert!(is_hidden, "the log contains the number");
    assert_eq!(type_code(&ming, &code).await.status(), 303);
}

#[tokio::test]
async fn disabled_verification_has_no_pages() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    for path in ["/verification", "/password_reset"] {
        assert_eq!(visitor.get(path).await.status(), 404, "{path}");
    }
    assert!(!visitor.page("/login").await.contains("/password_reset"));
}
