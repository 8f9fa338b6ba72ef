//! Event streams for API clients and for pages without WebSocket.

use crate::support::{ApiClient, EventStream, LOBBY, Person, TIMEOUT, Teahouse, client_id};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The next event's data.
async fn next(stream: &mut EventStream) -> Value {
    let event = stream.next_before(Instant::now() + TIMEOUT).await;
    event.expect("an event").data
}

/// A post that starts or continues the conversation with Li.
fn post_to_li(text: &str) -> Value {
    json!({"type": "post", "clientId": client_id(), "to": "Li", "content": text})
}

fn content(value: &Value) -> &str {
    value["content"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn event_stream_has_every_frame_of_the_websocket() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
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
    let edited = stream.expect(|e| e["type"] == "message").await;
    assert_eq!(content(&edited.data), "two");
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
async fn message_stream_has_direct_messages_from_others_only() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
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
    let event = next(&mut stream).await;
    assert_eq!((content(&event), &event["mine"]), ("to you", &json!(false)));
    assert_eq!(event["conversationId"], pair);
    assert!(event.get("type").is_none());
    // The first message of a new conversation arrives at once.
    let mut socket = bo.socket().await;
    socket.send(post_to_li("hello")).await;
    assert_eq!(content(&next(&mut stream).await), "hello");
    // `after` or Last-Event-ID resumes after this event.
    let mut again = program.stream("/api/messages?after=0", None).await;
    for text in ["before", "to you", "hello"] {
        assert_eq!(content(&next(&mut again).await), text);
    }
    let last = Some(stream.last.as_str());
    let mut later = program.stream("/api/messages?after=0", last).await;
    mei.say_in(&pair, "last").await;
    assert_eq!(content(&next(&mut later).await), "last");
}

#[tokio::test]
async fn first_message_of_a_conversation_reaches_the_stream() {
    let (server, [_, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let program = ApiClient::of(&server, &li).await;
    let mut stream = program.stream("/api/messages", None).await;
    for n in 0..15 {
        let friend = Person::register(&server, &format!("friend-{n}")).await;
        let text = format!("hello {n}");
        let mut socket = friend.socket().await;
        socket.send(post_to_li(&text)).await;
        assert_eq!(content(&next(&mut stream).await), text);
    }
}

#[tokio::test]
async fn idle_stream_sends_a_comment_every_15_seconds() {
    let (server, [_, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let program = ApiClient::of(&server, &li).await;
    let mut stream = program.stream("/api/messages", None).await;
    let before = stream.comments;
    let deadline = Instant::now() + Duration::from_secs(17);
    while stream.comments == before {
        assert!(stream.read(deadline).await, "no comment in 17 s");
    }
    let is_late = Instant::now() + Duration::from_secs(4) > deadline;
    assert!(is_late, "the comment was early");
}

#[tokio::test]
async fn client_that_reconnects_its_streams_receives_every_message_once_in_order() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
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
                    // Reads the acks, because clients that do not read are disconnected.
                    for _ in 0..50 {
                        socket.expect("ack").await;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        })
    };
    let (mut from_messages, mut from_events) = (Vec::new(), Vec::new());
    let (mut message_id, mut event_id) = (String::new(), String::new());
    let mut losses = 0;
    let deadline = Instant::now() + Duration::from_secs(60);
    while from_messages.len() < 1000 || from_events.len() < 1000 {
        let counts = (from_messages.len(), from_events.len());
        assert!(Instant::now() < deadline, "{counts:?}");
        if from_messages.len() < 1000 {
            let event = stream.next_before(deadline).await;
            let event = event.unwrap_or_else(|| panic!("{} events", from_messages.len()));
            from_messages.push(content(&event.data).to_owned());
            message_id = event.id.expect("an id");
        }
        while from_events.len() < from_messages.len() {
            let event = events.expect(|event| event["type"] == "message").await;
            from_events.push(content(&event.data).to_owned());
            event_id = event.id.expect("an id");
        }
        if from_messages.len() % 48 == 47 && losses < 20 {
            // Events in flight on both streams are lost.
            losses += 1;
            stream = program.stream("/api/messages", Some(&message_id)).await;
            events = program.stream("/api/events", Some(&event_id)).await;
        }
    }
    writer.await.expect("the writer finished");
    let all: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    assert_eq!(losses, 20);
    assert_eq!(from_messages, all);
    assert_eq!(from_events, all);
}

#[tokio::test]
async fn head_request_for_a_stream_returns_at_once() {
    let (_server, [mei]) = Teahouse::with_users(["mei"]).await;
    for path in ["/api/events", "/api/messages"] {
        let asked = mei.request(Method::HEAD, path);
        let answer = asked.header("accept", "text/event-stream").send();
        let answer = tokio::time::timeout(Duration::from_secs(5), answer).await;
        let answer = answer.expect("in time").expect("a response");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
    }
}
