//! What goes over one socket.

use crate::messages::is_time;
use crate::support::{LOBBY, Person, Socket, Teahouse, client_id};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn the_socket_says_hello_with_everything_one_needs() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    ming.say("one").await;
    let hello = ming.socket().await.hello;
    assert_eq!(hello["user"]["username"], "Ming");
    assert!(
        hello["user"]["id"].is_string() && hello["user"].get("avatarURL") == Some(&Value::Null)
    );
    assert_eq!(
        hello["epoch"],
        server
            .database()
            .strings("SELECT epoch AS value FROM installation")[0]
    );
    assert!(
        hello["version"]
            .as_str()
            .is_some_and(|version| !version.is_empty())
    );
    let limits = &hello["limits"];
    assert_eq!(limits["contentChars"], 4000);
    for number in ["postsPerSecond", "burst", "uploadBytes"] {
        assert!(limits[number].is_u64(), "{number}: {limits}");
    }
    let rooms = hello["rooms"].as_array().expect("rooms");
    assert_eq!(rooms.len(), 1);
    let lobby = &rooms[0];
    assert_eq!(
        (&lobby["id"], &lobby["kind"], &lobby["name"]),
        (&json!("1"), &json!("open"), &json!("Lobby"))
    );
    assert_eq!(
        (
            &lobby["seq"],
            &lobby["ver"],
            &lobby["readSeq"],
            &lobby["unread"]
        ),
        (&json!(1), &json!(1), &json!(1), &json!(0))
    );
    assert_eq!(
        (&lobby["mentions"], &lobby["topic"]),
        (&json!(0), &json!(""))
    );
    assert!(
        lobby["involvement"].is_string() && is_time(&lobby["lastMessageAt"]),
        "{lobby}"
    );
}

#[tokio::test]
async fn what_somebody_says_is_acknowledged_and_heard_by_everybody() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut here, mut there) = (ming.socket().await, ana.socket().await);
    let id = here.post(LOBBY, "hello 茶 🍵").await;
    let ack = here.expect("ack").await;
    assert_eq!(
        (&ack["clientId"], &ack["roomId"], &ack["seq"], &ack["ver"]),
        (&json!(id), &json!("1"), &json!(1), &json!(1))
    );
    assert!(ack["id"].is_string() && is_time(&ack["createdAt"]), "{ack}");
    let (mine, theirs) = (here.expect("message").await, there.expect("message").await);
    assert_eq!(mine, theirs, "one frame for everybody");
    for field in ["clientId", "roomId", "seq", "ver", "id", "createdAt"] {
        assert_eq!(mine[field], ack[field], "{field}");
    }
    assert_eq!(
        (&mine["content"], &mine["user"]["username"]),
        (&json!("hello 茶 🍵"), &json!("Ming"))
    );
    assert_eq!(
        (&mine["editedAt"], &mine["deletedAt"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(ana.history(LOBBY).await.len(), 1);
}

#[tokio::test]
async fn each_mistake_has_its_code_and_the_socket_lives_on() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let room = server.database().add_room("open", "Garden", &["Ming"]);
    let outside = server.database().add_room("open", "Pond", &[]);
    let mut socket = ming.socket().await;
    let taken = client_id();
    socket
        .send(json!({"type": "post", "clientId": taken, "roomId": LOBBY, "content": "first"}))
        .await;
    socket.expect("ack").await;
    let post = |room: &str, content: &str| json!({"type": "post", "clientId": client_id(), "roomId": room, "content": content});
    for (frame, code) in [
        (post(LOBBY, " \r\n "), "empty"),
        (post(LOBBY, &"茶".repeat(4001)), "too_long"),
        (post(LOBBY, "a\u{1}b"), "invalid"),
        (post("999", "hello"), "not_found"),
        (post(&outside, "hello"), "forbidden"),
        (
            json!({"type": "post", "clientId": taken, "roomId": LOBBY, "content": "second"}),
            "conflict",
        ),
        (
            json!({"type": "post", "clientId": taken, "roomId": room, "content": "first"}),
            "conflict",
        ),
    ] {
        socket.send(frame.clone()).await;
        let error = socket.expect("error").await;
        assert_eq!(
            (&error["code"], &error["clientId"]),
            (&json!(code), &frame["clientId"]),
            "{frame}"
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|sentence| sentence.len() > 5),
            "{error}"
        );
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
async fn errors_are_in_the_language_of_the_person() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let mut request = Socket::request(&ming);
    request
        .headers_mut()
        .insert("accept-language", "zh-CN".parse().expect("a header"));
    let (mut stream, _) = tokio_tungstenite::connect_async(request)
        .await
        .expect("the socket opens");
    use futures_util::{SinkExt, StreamExt};
    let frame = json!({"type": "post", "clientId": client_id(), "roomId": LOBBY, "content": ""});
    stream
        .send(Message::text(frame.to_string()))
        .await
        .expect("sent");
    loop {
        let frame = tokio::time::timeout(crate::support::TIMEOUT, stream.next())
            .await
            .expect("in time")
            .expect("open")
            .expect("a frame");
        let Ok(value) = serde_json::from_str::<Value>(frame.to_text().unwrap_or_default()) else {
            continue;
        };
        if value["type"] == "error" {
            let sentence = value["message"].as_str().expect("a sentence");
            assert!(
                sentence
                    .chars()
                    .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
                "{sentence}"
            );
            return;
        }
    }
}

#[tokio::test]
async fn a_ping_is_answered_and_unknown_fields_are_ignored() {
    let server = Teahouse::start();
    let mut socket = Person::register(&server, "Ming").await.socket().await;
    socket.send(json!({"type": "ping", "since": 1})).await;
    assert_eq!(socket.expect("pong").await, json!({"type": "pong"}));
    socket
        .send(json!({"type": "view", "roomId": null, "away": false, "more": {}}))
        .await;
    let id = client_id();
    socket.send(json!({"type": "post", "clientId": id, "roomId": LOBBY, "content": "hi", "seq": 99, "user": {"id": "7"}})).await;
    assert_eq!(socket.expect("ack").await["seq"], 1);
}

#[tokio::test]
async fn a_goodbye_is_answered_with_a_goodbye() {
    let server = Teahouse::start();
    let mut socket = Person::register(&server, "Ming").await.socket().await;
    socket.send_raw(Message::Close(None)).await;
    let code = socket.wait_for_end(crate::support::TIMEOUT).await;
    assert!(matches!(code, Some(1000 | 1005) | None), "{code:?}");
}

#[tokio::test]
async fn everybody_hears_the_same_order_however_many_speak_at_once() {
    let server = Teahouse::start();
    let mut sockets = Vec::new();
    for n in 0..6 {
        sockets.push(
            Person::register(&server, &format!("person{n}"))
                .await
                .socket()
                .await,
        );
    }
    for round in 0..20 {
        for socket in &mut sockets {
            socket.post(LOBBY, &format!("round {round}")).await;
        }
    }
    let mut heard = Vec::new();
    for socket in &mut sockets {
        let list = socket.messages(120).await;
        let seqs: Vec<_> = list.iter().map(|message| message["seq"].as_u64()).collect();
        assert_eq!(seqs, (1..=120).map(Some).collect::<Vec<_>>());
        heard.push(list);
    }
    assert!(heard.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn somebody_who_types_too_fast_is_slowed_down_but_loses_nothing() {
    let server = Teahouse::with(&[
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__MESSAGES__BURST", "5"),
        ("TEAHOUSE__MESSAGES__POSTS_PER_SECOND", "1"),
    ]);
    let ming = Person::register(&server, "Ming").await;
    let mut socket = ming.socket().await;
    assert_eq!(
        (
            &socket.hello["limits"]["burst"],
            &socket.hello["limits"]["postsPerSecond"]
        ),
        (&json!(5), &json!(1))
    );
    let id = client_id();
    for n in 0..5 {
        socket.say(&format!("message {n}")).await;
    }
    let frame = json!({"type": "post", "clientId": id, "roomId": LOBBY, "content": "too fast"});
    socket.send(frame.clone()).await;
    let error = socket.expect("error").await;
    assert_eq!(
        (&error["code"], &error["clientId"]),
        (&json!("rate_limited"), &json!(id))
    );
    // On the form it is a 429 that says when to come back.
    let answer = ming
        .post("/rooms/1/messages", &[("content", "too fast as well")])
        .await;
    assert_eq!(answer.status(), 429);
    assert!(
        answer.headers()["retry-after"]
            .to_str()
            .is_ok_and(|s| s.parse::<u32>().is_ok_and(|s| s >= 1))
    );
    crate::support::eventually("it goes through later", || async {
        let (status, _) = ming
            .post_json(
                "/rooms/1/messages",
                &json!({"content": "too fast", "clientId": id}),
            )
            .await;
        (status == 201).then_some(())
    })
    .await;
}
