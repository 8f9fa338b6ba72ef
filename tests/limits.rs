//! Limits per user, socket and address, and the responses when they are exceeded.

use crate::request_limits::read_to_close;
use crate::support::raw_http::{connect, status};
use crate::support::{
    ApiClient, LOBBY, Person, Socket, Teahouse, client_id, pairs, raw_socket, until,
};
use serde_json::json;
use std::time::Instant;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Error;

const ON: (&str, &str) = ("TEAHOUSE__THROTTLE__ENABLED", "true");

pub fn server_with(settings: &[(&str, &str)]) -> Teahouse {
    let mut all = vec![ON];
    all.extend_from_slice(settings);
    Teahouse::with(&all)
}

/// Returns the status, the error body, and the Retry-After value.
async fn rejection(request: reqwest::RequestBuilder) -> (u16, String, u64) {
    let response = request.send().await.expect("a response");
    let seconds = response.headers().get("retry-after");
    let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
    let status = response.status().as_u16();
    let body: serde_json::Value = response.json().await.unwrap_or_default();
    let code = body["code"].as_str().unwrap_or_default().to_owned();
    (status, code, seconds.unwrap_or_default())
}

async fn upgrade(person: &Person) -> (u16, Option<String>) {
    let connected = tokio_tungstenite::connect_async(Socket::request(person)).await;
    match connected {
        Ok(_) => (101, None),
        Err(Error::Http(response)) => {
            let seconds = response.headers().get("retry-after");
            let seconds = seconds.and_then(|value| Some(value.to_str().ok()?.to_owned()));
            (response.status().as_u16(), seconds)
        }
        Err(other) => panic!("no response to the upgrade: {other}"),
    }
}

#[tokio::test]
async fn user_has_at_most_ten_sockets_and_streams() {
    let server = server_with(&[]);
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let client = ApiClient::of(&server, &ming).await;
    let (mut sockets, mut streams) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        sockets.push(ming.socket().await);
        streams.push(client.stream("/api/events", None).await);
    }
    assert_eq!(upgrade(&ming).await, (429, Some("5".to_owned())));
    let stream = client
        .request(reqwest::Method::GET, "/api/messages")
        .header("accept", "text/event-stream");
    let found = rejection(stream).await;
    assert_eq!(found, (429, "too_many_sockets".to_owned(), 5));
    ana.socket().await.say("I still have room").await;
    for socket in &mut sockets {
        socket.expect("message").await;
    }
    drop(sockets.pop());
    until("a slot is free again", async || {
        upgrade(&ming).await.0 == 101
    })
    .await;
}

#[tokio::test]
async fn total_number_of_sockets_is_limited() {
    let server = server_with(&[("TEAHOUSE__SOCKET__TOTAL", "3")]);
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let open = [ming.socket().await, ming.socket().await, ana.socket().await];
    assert_eq!(upgrade(&ana).await, (503, Some("2".to_owned())));
    assert_eq!(ana.get("/rooms/1").await.status(), 200);
    drop(open);
    until("a slot is free again", async || {
        upgrade(&ana).await.0 == 101
    })
    .await;
}

#[tokio::test]
async fn socket_form_and_api_share_one_message_rate_limit() {
    let server = server_with(&pairs("messages.burst=6 messages.posts_per_second=1"));
    let ming = Person::register(&server, "Ming").await;
    let mut socket = ming.socket().await;
    let mut client = ApiClient::of(&server, &ming).await;
    let fill = async |socket: &mut Socket, client: &mut ApiClient| {
        let (mut accepted, mut rejected_by) = (0, Vec::new());
        for _ in 0..5 {
            socket.post(LOBBY, "by socket").await;
            match socket.first_of(&["ack", "error"]).await["type"].as_str() {
                Some("ack") => accepted += 1,
                _ => rejected_by.push("socket"),
            }
            let form = ming
                .post("/rooms/1/messages", &[("content", "by form")])
                .await;
            match form.status().as_u16() {
                303 => accepted += 1,
                _ => rejected_by.push("form"),
            }
            let body = json!({"content": "by API", "clientId": client_id()});
            match client.post("/api/rooms/1/messages", body).await.0 {
                201 => accepted += 1,
                _ => rejected_by.push("API"),
            }
        }
        (accepted, rejected_by)
    };
    let start = Instant::now();
    let (accepted, rejected_by) = fill(&mut socket, &mut client).await;
    let seconds = start.elapsed().as_secs() as usize + 1;
    println!(
        "{accepted} of 15 accepted in {seconds} s, {} rejected",
        rejected_by.len()
    );
    let is_shown = (6..=6 + seconds).contains(&accepted);
    assert!(is_shown, "{accepted} in {seconds} s");
    for way in ["socket", "form", "API"] {
        let is_shown = rejected_by.contains(&way);
        assert!(is_shown, "{way} was never rejected: {rejected_by:?}");
    }
    let again = ming
        .request(reqwest::Method::POST, "/rooms/1/messages")
        .header("accept", "application/json")
        .form(&[("content", "once more")]);
    let (status, code, wait) = rejection(again).await;
    if status == 429 {
        assert_eq!((code.as_str(), wait), ("rate_limited", 1));
    }
    let found = ming.history(LOBBY).await.len();
    assert_eq!(found, accepted + usize::from(status != 429));
}

#[tokio::test]
async fn pings_and_frames_are_rate_limited() {
    let server = server_with(&[]);
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let mut other = ana.socket().await;
    let ping = raw_socket::frame(0x89, b"tea");
    let pong = raw_socket::frame(0x8A, b"");
    let frames = [
        r#"{"type":"ping"}"#,
        r#"{"type":"typing","roomId":"1"}"#,
        r#"{"type":"view","roomId":"1"}"#,
        r#"{"type":"read","roomId":"1","seq":1}"#,
        r#"{"type":"sync","roomId":"1","ver":0}"#,
        "not a frame",
    ];
    let frames = frames.map(|text| raw_socket::frame(0x81, text.as_bytes()));
    for bytes in [ping, pong].into_iter().chain(frames) {
        let mut flood = crate::support::RawSocket::open(&ming).await;
        flood.expect("hello").await;
        // Normal clients stay below the limit.
        for _ in 0..20 {
            flood.write(&bytes).await;
        }
        flood.write_frame(0x81, br#"{"type":"ping"}"#).await;
        flood.expect("pong").await;
        flood.write(&bytes.repeat(2000)).await;
        let end = flood.end().await;
        let is_expected = matches!(end, raw_socket::Frame::Close(4029));
        assert!(is_expected, "{end:?} after {bytes:?}");
    }
    other.say("quiet again").await;
}

#[tokio::test]
async fn anonymous_limit_of_an_address_does_not_affect_signed_in_users() {
    let server = server_with(&[("TEAHOUSE__SERVER__STRANGERS_PER_ADDRESS", "10")]);
    let ming = Person::register(&server, "Ming").await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        // Signed-in users from the same address.
        sockets.push(ming.socket().await);
    }
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(connect(&server).await);
    }
    until("excess anonymous connections are closed", async || {
        server.connections() <= 10 + 10
    })
    .await;
    let rejected = read_to_close(&mut silent[0]).await;
    assert_eq!(status(&rejected), 429, "{rejected}");
    assert!(rejected.contains("retry-after: 5"), "{rejected}");
    assert_eq!(ming.get("/rooms/1").await.status(), 200);
    assert_eq!(Person::visitor(&server).get("/login").await.status(), 200);
    sockets[0].say("we are all here").await;
    // Anonymous connections with a request in progress are not evicted; new ones are rejected instead.
    let mut busy = Vec::new();
    let visitor = Person::visitor(&server);
    let rejected = loop {
        let request = visitor.request(reqwest::Method::GET, "/login");
        let rejected = rejection(request.header("accept", "application/json")).await;
        if rejected.0 != 200 {
            break rejected;
        }
        assert!(busy.len() < 50, "no request was rejected");
        let mut stream = connect(&server).await;
        let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Content-Length: 100\r\n\r\nphone=";
        stream.write_all(head.as_bytes()).await.expect("sent");
        busy.push(stream);
    };
    assert!(busy.len() >= 10, "{} are not over the limit", busy.len());
    assert_eq!(rejected, (429, "too_many_connections".to_owned(), 5));
    let page = visitor.get("/login").await;
    assert_eq!(page.status(), 429);
    let page = page.text().await.expect("text");
    let is_shown = page.contains("too many visitors from your network");
    assert!(is_shown, "{page}");
    assert_eq!(ming.get("/rooms/1").await.status(), 200);
    sockets[0].say("still here").await;
}
