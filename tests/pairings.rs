//! A signed-in browser lets another device in: by a code that is asked for there and allowed here.

use crate::support::{Person, Teahouse, status_and_location, text_of};
use futures_util::future::join_all;
use reqwest::{Method, Response};

const CODE: &str = "/settings/pairing";
const STATE: &str = "data-controller=\"pairing\" data-state=\"";

/// The text between a mark and the next quote.
fn after<'a>(page: &'a str, mark: &str) -> &'a str {
    let (_, rest) = page
        .split_once(mark)
        .unwrap_or_else(|| panic!("no {mark} in {page}"));
    rest.split('"').next().expect("its end")
}

impl Person {
    /// Makes a code; answers the path of its link.
    async fn makes_a_code(&self) -> String {
        assert_eq!(status_and_location(&self.post(CODE, &[]).await), (303, CODE));
        let page = self.page(CODE).await;
        assert_eq!(after(&page, STATE), "open");
        assert!(page.contains("<svg class=\"qr\""), "to be photographed");
        let link = after(&page, "id=\"link\" value=\"").replace("&#x2F;", "/");
        let at = link.find("/pairings/").expect("a path");
        link[at..].to_owned()
    }

    /// How far things are at this address; `gone` with 404.
    async fn state(&self, path: &str) -> String {
        let answer = self.get(path).await;
        let status = answer.status().as_u16();
        let page = answer.text().await.expect("text");
        let state = after(&page, STATE).to_owned();
        assert_eq!(status == 404, state == "over" && path != CODE, "{state}");
        state
    }

    /// Allows or refuses whoever has asked.
    async fn decides(&self, method: &str) -> u16 {
        let id = after(&self.page(CODE).await, "name=\"id\" value=\"").to_owned();
        self.submit(method, CODE, &[("id", &id)]).await
    }

    async fn asks(&self, link: &str) -> u16 {
        self.post(link, &[]).await.status().as_u16()
    }

    async fn comes_in(&self, link: &str) -> Response {
        self.post(&format!("{link}/session"), &[]).await
    }

    async fn is_in(&self) -> bool {
        self.get_json("/api/auth_user").await.0 == 200
    }

    /// A visitor whose browser says this of itself.
    async fn asks_as(&self, link: &str, agent: &str) -> u16 {
        let request = self.request(Method::POST, link).header("user-agent", agent);
        request.send().await.expect("a response").status().as_u16()
    }
}

#[tokio::test]
async fn a_phone_comes_in_by_a_code_that_the_first_device_allows() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let phone = Person::visitor(&server);
    assert_eq!(
        status_and_location(&ming.get(CODE).await),
        (303, "/settings/sessions"),
        "there is no code yet"
    );
    let link = ming.makes_a_code().await;
    // Whoever only looks, as programs do that show a preview, changes nothing.
    for _ in 0..3 {
        assert_eq!(Person::visitor(&server).state(&link).await, "open");
        assert_eq!(
            phone
                .request(Method::HEAD, &link)
                .send()
                .await
                .expect("a response")
                .status(),
            200
        );
    }
    assert!(phone.page(&link).await.contains("Ming"));
    assert_eq!(ming.state(CODE).await, "open");
    let android =
        "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36";
    assert_eq!(phone.asks_as(&link, android).await, 303);
    let (here, there) = (ming.page(CODE).await, phone.page(&link).await);
    assert_eq!(
        text_of(&here, "pairing-device"),
        "Chrome · Android · 127.0.0.1"
    );
    let code = text_of(&here, "pairing-code");
    assert_eq!(code, text_of(&there, "pairing-code"), "both show the same");
    assert!(
        code.len() == 2 && code.chars().all(|c| c.is_ascii_digit()),
        "{code}"
    );
    assert!(!here.contains("id=\"link\""), "the link has done its work");
    assert_eq!(phone.comes_in(&link).await.status(), 404, "not yet allowed");
    assert_eq!(ming.decides("put").await, 303);
    assert_eq!(phone.state(&link).await, "allowed");
    assert!(!phone.is_in().await, "looking signs nobody in");
    assert_eq!(status_and_location(&phone.comes_in(&link).await), (303, "/"));
    assert!(phone.is_in().await);
    assert_eq!(ming.state(CODE).await, "used");
    let devices = ming.page("/settings/sessions").await;
    assert_eq!(devices.matches("id=\"device-").count(), 2);
    // Once.
    for who in [&phone, &Person::visitor(&server)] {
        assert_eq!(who.state(&link).await, "over");
        assert_eq!(who.asks(&link).await, 404);
        assert_eq!(who.comes_in(&link).await.status(), 404);
    }
    let kinds = server
        .database()
        .strings("SELECT kind AS value FROM security_events ORDER BY id");
    let wanted = [
        "pairing-made",
        "pairing-asked",
        "pairing-allowed",
        "signed-in",
    ];
    assert!(kinds.ends_with(&wanted.map(str::to_owned)), "{kinds:?}");
    let events = ming.page("/settings/security").await;
    assert!(
        wanted
            .iter()
            .all(|kind| events.contains(&format!("data-kind=\"{kind}\"")))
    );
    // Its own session, which goes alone.
    assert_eq!(status_and_location(&phone.sign_out().await), (303, "/login"));
    assert!(ming.is_in().await);
}

#[tokio::test]
async fn whom_the_first_device_refuses_stays_out() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let phone = Person::visitor(&server);
    let link = ming.makes_a_code().await;
    assert_eq!(phone.asks(&link).await, 303);
    assert_eq!(ming.decides("delete").await, 303);
    assert_eq!(
        (phone.state(&link).await, ming.state(CODE).await),
        ("refused".into(), "refused".into())
    );
    assert_eq!(phone.comes_in(&link).await.status(), 404);
    // Neither is it decided anew, nor asked again.
    assert_eq!(phone.asks(&link).await, 303);
    assert_eq!(phone.state(&link).await, "refused");
    assert!(!phone.is_in().await);
    // A code that nobody asked by is taken back.
    let link = ming.makes_a_code().await;
    assert_eq!(ming.decides("delete").await, 303);
    assert_eq!(phone.state(&link).await, "over");
    assert_eq!(status_and_location(&ming.get(CODE).await), (303, "/settings/sessions"));
}

#[tokio::test]
async fn nobody_else_asks_or_comes_in_by_somebodys_code() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let link = ming.makes_a_code().await;
    let id = after(&ming.page(CODE).await, "name=\"id\" value=\"").to_owned();
    // Of many who ask at once one does, and the others are told that it is over.
    let phones: Vec<_> = (0..10).map(|_| Person::visitor(&server)).collect();
    let asked = join_all(phones.iter().map(|phone| phone.asks(&link))).await;
    assert_eq!(
        asked.iter().filter(|status| **status == 303).count(),
        1,
        "{asked:?}"
    );
    assert!(
        asked.iter().all(|status| [303, 404].contains(status)),
        "{asked:?}"
    );
    let first = asked.iter().position(|status| *status == 303).expect("one");
    let other = &phones[(first + 1) % phones.len()];
    assert_eq!(other.state(&link).await, "over");
    // Only the session that made it decides.
    let elsewhere = ming.on_another_device(&server).await;
    for who in [&ana, &elsewhere] {
        let (status, _) = who
            .post_json(CODE, &serde_json::json!({"_method": "put", "id": id}))
            .await;
        assert_eq!(status, 404);
    }
    assert_eq!(ming.decides("put").await, 303);
    // Another browser with the link is not the one that was allowed.
    for who in [other, &ana, &Person::visitor(&server)] {
        assert_eq!(who.comes_in(&link).await.status(), 404);
    }
    // However often it knocks, it comes in once.
    let phone = &phones[first];
    let knocks = join_all((0..10).map(|_| phone.comes_in(&link))).await;
    let statuses: Vec<u16> = knocks
        .iter()
        .map(|answer| answer.status().as_u16())
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
    let sessions = "SELECT COUNT(*) AS value FROM sessions WHERE user_id = 1";
    assert_eq!(server.database().number(sessions), 3);
}

#[tokio::test]
async fn a_code_ends_after_four_minutes_and_with_the_next_one() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let phone = Person::visitor(&server);
    let old = ming.makes_a_code().await;
    let ends = server
        .database()
        .strings("SELECT CAST(expires_at AS CHAR) AS value FROM pairings")
        .remove(0);
    let ends =
        chrono::NaiveDateTime::parse_from_str(&ends, "%Y-%m-%d %H:%M:%S%.f").expect("a time");
    let seconds = (ends - chrono::Utc::now().naive_utc()).num_seconds();
    assert!((220..=240).contains(&seconds), "{seconds}");
    let past = || {
        server
            .database()
            .run("UPDATE pairings SET expires_at = '2020-01-01 00:00:00.000'");
    };
    past();
    assert_eq!(
        (phone.state(&old).await, ming.state(CODE).await),
        ("over".into(), "over".into())
    );
    assert_eq!(phone.asks(&old).await, 404);
    let link = ming.makes_a_code().await;
    assert_ne!(old, link);
    assert_eq!(phone.state(&old).await, "over", "the newest counts");
    assert_eq!(phone.asks(&link).await, 303);
    let id = after(&ming.page(CODE).await, "name=\"id\" value=\"").to_owned();
    past();
    assert_eq!(ming.submit("put", CODE, &[("id", &id)]).await, 303);
    assert_eq!(ming.state(CODE).await, "over", "too late to allow it");
    let link = ming.makes_a_code().await;
    assert_eq!(phone.asks(&link).await, 303);
    assert_eq!(ming.decides("put").await, 303);
    past();
    assert_eq!(
        phone.comes_in(&link).await.status(),
        404,
        "too late to come in"
    );
}

#[tokio::test]
async fn a_code_ends_with_the_session_that_made_it() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let ends: [(&str, &str); 3] = [
        ("signed out", "POST"),
        ("signed out elsewhere", "DELETE"),
        ("banned", ""),
    ];
    for (how, method) in ends {
        let first = ming.on_another_device(&server).await;
        let (phone, late) = (Person::visitor(&server), Person::visitor(&server));
        let link = first.makes_a_code().await;
        assert_eq!(phone.asks(&link).await, 303);
        assert_eq!(first.decides("put").await, 303);
        match method {
            "POST" => assert_eq!(first.sign_out().await.status(), 303),
            "DELETE" => assert_eq!(ming.submit("delete", "/settings/sessions", &[]).await, 303),
            _ => server
                .database()
                .run("UPDATE users SET status = 'banned' WHERE username = 'Ming'"),
        }
        assert_eq!(phone.state(&link).await, "over", "{how}");
        assert_eq!(late.asks(&link).await, 404, "{how}");
        assert_eq!(phone.comes_in(&link).await.status(), 404, "{how}");
        assert!(!phone.is_in().await, "{how}");
    }
}

#[tokio::test]
async fn it_is_made_here_asked_for_there_and_allowed_here() {
    let here = Teahouse::start();
    let there = here.second_server();
    let ming = Person::register(&here, "Ming").await;
    let phone = Person::visitor(&there);
    let link = ming.makes_a_code().await;
    assert_eq!(phone.asks(&link).await, 303);
    assert_eq!(ming.decides("put").await, 303);
    assert_eq!(status_and_location(&phone.comes_in(&link).await), (303, "/"));
    assert!(phone.is_in().await && phone.at(&here).is_in().await);
}

#[tokio::test]
async fn codes_and_questions_are_counted() {
    let server = Teahouse::with(&[
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__THROTTLE__PAIRINGS_PER_PERSON", "3"),
        ("TEAHOUSE__THROTTLE__PAIRINGS_PER_ADDRESS", "4"),
    ]);
    let ming = Person::register(&server, "Ming").await;
    for _ in 0..3 {
        assert_eq!(ming.post(CODE, &[]).await.status(), 303);
    }
    let refused = ming.post(CODE, &[]).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let guesser = Person::visitor(&server);
    for n in 0..4 {
        assert_eq!(guesser.asks(&format!("/pairings/{n:032x}")).await, 404);
    }
    assert_eq!(guesser.asks("/pairings/0").await, 429);
}

#[tokio::test]
async fn neither_the_log_nor_the_database_knows_a_link() {
    let server = Teahouse::with(&[
        ("TEAHOUSE_ENV", "development"),
        ("TEAHOUSE__LOG__FILTER", "trace"),
    ]);
    let ming = Person::register(&server, "Ming").await;
    let phone = Person::visitor(&server);
    let link = ming.makes_a_code().await;
    phone.page(&link).await;
    let kept = "SELECT CONCAT(session_hash, id, token_hash) AS value FROM pairings";
    let kept = match server.database().is_mysql() {
        true => server.database().strings(kept),
        false => server
            .database()
            .strings("SELECT session_hash || id || token_hash AS value FROM pairings"),
    };
    assert_eq!(phone.asks(&link).await, 303);
    assert_eq!(ming.decides("put").await, 303);
    assert_eq!(phone.comes_in(&link).await.status(), 303);
    let token = link.trim_start_matches("/pairings/");
    assert!(token.len() == 32 && !kept[0].contains(token), "{kept:?}");
    let mut secrets = vec![token.to_owned()];
    for pair in phone.cookies().split("; ") {
        secrets.extend(pair.split_once('=').map(|(_, value)| value.to_owned()));
    }
    assert!(secrets.len() == 3, "{secrets:?}");
    let log = server.log().join("\n");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} in\n{log}");
    }
}
