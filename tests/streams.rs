//! Event streams: for programs, and for pages without WebSocket.

use crate::support::{LOBBY, TIMEOUT, Person, ApiClient, Teahouse, client_id};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

async fn server() -> (Teahouse, Person, Person) {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    (server, mei, li)
}

fn content(value: &Value) -> &str {
    value["content"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_page_without_a_socket_hears_everything() {
    let (server, mei, li) = server().await;
    let program = ApiClient::of(&server, &li).await;
    let mut stream = program.stream("/api/events?view=1", None).await;
    let hello = stream.expect(|event| event["type"] == "hello").await;
    assert_eq!(hello.data["user"]["username"], "Li");
    assert!(hello.id.is_none());
    let said = mei.say("one").await;
    let event = stream.expect(|event| event["type"] == "message").await;
    assert!(event.id.is_some());
    let mut frame = said.clone();
    frame["type"] = json!("message");
    assert_eq!(event.data, frame);
    mei.edit(LOBBY, 1, "two").await;
    assert_eq!(
        content(&stream.expect(|e| e["type"] == "message").await.data),
        "two"
    );
    mei.delete_message(LOBBY, 1).await;
    let gone = stream.expect(|e| e["type"] == "message").await;
    assert!(gone.data["deletedAt"].is_string());
    let room = mei.create_room("closed", "tea", &[&li]).await;
    let shown = stream.expect(|e| e["type"] == "room").await;
    assert_eq!(shown.data["room"]["id"], *room);
    mei.say_in(&room, "in here").await;
    stream.expect(|e| content(e) == "in here").await;
    li.mark_read(LOBBY, 1).await;
    stream.expect(|e| e["type"] == "read").await;
    mei.remove(&room, &li).await;
    stream.expect(|e| e["type"] == "removed").await;
    mei.say_in(&room, "unheard").await;
    mei.say("heard").await;
    let next = stream.expect(|e| e["type"] == "message").await;
    assert_eq!(content(&next.data), "heard");
}

#[tokio::test]
async fn a_program_hears_what_others_say_to_its_person() {
    let (server, mei, li) = server().await;
    let bo = Person::register(&server, "Bo").await;
    let program = ApiClient::of(&server, &li).await;
    let group = mei.direct(&["Li", "Bo"]).await;
    let pair = mei.direct(&["Li"]).await;
    mei.say_in(&pair, "before").await;
    let mut stream = program.stream("/api/messages", None).await;
    mei.say("in the Lobby").await;
    mei.say_in(&group, "to all three").await;
    li.say_in(&pair, "by me").await;
    mei.say_in(&pair, "to you").await;
    let event = stream
        .next_before(Instant::now() + TIMEOUT)
        .await
        .expect("an event");
    assert_eq!(
        (content(&event.data), &event.data["mine"]),
        ("to you", &json!(false))
    );
    assert_eq!(event.data["conversationId"], *pair);
    assert!(event.data.get("type").is_none());
    // Somebody new begins a conversation: its first message arrives at once.
    let mut socket = bo.socket().await;
    socket
        .send(json!({"type": "post", "clientId": client_id(), "to": "Li", "content": "hello"}))
        .await;
    let event = stream
        .next_before(Instant::now() + TIMEOUT)
        .await
        .expect("an event");
    assert_eq!(content(&event.data), "hello");
    // After a number comes what is later, by header or address.
    let mut again = program.stream("/api/messages?after=0", None).await;
    for text in ["before", "to you", "hello"] {
        let event = again
            .next_before(Instant::now() + TIMEOUT)
            .await
            .expect("an event");
        assert_eq!(content(&event.data), text);
    }
    let mut later = program
        .stream("/api/messages?after=0", Some(&stream.last))
        .await;
    mei.say_in(&pair, "last").await;
    let event = later
        .next_before(Instant::now() + TIMEOUT)
        .await
        .expect("an event");
    assert_eq!(content(&event.data), "last");
}

#[tokio::test]
async fn a_first_message_reaches_a_stream_however_soon_it_comes() {
    let (server, _, li) = server().await;
    let program = ApiClient::of(&server, &li).await;
    let mut stream = program.stream("/api/messages", None).await;
    for n in 0..15 {
        let friend = Person::register(&server, &format!("friend-{n}")).await;
        let text = format!("hello {n}");
        let mut socket = friend.socket().await;
        socket
            .send(json!({"type": "post", "clientId": client_id(), "to": "Li", "content": text}))
            .await;
        let event = stream
            .next_before(Instant::now() + TIMEOUT)
            .await
            .expect("an event");
        assert_eq!(content(&event.data), text);
    }
}

#[tokio::test]
async fn a_silent_stream_says_that_it_lives() {
    let (server, _, li) = server().await;
    let program = ApiClient::of(&server, &li).await;
    let mut stream = program.stream("/api/messages", None).await;
    let before = stream.comments;
    let deadline = Instant::now() + Duration::from_secs(17);
    while stream.comments == before {
        assert!(stream.read(deadline).await, "nothing in 17 seconds");
    }
    assert!(
        Instant::now() + Duration::from_secs(4) > deadline,
        "too early"
    );
}

#[tokio::test]
async fn a_client_that_loses_its_stream_has_everything_once_and_in_order() {
    let (server, mei, li) = server().await;
    let program = ApiClient::of(&server, &li).await;
    let pair = mei.direct(&["Li"]).await;
    let mut stream = program.stream("/api/messages", None).await;
    let mut events = program.stream("/api/events", None).await;
    let writer = {
        let (mei, pair) = (mei.clone(), pair.clone());
        tokio::spawn(async move {
            let mut socket = mei.socket().await;
            for n in 0..1000 {
                socket.post(&pair, &format!("{n}")).await;
                if n % 50 == 49 {
                    // Whoever does not listen is sent away.
                    for _ in 0..50 {
                        socket.expect("ack").await;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        })
    };
    let (mut heard, mut heard_too) = (Vec::new(), Vec::new());
    let (mut seen, mut seen_too) = (String::new(), String::new());
    let mut losses = 0;
    let deadline = Instant::now() + Duration::from_secs(60);
    while heard.len() < 1000 || heard_too.len() < 1000 {
        assert!(
            Instant::now() < deadline,
            "{} and {}",
            heard.len(),
            heard_too.len()
        );
        if heard.len() < 1000 {
            let event = stream
                .next_before(deadline)
                .await
                .unwrap_or_else(|| panic!("{} came", heard.len()));
            heard.push(content(&event.data).to_owned());
            seen = event.id.expect("an id");
        }
        while heard_too.len() < heard.len() {
            let event = events.expect(|event| event["type"] == "message").await;
            heard_too.push(content(&event.data).to_owned());
            seen_too = event.id.expect("an id");
        }
        if heard.len() % 48 == 47 && losses < 20 {
            // Whatever was under way to these two is lost.
            losses += 1;
            stream = program.stream("/api/messages", Some(&seen)).await;
            events = program.stream("/api/events", Some(&seen_too)).await;
        }
    }
    writer.await.expect("it wrote");
    let all: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    assert_eq!(losses, 20);
    assert_eq!(heard, all);
    assert_eq!(heard_too, all);
}

#[tokio::test]
async fn whoever_only_asks_about_a_stream_is_answered_at_once() {
    let (_server, [mei]) = Teahouse::with_users(["mei"]).await;
    for path in ["/api/events", "/api/messages"] {
        let asked = mei.request(Method::HEAD, path);
        let answer = asked.header("accept", "text/event-stream").send();
        let answer = tokio::time::timeout(Duration::from_secs(5), answer).await;
        let answer = answer.expect("in time").expect("a response");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
    }
}
