//! Throttling of password guesses and registrations, and who is exempt.

use crate::support::{Person, Teahouse, eventually, pairs, person::PASSWORD, until};
use reqwest::Response;
use serde_json::json;

const THROTTLED: (&str, &str) = ("TEAHOUSE__THROTTLE__ENABLED", "true");
const WRONG: &str = "not the password";

/// An address, reported by the trusted proxy, that several users share.
const OFFICE: &str = "198.51.100.7";

/// The `Retry-After` of a 429 response, in seconds.
fn retry_after(answer: &Response) -> u64 {
    assert_eq!(answer.status(), 429);
    let header = answer.headers().get("retry-after").expect("Retry-After");
    header.to_str().expect("text").parse().expect("seconds")
}

/// Guesses with `X-Forwarded-For: address`.
async fn guess_from(who: &Person, phone: &str, address: &str) -> Response {
    let form = [("phone", phone), ("password", WRONG)];
    who.post_with("/login", &[("x-forwarded-for", address)], &form)
        .await
}

#[tokio::test]
async fn five_wrong_passwords_block_everyone_but_the_owners_trusted_browser() {
    let mut server = Teahouse::with(&[THROTTLED]);
    let ming = Person::register(&server, "Ming").await;
    let guesser = Person::visitor(&server);
    for _ in 0..5 {
        assert_eq!(guesser.log_in(&ming.phone, WRONG).await.status(), 422);
    }
    let answer = guesser.log_in(&ming.phone, WRONG).await;
    let wait = retry_after(&answer);
    assert!((1..=60).contains(&wait), "{wait}");
    let page = answer.text().await.expect("text");
    assert!(page.contains(&format!("{wait} seconds")), "{page}");
    // The block also covers the right password, the API, and forged addresses.
    retry_after(&guesser.log_in(&ming.phone, PASSWORD).await);
    let body = json!({"phone": ming.phone, "password": PASSWORD});
    let (status, error) = guesser.post_json("/api/login", &body).await;
    let found = (status.as_u16(), error["code"].as_str());
    assert_eq!(found, (429, Some("rate_limited")));
    for forged in ["203.0.113.9", "203.0.113.10, 127.0.0.1", "::1"] {
        retry_after(&guess_from(&guesser, &ming.phone, forged).await);
    }
    let headers = pairs("forwarded=for=203.0.113.9 x-real-ip=203.0.113.9");
    let form = [("phone", ming.phone.as_str()), ("password", PASSWORD)];
    retry_after(&guesser.post_with("/login", &headers, &form).await);
    // It holds on other servers and after a restart.
    let beside = server.second_server();
    retry_after(&guesser.at(&beside).log_in(&ming.phone, PASSWORD).await);
    server.kill();
    server.restart();
    retry_after(&guesser.log_in(&ming.phone, PASSWORD).await);
    // The owner's trusted browser is not blocked, on both servers.
    ming.sign_out().await;
    assert_eq!(ming.sign_in().await.status(), 303);
    let there = ming.at(&beside);
    there.sign_out().await;
    assert_eq!(there.sign_in().await.status(), 303);
    // The trusted browser has its own limit.
    for _ in 0..5 {
        assert_eq!(ming.log_in(&ming.phone, WRONG).await.status(), 422);
    }
    retry_after(&ming.log_in(&ming.phone, PASSWORD).await);
}

#[tokio::test]
async fn browser_is_trusted_only_for_the_users_who_signed_in_with_it() {
    let server = Teahouse::with(&[THROTTLED]);
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    for _ in 0..5 {
        assert_eq!(ana.log_in(&ming.phone, WRONG).await.status(), 422);
    }
    // Ana's browser is not trusted for Ming.
    retry_after(&ana.log_in(&ming.phone, WRONG).await);
    retry_after(&Person::visitor(&server).log_in(&ming.phone, WRONG).await);
    // A cookie without our signature is not trusted.
    let forger = Person::visitor(&server);
    let key = "0".repeat(64);
    forger.set_cookie(&format!("teahouse-browser={key}.{key}; Path=/"));
    retry_after(&forger.log_in(&ming.phone, PASSWORD).await);
    assert_eq!(ana.sign_in().await.status(), 303);
}

#[tokio::test]
async fn at_most_five_concurrent_guesses_are_checked() {
    let server = Teahouse::with(&[THROTTLED]);
    let ming = Person::register(&server, "Ming").await;
    let guesser = Person::visitor(&server);
    let guesses = (0..40).map(|_| guesser.log_in(&ming.phone, WRONG));
    let answers = futures_util::future::join_all(guesses).await;
    let statuses: Vec<_> = answers
        .iter()
        .map(|answer| answer.status().as_u16())
        .collect();
    let checked = statuses.iter().filter(|status| **status == 422).count();
    println!("{checked} of 40 concurrent guesses checked");
    assert!((1..=5).contains(&checked));
    let all_match = statuses
        .iter()
        .all(|status| [422, 429, 503].contains(status));
    assert!(all_match);
}

/// Shortens the current wait to one second.
fn shorten_wait(server: &Teahouse) {
    let at = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let now = chrono::Utc::now();
    let (now, soon) = (at(now), at(now + chrono::TimeDelta::seconds(1)));
    server.execute(&format!(
        "UPDATE throttles SET open_at = '{soon}' WHERE open_at > '{now}'"
    ));
}

#[tokio::test]
async fn waits_double_and_a_correct_password_resets_them() {
    let server = Teahouse::configured("throttle.enabled=true throttle.sign_ins_per_address=1000");
    let ming = Person::register(&server, "Ming").await;
    let stranger = Person::visitor(&server);
    for n in 1..=5 {
        let answer = stranger.log_in(&ming.phone, WRONG).await;
        assert_eq!(answer.status(), 422, "{n}");
    }
    let wait = retry_after(&stranger.log_in(&ming.phone, WRONG).await);
    assert!((31..=60).contains(&wait), "not a minute: {wait}");
    shorten_wait(&server);
    let sixth = eventually("the wait ends", || async {
        let answer = stranger.log_in(&ming.phone, WRONG).await;
        (answer.status() != 429).then_some(answer)
    });
    assert_eq!(sixth.await.status(), 422);
    let wait = retry_after(&stranger.log_in(&ming.phone, WRONG).await);
    assert!((91..=120).contains(&wait), "not twice as long: {wait}");
    shorten_wait(&server);
    until("the right password is accepted", async || {
        let answer = stranger.log_in(&ming.phone, PASSWORD).await;
        answer.status() == 303
    })
    .await;
    let other = Person::visitor(&server);
    for _ in 0..4 {
        let status = other.log_in(&ming.phone, WRONG).await.status();
        assert_eq!(status, 422, "the counter was not reset");
    }
}

#[tokio::test]
async fn address_may_fail_ten_times_a_minute_and_trusted_browsers_are_exempt() {
    let server = Teahouse::configured("throttle.enabled=true server.trusted_proxies=127.0.0.1");
    let ming = Person::register(&server, "Ming").await;
    let guesser = Person::visitor(&server);
    let number = |n: u32| format!("+86139000{n:05}");
    for n in 0..10 {
        let answer = guess_from(&guesser, &number(n), OFFICE).await;
        assert_eq!(answer.status(), 422, "{n}");
    }
    retry_after(&guess_from(&guesser, &number(10), OFFICE).await);
    let office = async |who: &Person| {
        let form = [("phone", ming.phone.as_str()), ("password", PASSWORD)];
        who.post_with("/login", &[("x-forwarded-for", OFFICE)], &form)
            .await
    };
    retry_after(&office(&Person::visitor(&server)).await);
    // Ming's trusted browser has the same address.
    assert_eq!(office(&ming).await.status(), 303);
    // Other addresses are not affected; IPv6 addresses count by /64.
    let status =
        async |n: u32, address: &str| guess_from(&guesser, &number(n), address).await.status();
    assert_eq!(status(11, "198.51.100.8").await, 422);
    for n in 0..10 {
        assert_eq!(status(20 + n, &format!("2001:db8::{n:x}")).await, 422);
    }
    retry_after(&guess_from(&guesser, &number(40), "2001:db8::ffff").await);
    assert_eq!(status(41, "2001:db8:0:1::1").await, 422);
}

#[tokio::test]
async fn registrations_are_limited_per_address_and_per_browser() {
    let server = Teahouse::configured("throttle.enabled=true throttle.registrations_per_address=7");
    let browser = Person::visitor(&server);
    let register = async |who: &Person, phone: &str, name: &str| {
        let form = [("phone", phone), ("username", name), ("password", PASSWORD)];
        who.post("/register", &form).await
    };
    let phones: Vec<String> = (0..12).map(|_| Person::visitor(&server).phone).collect();
    for (n, phone) in phones.iter().enumerate().take(3) {
        let answer = register(&browser, phone, &format!("person{n}")).await;
        assert_eq!(answer.status(), 303, "{n}");
        // A taken username counts only for the address.
        let slip = register(&browser, &phones[9], "person0").await;
        assert_eq!(slip.status(), if n < 2 { 422 } else { 429 });
    }
    let answer = register(&browser, &phones[3], "person3").await;
    assert!(retry_after(&answer) > 3600 * 20);
    // Another browser at the same address has the remaining two.
    for (n, phone) in phones.iter().enumerate().skip(4).take(2) {
        let other = Person::visitor(&server);
        let answer = register(&other, phone, &format!("person{n}")).await;
        assert_eq!(answer.status(), 303, "{n}");
    }
    let answer = register(&Person::visitor(&server), &phones[6], "person6").await;
    let wait = retry_after(&answer);
    assert!((3000..=3600).contains(&wait), "{wait}");
    assert!(answer.text().await.expect("text").contains("60 minutes"));
    assert_eq!(server.count("users"), 5);
}

#[tokio::test]
async fn registrations_with_a_taken_number_are_counted() {
    let server = Teahouse::configured("throttle.enabled=true throttle.registrations_per_address=4");
    let ming = Person::register(&server, "Ming").await;
    let mut curious = Person::visitor(&server);
    curious.phone.clone_from(&ming.phone);
    for n in 0..4 {
        let answer = curious.submit_registration(&format!("curious{n}")).await;
        assert_eq!(answer.status(), if n < 3 { 422 } else { 429 }, "{n}");
    }
}

#[tokio::test]
async fn disabled_throttling_counts_nothing() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for _ in 0..12 {
        let visitor = Person::visitor(&server);
        assert_eq!(visitor.log_in(&ming.phone, WRONG).await.status(), 422);
    }
    assert_eq!(server.count("throttles"), 0);
}

#[tokio::test]
async fn throttles_store_only_hashed_keys() {
    let server = Teahouse::with(&[THROTTLED]);
    let ming = Person::register(&server, "Ming").await;
    Person::visitor(&server).log_in(&ming.phone, WRONG).await;
    let keys = server.strings("SELECT key_hash AS value FROM throttles");
    assert!(keys.len() >= 3, "{keys:?}");
    let is_hash = |key: &String| key.len() == 64 && key.chars().all(|c| c.is_ascii_hexdigit());
    assert!(keys.iter().all(is_hash));
}

/// Registers everyone at once as person0, person1, …; returns the statuses.
pub async fn register_at_once(people: &[Person]) -> Vec<u16> {
    let forms = people.iter().enumerate().map(|(n, person)| async move {
        let answer = person.submit_registration(&format!("person{n}")).await;
        answer.status().as_u16()
    });
    futures_util::future::join_all(forms).await
}

#[tokio::test]
async fn concurrent_registrations_of_one_number_create_one_account() {
    let server = Teahouse::start();
    Person::register(&server, "admin").await;
    let phone = Person::visitor(&server).phone;
    let mut people: Vec<_> = (0..50).map(|_| Person::visitor(&server)).collect();
    for person in &mut people {
        person.phone.clone_from(&phone);
    }
    let answers = register_at_once(&people).await;
    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    let (accepted, refused, busy) = (count(303), count(422), count(503));
    println!("50 at once: {accepted} accepted, {refused} refused, {busy} told to retry");
    assert_eq!(accepted + refused + busy, 50, "{answers:?}");
    assert!(accepted <= 1);
    assert_eq!(server.count(&format!("users WHERE phone = '{phone}'")), 1);
}
