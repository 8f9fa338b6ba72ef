//! The log says what happened, and nothing that is nobody's business.

use crate::support::{Person, Teahouse, client_id, eventually, person::PASSWORD};
use serde_json::{Value, json};

const TEXT: &str = "a very private sentence";

/// Does a bit of everything, also wrongly, and returns what no line may contain.
async fn live(house: &Teahouse) -> Vec<String> {
    let ming = Person::register(house, "Ming").await;
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
        ming.post_json(
            "/rooms/1/messages",
            &json!({"content": text, "clientId": id}),
        )
        .await;
    }
    ming.post(
        "/register",
        &[
            ("phone", &ming.phone),
            ("username", "Ming"),
            ("password", PASSWORD),
        ],
    )
    .await;
    ming.post(
        "/login",
        &[
            ("phone", &ming.phone),
            ("password", "wrong wrong wrong"),
            ("next", "/rooms/1?at=4242"),
        ],
    )
    .await;
    ming.get(&format!(
        "/login?next=/x&phone={}&token=s3cr3t-t0k3n",
        &ming.phone[1..]
    ))
    .await;
    socket
        .send(json!({"type": "post", "clientId": "x", "roomId": "1", "content": TEXT}))
        .await;
    socket.settle().await;
    secrets.extend([
        "wrong wrong wrong".to_owned(),
        "wrong+wrong".to_owned(),
        "s3cr3t-t0k3n".to_owned(),
    ]);
    ming.sign_out().await;
    secrets
}

#[tokio::test]
async fn no_number_password_cookie_or_text_is_ever_in_it() {
    for (environment, filter) in [
        ("test", "info"),
        ("development", "debug"),
        ("development", "trace"),
    ] {
        let house = Teahouse::with(&[
            ("TEAHOUSE_ENV", environment),
            ("TEAHOUSE__LOG__FILTER", &format!("warn,teahouse={filter}")),
        ]);
        let secrets = live(&house).await;
        assert!(secrets.len() == 8, "{secrets:?}");
        let log = house.log().join("\n");
        for secret in secrets {
            assert!(
                !log.contains(&secret),
                "{environment} {filter}: {secret} in\n{log}"
            );
        }
    }
}

#[tokio::test]
async fn every_request_is_one_line() {
    let house = Teahouse::start();
    let ming = Person::register(&house, "Ming").await;
    let asked = [
        (
            "GET",
            "/rooms/1/messages?limit=7",
            "/rooms/{id}/messages",
            200,
        ),
        ("GET", "/rooms/4711", "/rooms/{id}", 404),
        ("GET", "/healthz", "/healthz", 200),
    ];
    for (_, path, _, _) in asked {
        for _ in 0..3 {
            ming.get(path).await;
        }
    }
    for (method, _, pattern, status) in asked {
        let what = format!("three lines about {method} {pattern} {status}");
        eventually(&what, || async {
            let of_it = |line: &String| {
                let line = plain(line);
                let words: Vec<_> = line
                    .split(|c: char| c.is_whitespace() || "=\",".contains(c))
                    .collect();
                words.contains(&method)
                    && words.contains(&pattern)
                    && words.contains(&status.to_string().as_str())
            };
            (house.log().iter().filter(|line| of_it(line)).count() == 3).then_some(())
        })
        .await;
    }
    let log = house.log().join("\n");
    assert!(!log.contains("/rooms/4711"), "the pattern, not the path");
}

/// Without the colours of a terminal.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}

#[tokio::test]
async fn in_production_every_line_is_json_with_an_id_and_a_duration() {
    let key = "k".repeat(64);
    let house = Teahouse::with(&[
        ("TEAHOUSE_ENV", "production"),
        ("PUBLIC_ORIGIN", "https://chat.example.org"),
        ("TEAHOUSE__DATA__SECRET_KEY", &key),
    ]);
    let visitor = Person::visitor(&house);
    visitor.get("/login").await;
    let line = eventually("a line about GET /login", || async {
        let lines = house.log().into_iter().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str::<Value>(&line).expect("JSON"))
            .find(|line| line.to_string().contains("/login"))
    })
    .await;
    let fields = line.get("fields").unwrap_or(&line);
    assert_eq!(fields["method"], "GET", "{line}");
    assert_eq!(fields["status"], 200, "{line}");
    assert!(
        fields
            .as_object()
            .expect("an object")
            .iter()
            .any(|(name, value)| name.starts_with("request_id") && value.is_string()),
        "{line}"
    );
    assert!(
        fields
            .as_object()
            .expect("an object")
            .iter()
            .any(|(name, value)| name == "ms"
                && value.to_string().trim_matches('"').parse::<f64>().is_ok()),
        "{line}"
    );
}

#[tokio::test]
async fn a_program_without_limits_says_so() {
    let house = Teahouse::start();
    assert!(
        house
            .log()
            .iter()
            .any(|line| line.to_lowercase().contains("throttl")),
        "{:?}",
        house.log()
    );
}
