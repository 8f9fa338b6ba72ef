//! The log reports what happened and contains no personal data.

use crate::support::{
    Person, SmsProvider, Teahouse, client_id, eventually, pairs, person::PASSWORD, random_secret,
    until,
};
use serde_json::{Value, json};

const TEXT: &str = "a very private sentence";

/// Uses most features, also with invalid input, and returns the strings that must not be logged.
async fn use_each_feature(server: &Teahouse) -> Vec<String> {
    let ming = Person::register(server, "Ming").await;
    let mut secrets = vec![
        ming.phone[3..].to_owned(),
        PASSWORD.to_owned(),
        PASSWORD.replace(' ', "+"),
        TEXT.to_owned(),
    ];
    secrets.extend(
        ming.cookie()
            .split_once('=')
            .map(|(_, value)| value.to_owned()),
    );
    ming.post("/rooms/1/messages", &[("content", TEXT)]).await;
    let mut socket = ming.socket().await;
    socket.say(TEXT).await;
    let id = client_id();
    for text in [TEXT, "a very private sentence, changed"] {
        let body = json!({"content": text, "clientId": id});
        ming.post_json("/rooms/1/messages", &body).await;
    }
    ming.submit_registration("Ming").await;
    let (password, next) = (
        ("password", "wrong wrong wrong"),
        ("next", "/rooms/1?at=4242"),
    );
    ming.post("/login", &[("phone", &ming.phone), password, next])
        .await;
    let query = format!("next=/x&phone={}&token=s3cr3t-t0k3n", &ming.phone[1..]);
    ming.get(&format!("/login?{query}")).await;
    socket
        .send(json!({"type": "post", "clientId": "x", "roomId": "1", "content": TEXT}))
        .await;
    socket.discard_pending().await;
    secrets.extend([
        "wrong wrong wrong".to_owned(),
        "wrong+wrong".to_owned(),
        "s3cr3t-t0k3n".to_owned(),
    ]);
    ming.sign_out().await;
    secrets
}

#[tokio::test]
async fn phone_numbers_passwords_cookies_and_content_are_not_logged() {
    for (environment, filter) in pairs("test=info development=debug development=trace") {
        let server = Teahouse::with(&[
            ("TEAHOUSE_ENV", environment),
            ("TEAHOUSE__LOG__FILTER", &format!("warn,teahouse={filter}")),
        ]);
        let secrets = use_each_feature(&server).await;
        assert!(secrets.len() == 8, "{secrets:?}");
        let log = server.log().join("\n");
        for secret in secrets {
            let is_hidden = !log.contains(&secret);
            assert!(is_hidden, "{environment} {filter}: {secret} in\n{log}");
        }
    }
}

/// Returns each isolated sequence of six digits.
fn six_digit_numbers(text: &str) -> Vec<&str> {
    let runs = text.split(|c: char| !c.is_ascii_digit());
    runs.filter(|run| run.len() == 6).collect()
}

#[tokio::test]
async fn codes_links_signatures_and_browser_ids_are_not_logged() {
    let sms = SmsProvider::responding(204, "");
    let server = Teahouse::configured(&format!(
        "TEAHOUSE_ENV=development log.filter=trace throttle.enabled=true accounts.registration=invite \
         verification.enabled=true sms.sender=webhook sms.webhook_url={}/canary-path \
         sms.webhook_secret=canary-webhook-secret",
        sms.url
    ));
    let ming = Person::visitor(&server);
    ming.submit_registration("Ming").await;
    let code = sms.code(0).await;
    ming.post("/verification", &[("code", "000001")]).await;
    ming.post("/verification", &[("code", &code)]).await;
    ming.post("/invites", &[("uses", "2"), ("days", "1")]).await;
    let invites = ming.page("/invites").await;
    let (_, invite) = invites.split_once("invite=1-").expect("an invitation");
    let mut secrets = vec![invite[..32].to_owned()];
    let guest = Person::visitor(&server);
    guest
        .get(&format!("/register?invite=1-{}", &invite[..32]))
        .await;
    for _ in 0..6 {
        let form = [("phone", &*ming.phone), ("password", "canary-password")];
        guest.post("/login", &form).await;
    }
    let made = ming.post("/password_links", &[("username", "Ming")]).await;
    let page = made.text().await.expect("text").replace("&#x2F;", "/");
    let (_, link) = page.split_once("/passwords/").expect("a link");
    let link = format!("/passwords/{}", &link[..64]);
    guest.get(&link).await;
    guest
        .post(&link, &[("password", "canary-new-password")])
        .await;
    guest
        .post("/password_reset", &[("phone", &ming.phone)])
        .await;
    let second = sms.code(1).await;
    let response = guest.post("/verification", &[("code", &second)]).await;
    let location = crate::support::status_and_location(&response).1.to_owned();
    let signature = sms.nth(0).await.headers["x-teahouse-signature"].clone();
    secrets.extend([
        ming.phone[3..].to_owned(),
        link[11..].to_owned(),
        location[11..].to_owned(),
        signature["sha256=".len()..].to_owned(),
        "canary".to_owned(),
    ]);
    for who in [&ming, &guest] {
        let cookies = who.cookies();
        let values = cookies
            .split("; ")
            .filter_map(|cookie| cookie.split_once('='));
        secrets.extend(
            values.map(|(_, value)| value.split('.').next().unwrap_or_default().to_owned()),
        );
    }
    assert!(secrets.len() >= 10, "{secrets:?}");
    // This line is written after all others.
    guest.get("/healthz?the-end").await;
    until("the log is complete", async || {
        let log = server.log();
        log.iter().any(|line| line.contains("/healthz"))
    })
    .await;
    let log = server.log().join("\n");
    for secret in &secrets {
        let at = log.find(secret.as_str());
        let around = at.map(|at| log[..at + secret.len()].lines().last().unwrap_or_default());
        assert!(at.is_none(), "{secret} in {around:?}");
    }
    // Timestamps contain six-digit numbers too.
    let untimed: String = log
        .lines()
        .map(|line| line.split_once('Z').map_or(line, |(_, rest)| rest))
        .collect();
    let found = six_digit_numbers(&untimed);
    let is_hidden = !found.contains(&code.as_str()) && !found.contains(&second.as_str());
    assert!(is_hidden, "{code} {second}");
}

#[tokio::test]
async fn each_request_is_logged_in_one_line() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let requests = [
        (
            "GET",
            "/rooms/1/messages?limit=7",
            "/rooms/{id}/messages",
            200,
        ),
        ("GET", "/rooms/4711", "/rooms/{id}", 404),
        ("GET", "/healthz", "/healthz", 200),
    ];
    for (_, path, _, _) in requests {
        for _ in 0..3 {
            ming.get(path).await;
        }
    }
    for (method, _, pattern, status) in requests {
        let what = format!("three lines about {method} {pattern} {status}");
        until(&what, async || {
            let of_it = |line: &String| {
                let line = without_colors(line);
                let words: Vec<_> = line
                    .split(|c: char| c.is_whitespace() || "=\",".contains(c))
                    .collect();
                words.contains(&method)
                    && words.contains(&pattern)
                    && words.contains(&status.to_string().as_str())
            };
            server.log().iter().filter(|line| of_it(line)).count() == 3
        })
        .await;
    }
    let log = server.log().join("\n");
    let is_hidden = !log.contains("/rooms/4711");
    assert!(is_hidden, "the route pattern, not the path");
}

/// Removes the terminal's color codes.
fn without_colors(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}

#[tokio::test]
async fn production_log_lines_are_json_with_id_and_duration() {
    let key = random_secret();
    let server = Teahouse::with(&[
        ("TEAHOUSE_ENV", "production"),
        ("PUBLIC_ORIGIN", "https://chat.example.org"),
        ("TEAHOUSE__DATA__SECRET_KEY", &key),
    ]);
    let visitor = Person::visitor(&server);
    visitor.get("/login").await;
    let line = eventually("a line about GET /login", || async {
        let lines = server
            .log()
            .into_iter()
            .filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str::<Value>(&line).expect("JSON"))
            .find(|line| line.to_string().contains("/login"))
    })
    .await;
    let fields = line.get("fields").unwrap_or(&line);
    assert_eq!(fields["method"], "GET", "{line}");
    assert_eq!(fields["status"], 200, "{line}");
    let duration = fields["ms"].to_string();
    let is_number = duration.trim_matches('"').parse::<f64>().is_ok();
    assert!(is_number, "{line}");
    let mut fields = fields.as_object().expect("an object").iter();
    let has_id = fields.any(|(name, id)| name.starts_with("request_id") && id.is_string());
    assert!(has_id, "{line}");
}

#[tokio::test]
async fn disabled_throttling_is_announced_at_start() {
    let server = Teahouse::start();
    let log = server.log().join("\n");
    assert!(log.to_lowercase().contains("throttl"), "{log}");
}
