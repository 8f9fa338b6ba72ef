//! Client addresses: forwarded headers count only from trusted proxies.

use crate::support::{Person, TIMEOUT, Teahouse, eventually, until};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const TRUSTED: (&str, &str) = ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8");

/// Requests a page with these headers and returns the client address in the log.
async fn logged_address(server: &Teahouse, headers: &[(&str, &str)]) -> String {
    let before = logged_addresses(server).len();
    let visitor = Person::visitor(server);
    let mut request = visitor.request(Method::GET, "/login");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    assert_eq!(request.send().await.expect("a response").status(), 200);
    eventually("the request is in the log", || async {
        logged_addresses(server).get(before).cloned()
    })
    .await
}

fn logged_addresses(server: &Teahouse) -> Vec<String> {
    let lines = server.log().into_iter();
    let lines = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let requests = lines.filter(|line| line["route"] == "/login" && line["method"] == "GET");
    requests
        .map(|line| line["client"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn start(more: &[(&str, &str)]) -> Teahouse {
    let mut settings = vec![("TEAHOUSE__LOG__FORMAT", "json")];
    settings.extend_from_slice(more);
    Teahouse::with(&settings)
}

#[tokio::test]
async fn forwarded_headers_of_untrusted_peers_are_ignored() {
    let server = start(&[]);
    for (header, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-real-ip", "203.0.113.7"),
        ("true-client-ip", "203.0.113.7"),
        ("cf-connecting-ip", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
    ] {
        let address = logged_address(&server, &[(header, value)]).await;
        assert_eq!(address, "127.0.0.1", "{header}");
    }
}

#[tokio::test]
async fn trusted_proxy_determines_the_client_address() {
    let server = start(&[TRUSTED]);
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        // Entries left of the last untrusted address may be forged.
        (
            &[("x-forwarded-for", "8.8.8.8, 203.0.113.7")],
            "203.0.113.7",
        ),
        (
            &[("x-forwarded-for", "8.8.8.8, 203.0.113.7, 10.1.2.3")],
            "203.0.113.7",
        ),
        (
            &[
                ("x-forwarded-for", "8.8.8.8"),
                ("x-forwarded-for", "203.0.113.7"),
            ],
            "203.0.113.7",
        ),
        (&[("x-forwarded-for", "2001:db8::7")], "2001:db8::7"),
        (&[("x-forwarded-for", "junk")], "127.0.0.1"),
        (&[("x-forwarded-for", "203.0.113.7, junk")], "127.0.0.1"),
        (&[("x-forwarded-for", "")], "127.0.0.1"),
        (
            &[
                ("forwarded", "for=203.0.113.7"),
                ("x-real-ip", "203.0.113.7"),
            ],
            "127.0.0.1",
        ),
        (&[], "127.0.0.1"),
    ];
    for (headers, wanted) in cases {
        let found = logged_address(&server, headers).await;
        assert_eq!(found, wanted, "{headers:?}");
    }
}

#[tokio::test]
async fn session_stores_the_client_address_of_its_sign_in() {
    let server = start(&[TRUSTED]);
    let ming = Person::register(&server, "Ming").await;
    let password = crate::support::person::PASSWORD;
    let form = [("phone", ming.phone.as_str()), ("password", password)];
    let header = ("x-forwarded-for", "8.8.8.8, 203.0.113.7");
    let visitor = Person::visitor(&server);
    let answer = visitor.post_with("/login", &[header], &form).await;
    assert_eq!(answer.status(), 303);
    let addresses = server.strings("SELECT ip AS value FROM sessions ORDER BY created_at");
    for wanted in ["203.0.113.7", "127.0.0.1"] {
        assert!(addresses.contains(&wanted.to_owned()), "{addresses:?}");
    }
}

/// Starts a sign-in from this address whose body never arrives completely.
async fn stalled_sign_in(server: &Teahouse, from: &str) -> TcpStream {
    let stream = TcpStream::connect(server.host()).await;
    let mut stream = stream.expect("a connection");
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {from}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nphone="
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test]
async fn anonymous_connections_behind_a_proxy_are_limited_per_client_address() {
    let server = start(&[
        TRUSTED,
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__SERVER__STRANGERS_PER_ADDRESS", "3"),
    ]);
    let ming = Person::register(&server, "Ming").await;
    let mut crowd = vec![stalled_sign_in(&server, "203.0.113.7").await];
    let visitor = Person::visitor(&server);
    let ask = async |from: &str| {
        let answer = visitor.get_with("/login", "x-forwarded-for", from).await;
        answer.status().as_u16()
    };
    // A sign-in that comes while the visitor's request counts is itself rejected.
    let mut fill_up = async |from: &str| {
        while ask(from).await != 429 {
            crowd.push(stalled_sign_in(&server, "203.0.113.7").await);
            assert!(crowd.len() < 20, "the limit is never reached");
        }
    };
    fill_up("203.0.113.7").await;
    // Neighbouring addresses, the proxy's own and signed-in clients behind the address are not limited.
    assert_eq!(ask("203.0.113.8").await, 200);
    assert_eq!(Person::visitor(&server).get("/login").await.status(), 200);
    let page = ming.get_with("/rooms/1", "x-forwarded-for", "203.0.113.7");
    assert_eq!(page.await.status(), 200);
    // Forged entries on the left do not change the address.
    fill_up("8.8.8.8, 203.0.113.7").await;
    let mut rest = [0; 64];
    let read = timeout(TIMEOUT * 2, crowd[0].read(&mut rest)).await;
    let length = read.expect("in time").expect("a response");
    let is_timeout = rest[..length].starts_with(b"HTTP/1.1 408");
    assert!(is_timeout, "a stalled request is not ended with 408");
    until("new connections are accepted again", async || {
        ask("203.0.113.7").await == 200
    })
    .await;
}

#[test]
fn invalid_trusted_proxy_prevents_the_start() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let setting = ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1,nginx");
    let outcome = Teahouse::run(&["serve"], &[setting], folder.path());
    assert!(!outcome.status.success());
    let wanted = "nginx is not an IP address or network";
    assert!(outcome.stderr.contains(wanted), "{outcome:?}");
}
