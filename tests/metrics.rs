//! Metrics: what they count, who can read them, and that they contain no personal data.

use crate::support::{
    ApiClient, LOBBY, Metrics, Nginx, Person, TIMEOUT, Teahouse, client_id, until,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const DASHBOARD: &str = include_str!("../docs/grafana.json");
const TOKEN: (&str, &str) = ("TEAHOUSE__METRICS__TOKEN", "a-token-for-prometheus");

/// Waits until the sample has grown by exactly `by`.
async fn grows(visitor: &Person, before: &Metrics, sample: &str, by: f64) {
    let what = format!("{sample} grows by {by}");
    until(&what, async || {
        let now = Metrics::of(visitor).await.get(sample) - before.get(sample);
        assert!(now <= by, "{sample} grew by {now}, not {by}");
        now == by
    })
    .await;
}

#[tokio::test]
async fn connections_messages_syncs_and_errors_are_counted() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let visitor = Person::visitor(&server);
    let (mut his, mut hers) = (ming.socket().await, ana.socket().await);
    let program = ApiClient::of(&server, &ana).await;
    let stream = program.stream("/api/events", None).await;
    let before = Metrics::of(&visitor).await;
    assert_eq!(before.get("teahouse_connections{kind=\"socket\"}"), 2.0);
    assert_eq!(before.get("teahouse_connections{kind=\"stream\"}"), 1.0);
    for n in 0..5 {
        his.say(&format!("message {n}")).await;
    }
    hers.messages(5).await;
    for (sample, by) in [
        ("teahouse_ack_seconds_count", 5.0),
        ("teahouse_ack_seconds_bucket{le=\"+Inf\"}", 5.0),
        ("teahouse_commit_messages_sum", 5.0),
        // Two sockets; event streams read by themselves.
        ("teahouse_deliveries_total", 10.0),
    ] {
        grows(&visitor, &before, sample, by).await;
    }
    // An unknown frame type, an unknown room, a `sync` and a `sync` from the future.
    his.send(json!({"type": "nonsense"})).await;
    his.post("4711", "nobody there").await;
    his.send(json!({"type": "sync", "roomId": LOBBY, "ver": 2}))
        .await;
    his.expect("synced").await;
    his.send(json!({"type": "sync", "roomId": LOBBY, "ver": 99}))
        .await;
    his.expect("resync").await;
    ming.get("/rooms/4711").await;
    ming.get("/nowhere/of/mine").await;
    for (sample, by) in [
        ("teahouse_errors_total{code=\"bad_frame\"}", 1.0),
        ("teahouse_errors_total{code=\"not_found\"}", 1.0),
        ("teahouse_syncs_total", 1.0),
        ("teahouse_resyncs_total", 1.0),
        ("teahouse_http_errors_total{code=\"not_found\"}", 2.0),
        (
            "teahouse_http_requests_total{method=\"GET\",route=\"/rooms/{id}\",status=\"4xx\"}",
            1.0,
        ),
    ] {
        grows(&visitor, &before, sample, by).await;
    }
    ming.sign_out().await;
    assert_eq!(his.close_code(TIMEOUT).await, 4001);
    drop((his, hers, stream));
    let sample = "teahouse_connections_closed_total{kind=\"socket\",code=\"4001\"}";
    grows(&visitor, &before, sample, 1.0).await;
    // A closed stream is noticed at its next heartbeat.
    until("no socket is open", async || {
        let now = Metrics::of(&visitor).await;
        now.get("teahouse_connections{kind=\"socket\"}") == 0.0
    })
    .await;
}

#[tokio::test]
async fn metrics_contain_no_personal_data_or_unbounded_labels() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let mut socket = ming.socket().await;
    socket.say("a very private sentence").await;
    let id = client_id();
    for path in [
        format!("/nowhere/{id}"),
        format!("/rooms/{id}"),
        format!("/static/{id}/x.css"),
    ] {
        ming.get(&path).await;
    }
    let method: Method = "SNOOP".parse().expect("a method");
    ming.request(method, "/rooms")
        .send()
        .await
        .expect("a response");
    let figures = Metrics::of(&ming).await;
    for secret in ["Ming", &ming.phone[3..], "private", &id, "SNOOP"] {
        assert!(!figures.text.contains(secret), "{secret}");
    }
    let patterns = server.command(&["routes"]).stdout;
    let patterns: BTreeSet<_> = patterns
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    for route in figures.labels("route") {
        let is_known = route == "-" || patterns.contains(route.replace(":.*", "").as_str());
        assert!(is_known, "{route}");
    }
    assert!(figures.labels("method").contains("other"));
}

#[tokio::test]
async fn metrics_require_loopback_or_the_token() {
    let token = TOKEN.1;
    let server = Teahouse::with(&[TOKEN]);
    let visitor = Person::visitor(&server);
    let status = async |header: (&str, &str), token: Option<&str>| {
        let request = visitor
            .request(Method::GET, "/metrics")
            .header(header.0, header.1);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.expect("a response").status().as_u16()
    };
    let direct = ("accept", "*/*");
    let forwarded = ("x-forwarded-for", "203.0.113.7");
    let elsewhere = ("host", "chat.example.org");
    assert_eq!(status(direct, None).await, 200);
    for far in [forwarded, elsewhere] {
        assert_eq!(status(far, None).await, 404);
        assert_eq!(status(far, Some("another")).await, 404);
        assert_eq!(status(far, Some("")).await, 404);
        assert_eq!(status(far, Some(token)).await, 200);
    }
}

#[tokio::test]
async fn empty_metrics_token_is_no_token() {
    let without = Teahouse::start();
    let request = Person::visitor(&without)
        .request(Method::GET, "/metrics")
        .header("host", "chat.example.org");
    let answer = request.bearer_auth("").send().await.expect("a response");
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn shipped_nginx_configuration_blocks_metrics_even_with_the_token() {
    let server = Teahouse::with(&[TOKEN]);
    let origin = crate::support::nginx::public_origin();
    let nginx = Nginx::at(&origin, &[server.host()], str::to_owned);
    let request = nginx.visitor(&server).request(Method::GET, "/metrics");
    let request = request.bearer_auth(TOKEN.1);
    assert_eq!(request.send().await.expect("a response").status(), 404);
}

/// Names of the metrics in a PromQL expression.
fn metrics_of(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| word.starts_with("teahouse_") || word.starts_with("process_"))
        .collect()
}

#[tokio::test]
async fn dashboard_shows_every_exported_metric_and_no_other() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    ming.socket().await.say("hello").await;
    ming.get("/rooms/4711").await;
    // A request is counted after its response, so the second scrape includes the first.
    Metrics::of(&ming).await;
    let figures = Metrics::of(&ming).await;
    let exported = figures.names();
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{panel}");
        let is_expected = panel["title"].is_string() && panel["gridPos"]["w"].is_u64();
        assert!(is_expected, "{panel}");
        for target in panel["targets"].as_array().expect("targets") {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{panel}");
            shown.extend(metrics_of(target["expr"].as_str().expect("an expression")));
        }
    }
    for metric in &shown {
        assert!(exported.contains(metric), "{metric} is not exported");
    }
    let family = |name: &str| {
        let suffixes = ["_bucket", "_count", "_sum"];
        let bare = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
        bare.unwrap_or(name).to_owned()
    };
    let shown: BTreeSet<_> = shown.into_iter().map(family).collect();
    let missing: Vec<_> = exported
        .into_iter()
        .filter(|name| !shown.contains(&family(name)))
        .collect();
    assert!(missing.is_empty(), "not on the dashboard: {missing:?}");
    assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
}

#[tokio::test]
async fn rate_limited_messages_and_rejected_password_hashes_are_counted() {
    let server = Teahouse::configured(
        "throttle.enabled=true accounts.hash_memory_kib=19456 accounts.hash_passes=10 \
         accounts.hash_permits=1 accounts.hash_queue=1",
    );
    let ming = Person::register(&server, "Ming").await;
    let before = Metrics::of(&ming).await;
    let mut socket = ming.socket().await;
    for n in 0..40 {
        socket.post(LOBBY, &format!("message {n}")).await;
    }
    socket
        .expect_where("error", |frame| frame["code"] == "rate_limited")
        .await;
    let attempts = (0..12).map(|_| ming.log_in(&ming.phone, "wrong wrong wrong"));
    let answers = futures_util::future::join_all(attempts).await;
    let refused = answers.iter().filter(|answer| answer.status() == 503);
    let refused = refused.count();
    tokio::time::timeout(Duration::from_secs(10), async {
        let sample = "teahouse_password_hashes_refused_total";
        grows(&ming, &before, sample, refused as f64).await;
        let now = Metrics::of(&ming).await;
        assert!(now.get("teahouse_errors_total{code=\"rate_limited\"}") >= 1.0);
        assert_eq!(now.get("teahouse_password_hashes_waiting"), 0.0);
    })
    .await
    .expect("in time");
    println!("{refused} of 12 concurrent sign-ins rejected");
    assert!(refused > 0);
}
