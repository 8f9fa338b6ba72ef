//! How often a password may be guessed, and who is not locked out by that.

use crate::support::{Person, Teahouse, eventually, person::PASSWORD};
use reqwest::{Method, Response};
use serde_json::json;

const ON: (&str, &str) = ("TEAHOUSE__THROTTLE__ENABLED", "true");
const WRONG: &str = "not the password";

/// Seconds to wait, of an answer that says so.
fn retry_after(answer: &Response) -> u64 {
    assert_eq!(answer.status(), 429);
    let header = answer.headers().get("retry-after").expect("Retry-After");
    header.to_str().expect("text").parse().expect("seconds")
}

async fn guess(who: &Person, phone: &str, password: &str) -> Response {
    who.post("/login", &[("phone", phone), ("password", password)])
        .await
}

/// Guesses from behind a proxy, or as if.
async fn guess_from(who: &Person, phone: &str, address: &str) -> Response {
    who.request(Method::POST, "/login")
        .header("x-forwarded-for", address)
        .form(&[("phone", phone), ("password", WRONG)])
        .send()
        .await
        .expect("a response")
}

#[tokio::test]
async fn after_five_wrong_passwords_nobody_guesses_on_but_the_owner_gets_in() {
    let mut server = Teahouse::with(&[ON]);
    let ming = Person::register(&server, "Ming").await;
    let thief = Person::visitor(&server);
    for _ in 0..5 {
        assert_eq!(guess(&thief, &ming.phone, WRONG).await.status(), 422);
    }
    let answer = guess(&thief, &ming.phone, WRONG).await;
    let wait = retry_after(&answer);
    assert!((1..=60).contains(&wait), "{wait}");
    println!("the sixth guess: 429, Retry-After {wait}");
    let page = answer.text().await.expect("text");
    assert!(page.contains(&format!("{wait} seconds")), "{page}");
    // Not even when it is right, as a program, or in another's name.
    retry_after(&guess(&thief, &ming.phone, PASSWORD).await);
    let body = json!({"phone": ming.phone, "password": PASSWORD});
    let (status, error) = thief.post_json("/api/login", &body).await;
    assert_eq!(
        (status.as_u16(), &error["code"]),
        (429, &json!("rate_limited"))
    );
    for forged in ["203.0.113.9", "203.0.113.10, 127.0.0.1", "::1"] {
        retry_after(&guess_from(&thief, &ming.phone, forged).await);
    }
    let forwarded = thief
        .request(Method::POST, "/login")
        .header("forwarded", "for=203.0.113.9");
    let forwarded = forwarded.header("x-real-ip", "203.0.113.9");
    let form = [("phone", ming.phone.as_str()), ("password", PASSWORD)];
    retry_after(&forwarded.form(&form).send().await.expect("a response"));
    // Nor on another server, nor after a restart.
    let beside = server.second_server();
    retry_after(&guess(&thief.at(&beside), &ming.phone, PASSWORD).await);
    server.kill();
    server.restart();
    retry_after(&guess(&thief, &ming.phone, PASSWORD).await);
    // The owner's browser is known, here and there.
    ming.sign_out().await;
    assert_eq!(ming.sign_in().await.status(), 303);
    let there = ming.at(&beside);
    there.sign_out().await;
    assert_eq!(there.sign_in().await.status(), 303);
    // But it may not guess either.
    for _ in 0..5 {
        assert_eq!(guess(&ming, &ming.phone, WRONG).await.status(), 422);
    }
    retry_after(&guess(&ming, &ming.phone, PASSWORD).await);
}

#[tokio::test]
async fn a_browser_is_only_known_to_those_who_signed_in_with_it() {
    let server = Teahouse::with(&[ON]);
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    for _ in 0..5 {
        assert_eq!(guess(&ana, &ming.phone, WRONG).await.status(), 422);
    }
    // Ana's own browser guesses Ming's password like a stranger's.
    retry_after(&guess(&ana, &ming.phone, WRONG).await);
    retry_after(&guess(&Person::visitor(&server), &ming.phone, WRONG).await);
    // What looks like a known browser's cookie is none without our signature.
    let forger = Person::visitor(&server);
    let key = "0".repeat(64);
    forger.set_cookie(&format!("teahouse-browser={key}.{key}; Path=/"));
    retry_after(&guess(&forger, &ming.phone, PASSWORD).await);
    assert_eq!(ana.sign_in().await.status(), 303);
}

#[tokio::test]
async fn of_many_guesses_at_the_same_moment_no_more_than_five_are_looked_at() {
    let server = Teahouse::with(&[ON]);
    let ming = Person::register(&server, "Ming").await;
    let thief = Person::visitor(&server);
    let guesses = (0..40).map(|_| guess(&thief, &ming.phone, WRONG));
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers
        .iter()
        .filter(|answer| answer.status() == 422)
        .count();
    println!("{looked_at} of 40 guesses at once were looked at");
    assert!((1..=5).contains(&looked_at), "{looked_at}");
    let others = answers.iter().filter(|answer| answer.status() != 422);
    assert!(
        others
            .map(|answer| answer.status().as_u16())
            .all(|status| [429, 503].contains(&status))
    );
}

/// As if the current wait had begun so long ago that a second of it is left.
fn a_second_is_left(server: &Teahouse) {
    let at = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let now = chrono::Utc::now();
    let (now, soon) = (at(now), at(now + chrono::TimeDelta::seconds(1)));
    server.database().run(&format!(
        "UPDATE throttles SET open_at = '{soon}' WHERE open_at > '{now}'"
    ));
}

#[tokio::test]
async fn waits_grow_and_a_right_password_ends_them() {
    let server = Teahouse::with(&[ON, ("TEAHOUSE__THROTTLE__SIGN_INS_PER_ADDRESS", "1000")]);
    let ming = Person::register(&server, "Ming").await;
    let stranger = Person::visitor(&server);
    for n in 1..=5 {
        let answer = guess(&stranger, &ming.phone, WRONG).await;
        assert_eq!(answer.status(), 422, "{n}");
    }
    let wait = retry_after(&guess(&stranger, &ming.phone, WRONG).await);
    assert!(
        (31..=60).contains(&wait),
        "a minute after the fifth: {wait}"
    );
    a_second_is_left(&server);
    let sixth = eventually("the wait ends", || async {
        let answer = guess(&stranger, &ming.phone, WRONG).await;
        (answer.status() != 429).then_some(answer)
    });
    assert_eq!(sixth.await.status(), 422);
    let wait = retry_after(&guess(&stranger, &ming.phone, WRONG).await);
    assert!((91..=120).contains(&wait), "twice as long: {wait}");
    a_second_is_left(&server);
    eventually("the right password gets in", || async {
        let answer = guess(&stranger, &ming.phone, PASSWORD).await;
        (answer.status() == 303).then_some(())
    })
    .await;
    let other = Person::visitor(&server);
    for _ in 0..4 {
        assert_eq!(
            guess(&other, &ming.phone, WRONG).await.status(),
            422,
            "forgiven"
        );
    }
}

#[tokio::test]
async fn one_address_may_be_wrong_ten_times_a_minute_and_known_browsers_do_not_count() {
    let server = Teahouse::with(&[ON, ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let ming = Person::register(&server, "Ming").await;
    let thief = Person::visitor(&server);
    let number = |n: u32| format!("+86139000{n:05}");
    for n in 0..10 {
        let answer = guess_from(&thief, &number(n), "198.51.100.7").await;
        assert_eq!(answer.status(), 422, "{n}");
    }
    retry_after(&guess_from(&thief, &number(10), "198.51.100.7").await);
    let office = |who: &Person, password: &'static str| {
        who.request(Method::POST, "/login")
            .header("x-forwarded-for", "198.51.100.7")
            .form(&[
                ("phone", ming.phone.clone()),
                ("password", password.to_owned()),
            ])
            .send()
    };
    retry_after(
        &office(&Person::visitor(&server), PASSWORD)
            .await
            .expect("a response"),
    );
    // Ming sits in the same office, at the browser that was used before.
    assert_eq!(
        office(&ming, PASSWORD).await.expect("a response").status(),
        303
    );
    // Elsewhere nobody notices; a household has one IPv6 network.
    assert_eq!(
        guess_from(&thief, &number(11), "198.51.100.8")
            .await
            .status(),
        422
    );
    for n in 0..10 {
        let address = format!("2001:db8::{n:x}");
        assert_eq!(
            guess_from(&thief, &number(20 + n), &address).await.status(),
            422
        );
    }
    retry_after(&guess_from(&thief, &number(40), "2001:db8::ffff").await);
    assert_eq!(
        guess_from(&thief, &number(41), "2001:db8:0:1::1")
            .await
            .status(),
        422
    );
}

#[tokio::test]
async fn an_address_registers_so_many_an_hour_and_a_browser_three_a_day() {
    let server = Teahouse::with(&[ON, ("TEAHOUSE__THROTTLE__REGISTRATIONS_PER_ADDRESS", "7")]);
    let browser = Person::visitor(&server);
    let register = async |who: &Person, phone: &str, name: &str| {
        let form = [("phone", phone), ("username", name), ("password", PASSWORD)];
        who.post("/register", &form).await
    };
    let phones: Vec<String> = (0..12).map(|_| Person::visitor(&server).phone).collect();
    for (n, phone) in phones.iter().enumerate().take(3) {
        let answer = register(&browser, phone, &format!("person{n}")).await;
        assert_eq!(answer.status(), 303, "{n}");
        // A name that is taken counts for the address alone.
        let slip = register(&browser, &phones[9], "person0").await;
        assert_eq!(slip.status(), if n < 2 { 422 } else { 429 });
    }
    let answer = register(&browser, &phones[3], "person3").await;
    assert!(retry_after(&answer) > 3600 * 20);
    // Another browser at the same address has two more.
    for (n, phone) in phones.iter().enumerate().skip(4).take(2) {
        let other = Person::visitor(&server);
        let answer = register(&other, phone, &format!("person{n}")).await;
        assert_eq!(answer.status(), 303, "{n}");
    }
    let answer = register(&Person::visitor(&server), &phones[6], "person6").await;
    let wait = retry_after(&answer);
    assert!((3000..=3600).contains(&wait), "{wait}");
    assert!(answer.text().await.expect("text").contains("60 minutes"));
    let people = "SELECT COUNT(*) AS value FROM users";
    assert_eq!(server.database().number(people), 5);
}

#[tokio::test]
async fn asking_whether_numbers_have_accounts_by_registering_is_counted() {
    let server = Teahouse::with(&[ON, ("TEAHOUSE__THROTTLE__REGISTRATIONS_PER_ADDRESS", "4")]);
    let ming = Person::register(&server, "Ming").await;
    let curious = Person::visitor(&server);
    for n in 0..4 {
        let form = [
            ("phone", ming.phone.as_str()),
            ("username", &format!("curious{n}")),
            ("password", PASSWORD),
        ];
        let status = curious.post("/register", &form).await.status();
        assert_eq!(status, if n < 3 { 422 } else { 429 }, "{n}");
    }
}

#[tokio::test]
async fn without_throttling_nothing_is_counted() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for _ in 0..12 {
        assert_eq!(
            guess(&Person::visitor(&server), &ming.phone, WRONG)
                .await
                .status(),
            422
        );
    }
    let rows = "SELECT COUNT(*) AS value FROM throttles";
    assert_eq!(server.database().number(rows), 0);
}

#[tokio::test]
async fn no_number_or_address_can_be_read_from_what_is_counted() {
    let server = Teahouse::with(&[ON]);
    let ming = Person::register(&server, "Ming").await;
    guess(&Person::visitor(&server), &ming.phone, WRONG).await;
    let keys = server
        .database()
        .strings("SELECT key_hash AS value FROM throttles");
    assert!(keys.len() >= 3, "{keys:?}");
    assert!(
        keys.iter()
            .all(|key| key.len() == 64 && key.chars().all(|c| c.is_ascii_hexdigit()))
    );
}

#[tokio::test]
async fn fifty_registrations_of_one_number_at_once_make_one_account() {
    let server = Teahouse::start();
    Person::register(&server, "admin").await;
    let phone = Person::visitor(&server).phone;
    let people: Vec<_> = (0..50).map(|_| Person::visitor(&server)).collect();
    let forms = people.iter().enumerate().map(|(n, person)| {
        let (phone, name) = (phone.clone(), format!("person{n}"));
        async move {
            let form = [
                ("phone", phone.as_str()),
                ("username", &name),
                ("password", PASSWORD),
            ];
            person.post("/register", &form).await.status().as_u16()
        }
    });
    let answers = futures_util::future::join_all(forms).await;
    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    println!(
        "50 at once: {} in, {} refused, {} told to come back",
        count(303),
        count(422),
        count(503)
    );
    assert_eq!(count(303) + count(422) + count(503), 50, "{answers:?}");
    assert!(count(303) <= 1);
    let accounts = format!("SELECT COUNT(*) AS value FROM users WHERE phone = '{phone}'");
    assert_eq!(server.database().number(&accounts), 1);
}

#[tokio::test]
async fn twenty_first_registrations_at_once_make_one_admin() {
    let server = Teahouse::start();
    let people: Vec<_> = (0..20).map(|_| Person::visitor(&server)).collect();
    let forms = people.iter().enumerate().map(|(n, person)| async move {
        person
            .submit_registration(&format!("person{n}"))
            .await
            .status()
            .as_u16()
    });
    let answers = futures_util::future::join_all(forms).await;
    let admins = "SELECT COUNT(*) AS value FROM users WHERE role = 'admin'";
    assert_eq!(server.database().number(admins), 1);
    let members = "SELECT COUNT(*) AS value FROM users WHERE role = 'member'";
    let members = server.database().number(members);
    println!("20 first ones at once: 1 admin, {members} members");
    assert!(
        answers.iter().all(|status| [303, 503].contains(status)),
        "{answers:?}"
    );
}
