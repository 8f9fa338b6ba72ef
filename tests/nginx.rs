//! The shipped nginx configuration passes everything through unchanged.

use crate::support::nginx::public_origin;
use crate::support::person::PASSWORD;
use crate::support::{ApiClient, LOBBY, Nginx, Person, Socket, TIMEOUT, Teahouse};
use std::time::{Duration, Instant};

/// Starts a server with nginx in front of it.
fn start() -> (Teahouse, Nginx) {
    let origin = public_origin();
    let server = Teahouse::with(&[
        ("PUBLIC_ORIGIN", &origin),
        ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    let nginx = Nginx::at(&origin, &[server.host()], str::to_owned);
    (server, nginx)
}

#[tokio::test]
async fn registration_pages_and_messages_work_through_nginx() {
    let (server, nginx) = start();
    let page = nginx.visitor(&server).page("/login").await;
    assert!(page.contains("name=\"password\""), "{page}");
    let ming = nginx.register(&server, "Ming").await;
    let ana = nginx.register(&server, "Ana").await;
    assert_eq!(ming.sign_in().await.status(), 303);
    let (mut his, mut hers) = (ming.socket().await, ana.socket().await);
    let ack = his.say("through the proxy").await;
    let heard = hers.expect("message").await;
    assert_eq!(heard["seq"], ack["seq"]);
    assert_eq!(heard["content"], "through the proxy");
    let form = [("content", "by a form")];
    assert_eq!(ana.submit("post", "/rooms/1/messages", &form).await, 303);
    assert_eq!(his.messages(2).await[1]["content"], "by a form");
    let page = ming.page("/rooms/1").await;
    assert!(page.contains("by a form"));
}

#[tokio::test]
async fn response_headers_pass_nginx_unchanged_and_without_duplicates() {
    let (server, nginx) = start();
    let direct = Person::visitor(&server).get("/healthz").await;
    let through = nginx.visitor(&server).get("/healthz").await;
    for (name, value) in direct.headers().iter().filter(|(name, _)| *name != "date") {
        let all: Vec<_> = through.headers().get_all(name).iter().collect();
        assert_eq!(all, [value], "{name}");
    }
}

#[tokio::test]
async fn events_are_not_buffered() {
    let (server, nginx) = start();
    let ming = nginx.register(&server, "Ming").await;
    let ana = nginx.register(&server, "Ana").await;
    let mut visitor = nginx.visitor(&server);
    visitor.phone.clone_from(&ana.phone);
    let program = ApiClient::signed_in(visitor).await;
    let mut events = program.stream("/api/events", None).await;
    let mut worst = Duration::ZERO;
    for n in 0..10 {
        let text = format!("event {n}");
        let said = Instant::now();
        ming.say(&text).await;
        events.expect(|data| data["content"] == *text).await;
        worst = worst.max(said.elapsed());
    }
    println!("slowest event through nginx: {worst:?}");
    assert!(worst < Duration::from_secs(2));
}

#[tokio::test]
async fn static_files_are_compressed_and_large_bodies_get_413() {
    let (server, nginx) = start();
    let ming = nginx.register(&server, "Ming").await;
    let page = ming.page("/rooms/1").await;
    let start = page.find("/static/").expect("a static file");
    let asset: String = page[start..].chars().take_while(|c| *c != '"').collect();
    let packed = ming.get_with(&asset, "accept-encoding", "gzip").await;
    assert_eq!(packed.status(), 200, "{asset}");
    let cache = packed.headers()["cache-control"].to_str().expect("text");
    assert!(cache.contains("immutable"), "{cache}");
    if packed.content_length().is_none_or(|length| length > 1000) {
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{asset}");
    }
    // 100 kB exceeds the server's limit, 2 MB nginx's.
    for bytes in [100_000, 2_000_000] {
        let body = serde_json::json!({"content": "x".repeat(bytes), "clientId": "1"});
        let (status, answer) = ming.post_json("/rooms/1/messages", &body).await;
        assert_eq!(status, 413, "{bytes}");
        assert_eq!(answer["code"], "payload_too_large", "{bytes}");
        assert!(answer["message"].is_string(), "{bytes}");
    }
    assert_eq!(ming.get("/metrics").await.status(), 404);
}

#[tokio::test]
async fn session_stores_the_client_address_and_ignores_forged_headers() {
    let (server, nginx) = start();
    // A loopback address other than the proxy's.
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .local_address(Some([127, 0, 0, 77].into()))
        .build()
        .expect("a client");
    let phone = nginx.visitor(&server).phone;
    let (name, password) = (("username", "Ming"), ("password", PASSWORD));
    let form = [("phone", phone.as_str()), name, password];
    let answer = client
        .post(format!("{}/register", nginx.url))
        .header("x-forwarded-for", "203.0.113.7")
        .header("forwarded", "for=203.0.113.8")
        .header("x-real-ip", "203.0.113.9")
        .form(&form)
        .send()
        .await
        .expect("a response");
    assert_eq!(answer.status(), 303);
    let ips = server.strings("SELECT ip AS value FROM sessions");
    assert_eq!(ips, ["127.0.0.77"]);
}

#[tokio::test]
async fn stopped_server_closes_sockets_with_1001_and_clients_reconnect() {
    let (mut server, nginx) = start();
    let ming = nginx.register(&server, "Ming").await;
    let mut socket = ming.socket().await;
    socket.say("before").await;
    server.terminate();
    assert_eq!(socket.close_code(TIMEOUT).await, 1001);
    let status = server.wait_for_exit(TIMEOUT).expect("the server stops");
    assert_eq!(status.code(), Some(0));
    // While no server runs, nginx returns 503 with Retry-After.
    let away = ming.get("/rooms/1").await;
    assert_eq!(away.status(), 503);
    assert_eq!(away.headers()["retry-after"], "2");
    let refusal = Socket::refusal(Socket::request(&ming)).await;
    assert_eq!(refusal, 503);
    server.restart();
    let mut socket = crate::support::eventually("the socket is back", || async {
        Socket::try_open(&ming).await.ok()
    })
    .await;
    socket.expect("hello").await;
    assert_eq!(socket.say("after").await["seq"], 2);
    assert_eq!(ming.history(LOBBY).await.len(), 2);
}
