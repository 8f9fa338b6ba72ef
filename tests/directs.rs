//! Direct rooms: finding users, finding the same room again, and blocking.

use crate::support::{Person, Teahouse, client_id, error_code, status_and_location, until};
use reqwest::Method;
use serde_json::{Value, json};

const PEOPLE: [&str; 3] = ["Mei", "Li", "Bo"];

fn post_to(to: &str, content: &str) -> Value {
    json!({"type": "post", "clientId": client_id(), "to": to, "content": content})
}

#[tokio::test]
async fn same_members_always_get_the_same_room() {
    let (_server, [mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let mut li_socket = li.socket().await;
    let pair = mei.direct(&["li"]).await;
    let room = li_socket.expect("room").await["room"].clone();
    let found = (&room["kind"], &room["name"]);
    assert_eq!(found, (&json!("direct"), &json!("Mei")));
    let found = (&room["id"], &room["involvement"]);
    assert_eq!(found, (&json!(pair), &json!("everything")));
    assert_eq!(li.direct(&[&mei.phone]).await, pair);
    assert_eq!(mei.direct(&[" LI ", "Mei"]).await, pair);
    let three = mei.direct(&["Bo", "Li"]).await;
    assert_ne!(three, pair);
    assert_eq!(bo.direct(&["li", &mei.phone]).await, three);
    assert_eq!(li.room(&three).await["name"], "Bo, Mei");
    li_socket
        .expect_where("room", |frame| frame["room"]["id"] == three)
        .await;
    li_socket.expect_none("room").await;
    assert_eq!(bo.get_json(&format!("/rooms/{pair}")).await.0, 404);
    // Without a message, no member has a conversation yet.
    assert_eq!(li.get_json("/api/conversations").await.1, json!([]));
}

#[tokio::test]
async fn concurrent_first_messages_create_one_room() {
    let (server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let mut tasks = Vec::new();
    for n in 0..12 {
        let (person, other) = match n % 2 {
            0 => (mei.clone(), "Li"),
            _ => (li.clone(), "Mei"),
        };
        tasks.push(tokio::spawn(async move { person.direct(&[other]).await }));
    }
    let mut rooms = Vec::new();
    for task in tasks {
        rooms.push(task.await.expect("a response"));
    }
    rooms.dedup();
    assert_eq!(rooms.len(), 1);
    assert_eq!(server.count("rooms WHERE kind = 'direct'"), 1);
}

#[tokio::test]
async fn direct_room_with_unknown_user_oneself_or_too_many_is_rejected() {
    let (server, [mei, ..]) = Teahouse::with_users(PEOPLE).await;
    for (to, status) in [
        (json!([]), 422),
        (json!([""]), 422),
        (json!(["Mei"]), 403),
        (json!([mei.phone]), 403),
        (json!(["nobody"]), 404),
        (json!(["Li", "nobody"]), 404),
        (json!(["+8613900000000"]), 404),
        (json!([mei.phone.trim_start_matches("+86")]), 403),
        (json!(["!?"]), 404),
    ] {
        let response = mei.json(Method::POST, "/directs", json!({"to": to})).await;
        assert_eq!(response.0, status, "{to}: {}", response.1);
    }
    let mut names = Vec::new();
    for n in 0..20 {
        names.push(Person::register(&server, &format!("guest-{n}")).await.name);
    }
    let response = mei
        .json(Method::POST, "/directs", json!({"to": names}))
        .await;
    let found = (response.0, response.1["errors"]["to"].is_string());
    assert_eq!(found, (422, true));
    names.pop();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let room = mei.direct(&names).await;
    assert_eq!(mei.direct(&names).await, room);
}

#[tokio::test]
async fn offline_user_finds_all_direct_messages_on_return() {
    let (server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    li.sign_out().await;
    let mut socket = mei.socket().await;
    for text in ["one", "two", "three"] {
        socket.send(post_to(&li.phone, text)).await;
    }
    let room = socket.expect("room").await["room"]["id"].clone();
    for seq in 1..=3 {
        let ack = socket.expect("ack").await;
        assert_eq!((&ack["roomId"], &ack["seq"]), (&room, &json!(seq)));
    }
    let back = li.on_another_device(&server).await;
    let room = room.as_str().expect("an id").to_owned();
    let shown = back.socket().await.room(&room).await;
    let found = (&shown["unread"], &shown["name"]);
    assert_eq!(found, (&json!(3), &json!("Mei")));
    assert_eq!(back.history(&room).await.len(), 3);
}

#[tokio::test]
async fn post_to_a_username_reports_errors() {
    let (server, [mei, ..]) = Teahouse::with_users(PEOPLE).await;
    let mut socket = mei.socket().await;
    for (to, content, code) in [
        ("nobody", "hi", "not_found"),
        ("", "hi", "not_found"),
        ("mei", "hi", "forbidden"),
        ("Li", " ", "empty"),
    ] {
        let frame = post_to(to, content);
        socket.send(frame.clone()).await;
        let error = socket.expect("error").await;
        let found = (&error["code"], &error["clientId"]);
        assert_eq!(found, (&json!(code), &frame["clientId"]));
    }
    // `to` and `roomId` exclude each other, and one is required.
    for extra in [json!({"roomId": "1", "to": "Li"}), json!({})] {
        let mut frame = extra;
        frame["type"] = json!("post");
        frame["content"] = json!("x");
        frame["clientId"] = json!(client_id());
        socket.send(frame).await;
        assert_eq!(socket.expect("error").await["code"], "bad_frame");
    }
    assert_eq!(server.count("rooms"), 1);
}

#[tokio::test]
async fn retried_post_to_a_username_is_the_same_message() {
    let (_server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let mut socket = mei.socket().await;
    let frame = post_to("Li", "once");
    socket.send(frame.clone()).await;
    let first = socket.expect("ack").await;
    socket.send(frame).await;
    let second = socket.expect("ack").await;
    let found = (&first["id"], &first["seq"]);
    assert_eq!(found, (&second["id"], &second["seq"]));
    let room = first["roomId"].as_str().expect("an id").to_owned();
    assert_eq!(li.history(&room).await.len(), 1);
}

#[tokio::test]
async fn blocked_user_cannot_send_and_the_error_reveals_no_more() {
    let (_server, [mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.direct(&["Li"]).await;
    let sent = mei.say_in(&room, "hello").await;
    let (mut mei_socket, mut li_socket) = (mei.socket().await, li.socket().await);
    li.submit_ok("post", "/blocks", &[("username", "mei")])
        .await;
    li.submit_ok("post", "/blocks", &[("username", "mei")])
        .await;
    mei_socket.post(&room, "are you there?").await;
    assert_eq!(mei_socket.expect("error").await["code"], "blocked");
    mei_socket.send(post_to("Li", "are you there?")).await;
    assert_eq!(mei_socket.expect("error").await["code"], "blocked");
    mei_socket
        .send(json!({"type": "edit", "roomId": room, "seq": 1, "content": "hear me"}))
        .await;
    assert_eq!(mei_socket.expect("error").await["code"], "blocked");
    for path in [
        format!("/rooms/{room}/messages"),
        format!("/api/rooms/{room}/messages"),
        format!("/api/conversations/{room}/messages"),
    ] {
        let found = error_code(mei.post_json(&path, &json!({"content": "hello?"})).await);
        assert_eq!(found, "403 blocked");
    }
    li_socket.expect_none("message").await;
    // A retry of a message sent before the block is still acknowledged, and it can be deleted.
    let retry = json!({"content": "hello", "clientId": sent["clientId"]});
    let path = format!("/rooms/{room}/messages");
    assert_eq!(mei.post_json(&path, &retry).await.0, 201);
    assert_eq!(mei.delete_message(&room, 1).await, 204);
    assert!(li_socket.expect("message").await["deletedAt"].is_string());
    // The other direction and other rooms are not affected.
    li.say_in(&room, "quiet please").await;
    mei.say("to everybody").await;
    // A new room of three cannot include both, unless the blocker creates it.
    let body = json!({"to": ["Li", "Bo"]});
    for person in [&mei, &bo] {
        let body = match person.name.as_str() {
            "Bo" => json!({"to": ["Li", "Mei"]}),
            _ => body.clone(),
        };
        assert_eq!(person.json(Method::POST, "/directs", body).await.0, 403);
    }
    let group = li.direct(&["Mei", "Bo"]).await;
    assert_eq!(mei.direct(&["Li", "Bo"]).await, group);
    mei.say_in(&group, "all three").await;
    assert_eq!(bo.history(&group).await.len(), 1);
    li.submit_ok("delete", "/blocks", &[("username", "Mei")])
        .await;
    mei.say_in(&room, "thanks").await;
    for (name, status) in [("nobody", 404), ("Li", 403), ("", 404)] {
        let found = li.submit("post", "/blocks", &[("username", name)]).await;
        assert_eq!(found, status);
    }
}

#[tokio::test]
async fn blocked_user_cannot_create_an_empty_direct_room() {
    let (_server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    li.submit("post", "/blocks", &[("username", "Mei")]).await;
    let (mut mei_socket, mut li_socket) = (mei.socket().await, li.socket().await);
    mei_socket.send(post_to("Li", "psst")).await;
    assert_eq!(mei_socket.expect("error").await["code"], "blocked");
    li_socket.expect_none("room").await;
    assert_eq!(li.rooms().await.len(), 1);
}

#[tokio::test]
async fn direct_link_redirects_to_the_room() {
    let (_server, [mei, _, bo]) = Teahouse::with_users(PEOPLE).await;
    let response = mei.post("/directs", &[("to", "Li")]).await;
    let (status, location) = status_and_location(&response);
    let is_shown = status == 303 && location.starts_with("/rooms/");
    assert!(is_shown, "{status} {location}");
    assert_eq!(mei.get(location).await.status(), 200);
    for to in ["nobody", ""] {
        let response = mei.post("/directs", &[("to", to)]).await;
        assert_eq!(response.status(), 422);
    }
    let people = mei.page("/people").await;
    assert!(people.contains("Li") && people.contains("Bo"), "{people}");
    assert!(!people.contains(&mei.phone));
    let found = bo.page("/people?search=mE").await;
    assert!(found.contains("Mei") && !found.contains("Li<"), "{found}");
}

#[tokio::test]
async fn conversation_shows_when_the_other_member_was_last_seen() {
    let (_server, [mei, li]) = Teahouse::with_users(["mei", "li"]).await;
    let room = mei.direct(&["li"]).await;
    assert!(
        mei.page(&format!("/rooms/{room}"))
            .await
            .contains("data-last-seen=\"\"")
    );
    let mut mei_socket = mei.socket().await;
    let li_socket = li.socket().await;
    // Direct rooms get presence updates without being open.
    let presence = mei_socket.expect_where("presence", |frame| {
        frame["online"].as_array().is_some_and(|all| all.len() == 2)
    });
    assert_eq!(presence.await["roomId"], json!(room));
    drop(li_socket);
    until("the time li was last here", async || {
        let page = mei.page(&format!("/rooms/{room}")).await;
        !page.contains("data-last-seen=\"\"")
    })
    .await;
}
