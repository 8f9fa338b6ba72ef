//! WebSocket frames.

use crate::messages::is_time;
use crate::support::{LOBBY, Person, Socket, Teahouse, client_id, field_values};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// Asserts that these fields of an object have these values.
#[track_caller]
fn assert_fields(object: &Value, fields: &Value) {
    for (name, value) in fields.as_object().expect("fields") {
        assert_eq!(object[name], *value, "{name}: {object}");
    }
}

#[tokio::test]
async fn hello_contains_user_limits_and_rooms() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    ming.say("one").await;
    let hello = ming.socket().await.hello;
    assert_eq!(hello["user"]["username"], "Ming");
    assert!(hello["user"]["id"].is_string());
    assert_eq!(hello["user"].get("avatarURL"), Some(&Value::Null));
    let epoch = server.strings("SELECT epoch AS value FROM installation");
    assert_eq!(hello["epoch"], epoch[0]);
    let version = hello["version"].as_str();
    assert!(version.is_some_and(|version| !version.is_empty()));
    let limits = &hello["limits"];
    assert_eq!(limits["contentChars"], 4000);
    for number in ["postsPerSecond", "burst", "uploadBytes"] {
        assert!(limits[number].is_u64(), "{number}: {limits}");
    }
    let rooms = hello["rooms"].as_array().expect("rooms");
    assert_eq!(rooms.len(), 1);
    let lobby = &rooms[0];
    let wanted = json!({
        "id": "1", "kind": "open", "name": "Lobby", "topic": "",
        "seq": 1, "ver": 1, "readSeq": 1, "unread": 0, "mentions": 0,
    });
    assert_fields(lobby, &wanted);
    let is_expected = lobby["involvement"].is_string() && is_time(&lobby["lastMessageAt"]);
    assert!(is_expected, "{lobby}");
}

#[tokio::test]
async fn post_is_acknowledged_and_delivered_to_all_members() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut here, mut there) = (ming.socket().await, ana.socket().await);
    let id = here.post(LOBBY, "hello 茶 🍵").await;
    let ack = here.expect("ack").await;
    let wanted = json!({"clientId": id, "roomId": "1", "seq": 1, "ver": 1});
    assert_fields(&ack, &wanted);
    assert!(ack["id"].is_string() && is_time(&ack["createdAt"]), "{ack}");
    let (mine, theirs) = (here.expect("message").await, there.expect("message").await);
    assert_eq!(mine, theirs, "both members receive the same frame");
    for field in ["clientId", "roomId", "seq", "ver", "id", "createdAt"] {
        assert_eq!(mine[field], ack[field], "{field}");
    }
    let wanted = json!({"content": "hello 茶 🍵", "editedAt": null, "deletedAt": null});
    assert_fields(&mine, &wanted);
    assert_eq!(mine["user"]["username"], "Ming");
    assert_eq!(ana.history(LOBBY).await.len(), 1);
}

#[tokio::test]
async fn each_error_has_its_code_and_keeps_the_socket_open() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let room = server.database().add_room("open", "Garden", &["Ming"]);
    let outside = server.database().add_room("open", "Pond", &[]);
    let mut socket = ming.socket().await;
    let taken = client_id();
    let frame_of = |id: &str, room: &str, content: &str| json!({"type": "post", "clientId": id, "roomId": room, "content": content});
    socket.send(frame_of(&taken, LOBBY, "first")).await;
    socket.expect("ack").await;
    let post = |room: &str, content: &str| frame_of(&client_id(), room, content);
    for (frame, code) in [
        (post(LOBBY, " \r\n "), "empty"),
        (post(LOBBY, &"茶".repeat(4001)), "too_long"),
        (post(LOBBY, "a\u{1}b"), "invalid"),
        (post("999", "hello"), "not_found"),
        (post(&outside, "hello"), "forbidden"),
        (frame_of(&taken, LOBBY, "second"), "conflict"),
        (frame_of(&taken, &room, "first"), "conflict"),
    ] {
        socket.send(frame.clone()).await;
        let error = socket.expect("error").await;
        assert_eq!(error["code"], code, "{frame}");
        assert_eq!(error["clientId"], frame["clientId"], "{frame}");
        let message = error["message"].as_str();
        assert!(message.is_some_and(|text| text.len() > 5), "{error}");
    }
    for frame in [
        json!({"type": "post", "clientId": client_id(), "roomId": LOBBY}),
        json!({"type": "post", "clientId": "1", "roomId": LOBBY, "content": "hello"}),
        json!({"type": "post", "clientId": client_id(), "roomId": 1, "content": "hello"}),
        json!({"type": "sync", "roomId": LOBBY, "ver": "0"}),
        json!({"type": "nonsense"}),
        json!({"content": "hello"}),
        json!({}),
        json!([]),
        json!(null),
        json!("hello"),
    ] {
        socket.send(frame.clone()).await;
        assert_eq!(socket.expect("error").await["code"], "bad_frame", "{frame}");
    }
    assert_eq!(socket.say("last").await["seq"], 2);
}

#[tokio::test]
async fn errors_are_in_the_clients_language() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let mut request = Socket::request(&ming);
    let language = "zh-CN".parse().expect("a header");
    request.headers_mut().insert("accept-language", language);
    let connected = tokio_tungstenite::connect_async(request).await;
    let (mut stream, _) = connected.expect("the socket opens");
    use futures_util::{SinkExt, StreamExt};
    let frame = json!({"type": "post", "clientId": client_id(), "roomId": LOBBY, "content": ""});
    let sent = stream.send(Message::text(frame.to_string())).await;
    sent.expect("sent");
    loop {
        let frame = tokio::time::timeout(crate::support::TIMEOUT, stream.next()).await;
        let frame = frame.expect("in time").expect("open").expect("a frame");
        let Ok(value) = serde_json::from_str::<Value>(frame.to_text().unwrap_or_default()) else {
            continue;
        };
        if value["type"] == "error" {
            let message = value["message"].as_str().expect("a message");
            let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert!(message.chars().any(is_chinese), "{message}");
            return;
        }
    }
}

#[tokio::test]
async fn ping_gets_pong_and_unknown_fields_are_ignored() {
    let server = Teahouse::start();
    let mut socket = Person::register(&server, "Ming").await.socket().await;
    socket.send(json!({"type": "ping", "since": 1})).await;
    assert_eq!(socket.expect("pong").await, json!({"type": "pong"}));
    let view = json!({"type": "view", "roomId": null, "away": false, "more": {}});
    socket.send(view).await;
    let post = json!({
        "type": "post", "clientId": client_id(), "roomId": LOBBY, "content": "hi",
        "seq": 99, "user": {"id": "7"},
    });
    socket.send(post).await;
    assert_eq!(socket.expect("ack").await["seq"], 1);
}

#[tokio::test]
async fn close_frame_is_answered_with_a_close_frame() {
    let server = Teahouse::start();
    let mut socket = Person::register(&server, "Ming").await.socket().await;
    socket.send_raw(Message::Close(None)).await;
    let code = socket.wait_for_end(crate::support::TIMEOUT).await;
    assert!(matches!(code, Some(1000 | 1005) | None), "{code:?}");
}

#[tokio::test]
async fn all_members_receive_concurrent_posts_in_one_order() {
    let server = Teahouse::start();
    let mut sockets = Vec::new();
    for n in 0..6 {
        let person = Person::register(&server, &format!("person{n}")).await;
        sockets.push(person.socket().await);
    }
    for round in 0..20 {
        for socket in &mut sockets {
            socket.post(LOBBY, &format!("round {round}")).await;
        }
    }
    let mut heard = Vec::new();
    for socket in &mut sockets {
        let list = socket.messages(120).await;
        assert_eq!(field_values(&list, "seq"), Vec::from_iter(1..=120));
        heard.push(list);
    }
    assert!(heard.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn posts_over_the_rate_limit_are_rejected_and_can_be_retried() {
    let server =
        Teahouse::configured("throttle.enabled=true messages.burst=5 messages.posts_per_second=1");
    let ming = Person::register(&server, "Ming").await;
    let mut socket = ming.socket().await;
    let limits = json!({"burst": 5, "postsPerSecond": 1});
    assert_fields(&socket.hello["limits"], &limits);
    let id = client_id();
    for n in 0..5 {
        socket.say(&format!("message {n}")).await;
    }
    let frame = json!({"type": "post", "clientId": id, "roomId": LOBBY, "content": "too fast"});
    socket.send(frame.clone()).await;
    let error = socket.expect("error").await;
    assert_fields(&error, &json!({"code": "rate_limited", "clientId": id}));
    // The form returns 429 with Retry-After.
    let form = [("content", "too fast as well")];
    let answer = ming.post("/rooms/1/messages", &form).await;
    assert_eq!(answer.status(), 429);
    let seconds = answer.headers()["retry-after"].to_str().expect("text");
    assert!(seconds.parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    crate::support::until("a retry succeeds", async || {
        let body = json!({"content": "too fast", "clientId": id});
        let (status, _) = ming.post_json("/rooms/1/messages", &body).await;
        status == 201
    })
    .await;
}
