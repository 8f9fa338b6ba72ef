//! Pairing: a signed-in device creates a code, another device requests access with it, the first one approves.

use crate::support::{Person, Teahouse, redirect, status_and_location, text_of, words};
use futures_util::future::join_all;
use reqwest::Method;

const CODE: &str = "/settings/pairing";
const STATE: &str = "data-controller=\"pairing\" data-state=\"";

/// The text between `mark` and the next quote.
fn after<'a>(page: &'a str, mark: &str) -> &'a str {
    let (_, rest) = page
        .split_once(mark)
        .unwrap_or_else(|| panic!("no {mark} in {page}"));
    rest.split('"').next().expect("its end")
}

impl Person {
    /// Creates a code and returns the path of its link.
    async fn create_code(&self) -> String {
        let made = self.post(CODE, &[]).await;
        assert_eq!(status_and_location(&made), (303, CODE));
        let page = self.page(CODE).await;
        assert_eq!(after(&page, STATE), "open");
        assert!(page.contains("<svg class=\"qr\""), "no QR code");
        let link = after(&page, "id=\"link\" value=\"").replace("&#x2F;", "/");
        let at = link.find("/pairings/").expect("a path");
        link[at..].to_owned()
    }

    /// The pairing's state shown at this path; `over` with 404.
    async fn state(&self, path: &str) -> String {
        let answer = self.get(path).await;
        let status = answer.status().as_u16();
        let page = answer.text().await.expect("text");
        let state = after(&page, STATE).to_owned();
        assert_eq!(status == 404, state == "over" && path != CODE, "{state}");
        state
    }

    /// Approves (`put`) or refuses (`delete`) the pending request.
    async fn decide(&self, method: &str) -> u16 {
        let id = after(&self.page(CODE).await, "name=\"id\" value=\"").to_owned();
        self.submit(method, CODE, &[("id", &id)]).await
    }

    async fn request_access(&self, link: &str) -> u16 {
        self.post(link, &[]).await.status().as_u16()
    }

    /// Status of completing the pairing.
    async fn complete(&self, link: &str) -> u16 {
        self.request_access(&format!("{link}/session")).await
    }

    async fn is_signed_in(&self) -> bool {
        self.get_json("/api/auth_user").await.0 == 200
    }

    async fn request_access_as(&self, link: &str, agent: &str) -> u16 {
        let request = self.request(Method::POST, link).header("user-agent", agent);
        request.send().await.expect("a response").status().as_u16()
    }
}

#[tokio::test]
async fn approved_device_is_signed_in_once() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let phone = Person::visitor(&server);
    let no_code = (303, "/settings/sessions");
    assert_eq!(status_and_location(&ming.get(CODE).await), no_code);
    let link = ming.create_code().await;
    // Opening the link, as link previews do, changes nothing.
    for _ in 0..3 {
        assert_eq!(Person::visitor(&server).state(&link).await, "open");
        let head = phone.request(Method::HEAD, &link).send().await;
        assert_eq!(head.expect("a response").status(), 200);
    }
    assert!(phone.page(&link).await.contains("Ming"));
    assert_eq!(ming.state(CODE).await, "open");
    let android =
        "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36";
    assert_eq!(phone.request_access_as(&link, android).await, 303);
    let (here, there) = (ming.page(CODE).await, phone.page(&link).await);
    let device = text_of(&here, "pairing-device");
    assert_eq!(device, "Chrome · Android · 127.0.0.1");
    let code = text_of(&here, "pairing-code");
    let shown = text_of(&there, "pairing-code");
    assert_eq!(code, shown, "both devices show the same code");
    let is_digit = |c: char| c.is_ascii_digit();
    assert!(code.len() == 2 && code.chars().all(is_digit), "{code}");
    let is_hidden = !here.contains("id=\"link\"");
    assert!(is_hidden, "the used link is still shown");
    assert_eq!(phone.complete(&link).await, 404, "before approval");
    assert_eq!(ming.decide("put").await, 303);
    assert_eq!(phone.state(&link).await, "allowed");
    let is_expected = !phone.is_signed_in().await;
    assert!(is_expected, "opening the link signed the device in");
    let completed = phone.post(&format!("{link}/session"), &[]).await;
    assert_eq!(redirect(&completed), "303 /");
    assert!(phone.is_signed_in().await);
    assert_eq!(ming.state(CODE).await, "used");
    let devices = ming.page("/settings/sessions").await;
    assert_eq!(devices.matches("id=\"device-").count(), 2);
    // The link works once.
    for who in [&phone, &Person::visitor(&server)] {
        assert_eq!(who.state(&link).await, "over");
        assert_eq!(who.request_access(&link).await, 404);
        assert_eq!(who.complete(&link).await, 404);
    }
    let kinds = server.strings("SELECT kind AS value FROM security_events ORDER BY id");
    let wanted = words("pairing-made pairing-asked pairing-allowed signed-in");
    assert!(kinds.join(" ").ends_with(&wanted.join(" ")), "{kinds:?}");
    let events = ming.page("/settings/security").await;
    let is_shown = |kind: &&str| events.contains(&format!("data-kind=\"{kind}\""));
    assert!(wanted.iter().all(is_shown));
    // The paired device has a session of its own.
    assert_eq!(redirect(&phone.sign_out().await), "303 /login");
    assert!(ming.is_signed_in().await);
}

#[tokio::test]
async fn refused_device_is_not_signed_in() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let phone = Person::visitor(&server);
    let link = ming.create_code().await;
    assert_eq!(phone.request_access(&link).await, 303);
    assert_eq!(ming.decide("delete").await, 303);
    let states = (phone.state(&link).await, ming.state(CODE).await);
    assert_eq!(states, ("refused".into(), "refused".into()));
    assert_eq!(phone.complete(&link).await, 404);
    // A second request does not change the decision.
    assert_eq!(phone.request_access(&link).await, 303);
    assert_eq!(phone.state(&link).await, "refused");
    assert!(!phone.is_signed_in().await);
    // The creator can withdraw an unused code.
    let link = ming.create_code().await;
    assert_eq!(ming.decide("delete").await, 303);
    assert_eq!(phone.state(&link).await, "over");
    assert_eq!(redirect(&ming.get(CODE).await), "303 /settings/sessions");
}

#[tokio::test]
async fn only_the_first_requesting_device_and_the_creating_session_can_use_a_code() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let link = ming.create_code().await;
    let id = after(&ming.page(CODE).await, "name=\"id\" value=\"").to_owned();
    // Of concurrent requests one succeeds; the others get 404.
    let phones: Vec<_> = (0..10).map(|_| Person::visitor(&server)).collect();
    let statuses = join_all(phones.iter().map(|phone| phone.request_access(&link))).await;
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(303), count(404)), (1, 9), "{statuses:?}");
    let first = statuses.iter().position(|status| *status == 303);
    let first = first.expect("one");
    let other = &phones[(first + 1) % phones.len()];
    assert_eq!(other.state(&link).await, "over");
    // Only the session that created the code can approve the request.
    let elsewhere = ming.on_another_device(&server).await;
    for who in [&ana, &elsewhere] {
        let body = serde_json::json!({"_method": "put", "id": id});
        assert_eq!(who.post_json(CODE, &body).await.0, 404);
    }
    assert_eq!(ming.decide("put").await, 303);
    // Other browsers with the link cannot complete the pairing.
    for who in [other, &ana, &Person::visitor(&server)] {
        assert_eq!(who.complete(&link).await, 404);
    }
    // Concurrent completions create one session.
    let phone = &phones[first];
    let statuses = join_all((0..10).map(|_| phone.complete(&link))).await;
    let completed = statuses.iter().filter(|status| **status == 303).count();
    assert_eq!(completed, 1, "{statuses:?}");
    assert_eq!(server.count("sessions WHERE user_id = 1"), 3);
}

#[tokio::test]
async fn code_expires_after_four_minutes_or_when_the_next_is_created() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let phone = Person::visitor(&server);
    let old = ming.create_code().await;
    let sql = "SELECT CAST(expires_at AS CHAR) AS value FROM pairings";
    let ends = server.strings(sql).remove(0);
    let format = "%Y-%m-%d %H:%M:%S%.f";
    let ends = chrono::NaiveDateTime::parse_from_str(&ends, format).expect("a time");
    let seconds = (ends - chrono::Utc::now().naive_utc()).num_seconds();
    assert!((220..=240).contains(&seconds), "{seconds}");
    let past = "UPDATE pairings SET expires_at = '2020-01-01 00:00:00.000'";
    let expire = || server.execute(past);
    expire();
    let states = (phone.state(&old).await, ming.state(CODE).await);
    assert_eq!(states, ("over".into(), "over".into()));
    assert_eq!(phone.request_access(&old).await, 404);
    let link = ming.create_code().await;
    assert_ne!(old, link);
    assert_eq!(phone.state(&old).await, "over", "the next code replaces it");
    assert_eq!(phone.request_access(&link).await, 303);
    let id = after(&ming.page(CODE).await, "name=\"id\" value=\"").to_owned();
    expire();
    assert_eq!(ming.submit("put", CODE, &[("id", &id)]).await, 303);
    assert_eq!(ming.state(CODE).await, "over", "expired before approval");
    let link = ming.create_code().await;
    assert_eq!(phone.request_access(&link).await, 303);
    assert_eq!(ming.decide("put").await, 303);
    expire();
    let found = phone.complete(&link).await;
    assert_eq!(found, 404, "expired before completion");
}

#[tokio::test]
async fn code_is_invalid_after_its_creating_session_ended() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for how in ["signed out", "signed out elsewhere", "banned"] {
        let first = ming.on_another_device(&server).await;
        let (phone, late) = (Person::visitor(&server), Person::visitor(&server));
        let link = first.create_code().await;
        assert_eq!(phone.request_access(&link).await, 303);
        assert_eq!(first.decide("put").await, 303);
        match how {
            "signed out" => assert_eq!(first.sign_out().await.status(), 303),
            "signed out elsewhere" => {
                assert_eq!(ming.submit("delete", "/settings/sessions", &[]).await, 303)
            }
            _ => server.execute("UPDATE users SET status = 'banned' WHERE username = 'Ming'"),
        }
        assert_eq!(phone.state(&link).await, "over", "{how}");
        assert_eq!(late.request_access(&link).await, 404, "{how}");
        assert_eq!(phone.complete(&link).await, 404, "{how}");
        assert!(!phone.is_signed_in().await, "{how}");
    }
}

#[tokio::test]
async fn pairing_works_across_server_processes() {
    let here = Teahouse::start();
    let there = here.second_server();
    let ming = Person::register(&here, "Ming").await;
    let phone = Person::visitor(&there);
    let link = ming.create_code().await;
    assert_eq!(phone.request_access(&link).await, 303);
    assert_eq!(ming.decide("put").await, 303);
    assert_eq!(phone.complete(&link).await, 303);
    assert!(phone.is_signed_in().await && phone.at(&here).is_signed_in().await);
}

#[tokio::test]
async fn creating_codes_and_requesting_access_are_rate_limited() {
    let server = Teahouse::configured(
        "throttle.enabled=true throttle.pairings_per_person=3 \
         throttle.pairings_per_address=4",
    );
    let ming = Person::register(&server, "Ming").await;
    for _ in 0..3 {
        assert_eq!(ming.post(CODE, &[]).await.status(), 303);
    }
    let refused = ming.post(CODE, &[]).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let guesser = Person::visitor(&server);
    for n in 0..4 {
        let found = guesser.request_access(&format!("/pairings/{n:032x}")).await;
        assert_eq!(found, 404);
    }
    assert_eq!(guesser.request_access("/pairings/0").await, 429);
}

#[tokio::test]
async fn link_and_cookies_are_neither_logged_nor_stored_in_plain_text() {
    let server = Teahouse::with(&[
        ("TEAHOUSE_ENV", "development"),
        ("TEAHOUSE__LOG__FILTER", "trace"),
    ]);
    let ming = Person::register(&server, "Ming").await;
    let phone = Person::visitor(&server);
    let link = ming.create_code().await;
    phone.page(&link).await;
    let sql = match server.database().is_mysql() {
        true => "SELECT CONCAT(session_hash, id, token_hash) AS value FROM pairings",
        false => "SELECT session_hash || id || token_hash AS value FROM pairings",
    };
    let kept = server.strings(sql);
    assert_eq!(phone.request_access(&link).await, 303);
    assert_eq!(ming.decide("put").await, 303);
    assert_eq!(phone.complete(&link).await, 303);
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
