//! Where a request comes from: what a trusted proxy says, and nobody else.

use crate::support::{TIMEOUT, Person, Teahouse, eventually};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const TRUSTED: (&str, &str) = ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8");

/// Asks for a page with these headers and returns the address that the log has for it.
async fn address(server: &Teahouse, headers: &[(&str, &str)]) -> String {
    let before = seen(server).len();
    let visitor = Person::visitor(server);
    let mut request = visitor.request(Method::GET, "/login");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    assert_eq!(request.send().await.expect("a response").status(), 200);
    eventually("the request is in the log", || async {
        seen(server).get(before).cloned()
    })
    .await
}

fn seen(server: &Teahouse) -> Vec<String> {
    let lines = server.log().into_iter();
    let lines = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let requests = lines.filter(|line| line["route"] == "/login" && line["method"] == "GET");
    requests
        .map(|line| line["client"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn server(more: &[(&str, &str)]) -> Teahouse {
    let mut settings = vec![("TEAHOUSE__LOG__FORMAT", "json")];
    settings.extend_from_slice(more);
    Teahouse::with(&settings)
}

#[tokio::test]
async fn nobody_is_believed_without_being_trusted() {
    let server = server(&[]);
    for header in [
        "x-forwarded-for",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
    ] {
        assert_eq!(
            address(&server, &[(header, "203.0.113.7")]).await,
            "127.0.0.1",
            "{header}"
        );
    }
    assert_eq!(
        address(&server, &[("forwarded", "for=203.0.113.7")]).await,
        "127.0.0.1"
    );
}

#[tokio::test]
async fn a_trusted_proxy_says_who_asks() {
    let server = server(&[TRUSTED]);
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        // What stands left of the last stranger is the stranger's own invention.
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
        assert_eq!(address(&server, headers).await, wanted, "{headers:?}");
    }
}

#[tokio::test]
async fn a_session_remembers_where_it_was_begun() {
    let server = server(&[TRUSTED]);
    let ming = Person::register(&server, "Ming").await;
    let form = [
        ("phone", ming.phone.as_str()),
        ("password", crate::support::person::PASSWORD),
    ];
    let request = Person::visitor(&server).request(Method::POST, "/login");
    let answer = request
        .header("x-forwarded-for", "8.8.8.8, 203.0.113.7")
        .form(&form)
        .send()
        .await;
    assert_eq!(answer.expect("a response").status(), 303);
    let addresses = server
        .database()
        .strings("SELECT ip AS value FROM sessions ORDER BY created_at");
    assert!(
        addresses.contains(&"203.0.113.7".to_owned()),
        "{addresses:?}"
    );
    assert!(addresses.contains(&"127.0.0.1".to_owned()), "{addresses:?}");
}

/// A sign-in from there that never sends the rest of its form.
async fn dawdle(server: &Teahouse, from: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.host())
        .await
        .expect("a connection");
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {from}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nphone="
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test]
async fn behind_a_proxy_each_address_counts_by_itself() {
    let server = server(&[
        TRUSTED,
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__SERVER__STRANGERS_PER_ADDRESS", "3"),
    ]);
    let ming = Person::register(&server, "Ming").await;
    let mut crowd = vec![dawdle(&server, "203.0.113.7").await];
    let visitor = Person::visitor(&server);
    let ask = async |from: &str| {
        let request = visitor
            .request(Method::GET, "/login")
            .header("x-forwarded-for", from);
        request.send().await.expect("a response").status().as_u16()
    };
    while ask("203.0.113.7").await != 429 {
        crowd.push(dawdle(&server, "203.0.113.7").await);
        assert!(crowd.len() < 20, "that address never has enough");
    }
    // Neither a neighbour, nor the proxy's own, nor somebody who is signed in behind that address is affected.
    assert_eq!(ask("203.0.113.8").await, 200);
    assert_eq!(Person::visitor(&server).get("/login").await.status(), 200);
    let page = ming
        .request(Method::GET, "/rooms/1")
        .header("x-forwarded-for", "203.0.113.7");
    assert_eq!(page.send().await.expect("a response").status(), 200);
    // A forged beginning does not help.
    assert_eq!(ask("8.8.8.8, 203.0.113.7").await, 429);
    let mut rest = [0; 64];
    let read = timeout(TIMEOUT * 2, crowd[0].read(&mut rest)).await;
    let length = read.expect("in time").expect("a response");
    assert!(
        rest[..length].starts_with(b"HTTP/1.1 408"),
        "they are not let to dawdle"
    );
    eventually("there is room again", || async {
        (ask("203.0.113.7").await == 200).then_some(())
    })
    .await;
}

#[test]
fn what_is_no_address_is_refused_at_the_start() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let setting = ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1,nginx");
    let outcome = Teahouse::run(&["serve"], &[setting], folder.path());
    assert!(!outcome.status.success());
    assert!(
        outcome
            .stderr
            .contains("nginx is no address and no network"),
        "{outcome:?}"
    );
}
