//! Random requests get clear errors, and the server keeps running.

use crate::support::{LOBBY, Person, Teahouse, long_tests, words};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

/// A random, mostly invalid request.
#[derive(Debug)]
struct Request {
    signed_in: bool,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: String,
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        prop::sample::select(vec![
            "0",
            "1",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "",
            "1e3",
            "0x1",
            "١"
        ])
        .prop_map(str::to_owned),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let shapes = words(
        "/rooms/1?at=N /rooms/N /rooms/1/messages?before=N&limit=N /rooms/1/messages?after=N \
         /rooms/1/messages?before=N&after=N /rooms/1/messages/N /rooms?search=T \
         /people?search=T /login?next=T /api/usernames?search=T /api/conversations?before=N \
         /api/conversations/N /api/conversations/N/messages?before=N \
         /api/rooms/1/messages?ver=N&limit=N /api/rooms/1/messages?before=N /api/rooms/N \
         /rooms/1/read_mark /directs /login /register /rooms/1/messages /read_marks \
         /rooms/1/membership /rooms/1/involvement /blocks /api/login /T /static/T /ws?token=T",
    );
    let numbers = (number(), number(), "\\PC{0,12}");
    (prop::sample::select(shapes), numbers).prop_map(|(shape, (one, two, text))| {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let path = shape.replacen('N', &one, 1).replacen('N', &two, 1);
        path.replace('T', &text)
    })
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let names = words(
        "accept accept-language authorization cookie origin sec-fetch-site if-none-match host \
         content-type last-event-id x-forwarded-for forwarded upgrade connection range",
    );
    let value = prop_oneof![
        prop::collection::vec(0x20_u8..=0xFF, 0..40),
        prop::sample::select(vec![
            "application/json",
            "text/html;q=0",
            "zh;q=2, en;q=-1, *;q=x",
            "Bearer",
            "Bearer x",
            "teahouse=",
            "teahouse=AAAA%zz",
            "teahouse=\"\"; teahouse",
            "null",
            "http://[::1",
            "W/\"",
            "application/x-www-form-urlencoded",
            "websocket",
            "text/event-stream",
            "multipart/form-data; boundary=",
            "18446744073709551616",
        ])
        .prop_map(|value| value.as_bytes().to_vec()),
    ];
    prop::collection::vec((prop::sample::select(names), value), 0..3)
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "\\PC{0,60}",
        (number(), "\\PC{0,12}").prop_map(|(number, text)| {
            format!("content={text}&clientId={number}&seq={number}&unread={text}&to={number}&phone={text}&_method={text}")
        }),
        "(_method=(delete|patch|put)&)?(content|seq|username|name|kind|involvement|next|region)=[a-z0-9%+]{0,12}",
        r#"\{"(content|clientId|username|phone|password)":("[a-z0-9]{0,40}"|null|[0-9]{1,3}|\[\]|\{\})\}"#,
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let method = prop::sample::select(vec![
        "GET", "GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TEA",
    ]);
    (any::<bool>(), method, path(), headers(), body()).prop_map(
        |(signed_in, method, path, headers, body)| Request {
            signed_in,
            method,
            path,
            headers,
            body,
        },
    )
}

async fn status_of(person: &Person, request: &Request) -> Option<u16> {
    let method = Method::from_bytes(request.method.as_bytes()).expect("a method");
    let mut asking = person.request(method, &request.path);
    for (name, value) in &request.headers {
        let value = HeaderValue::from_bytes(value).ok()?;
        asking = asking.header(HeaderName::from_static(name), value);
    }
    // Requests that the HTTP client rejects are skipped.
    let answer = asking.body(request.body.clone()).send().await.ok()?;
    let status = answer.status().as_u16();
    let header = |name| answer.headers().get(name);
    let is_expected = header("x-content-type-options").is_some();
    assert!(is_expected, "{request:?}: {answer:?}");
    if status == 400 && header("content-length").is_some_and(|length| length == "0") {
        // The HTTP parser rejected the request, for example because of two Host headers.
        let is_expected = header("connection").is_some_and(|value| value == "close");
        assert!(is_expected, "{request:?}: {answer:?}");
        return Some(status);
    }
    let is_json = header("content-type").is_some_and(|kind| kind == "application/json");
    if request.path.starts_with("/api/") && status >= 400 && request.method != "HEAD" {
        assert!(is_json, "{request:?}: {answer:?}");
    }
    Some(status)
}

#[tokio::test]
async fn random_requests_get_no_server_error_and_api_errors_are_json() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let stranger = Person::visitor(&server);
    mei.say("before").await;
    let failure_persistence = None;
    let mut runner = TestRunner::new(Config {
        failure_persistence,
        ..Config::default()
    });
    let (mut answered, wanted) = (0, if long_tests() { 20_000 } else { 600 });
    for _ in 0..wanted {
        let asked = request()
            .new_tree(&mut runner)
            .expect("a request")
            .current();
        let person = if asked.signed_in { &mei } else { &stranger };
        if let Some(status) = status_of(person, &asked).await {
            answered += 1;
            assert!((200..500).contains(&status), "{status} for {asked:?}");
        }
    }
    println!("{answered} of {wanted} requests were answered");
    assert!(answered > wanted / 2);
    let log = server.log();
    let faults: Vec<_> = log
        .iter()
        .filter(|line| line.contains("panicked"))
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
    let again = mei.on_another_device(&server).await;
    assert_eq!(again.whole_history(LOBBY).await[0]["seq"], 1);
    server.audit_rooms();
}
