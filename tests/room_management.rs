//! Creating, joining, leaving, changing and deleting rooms.

use crate::support::{LOBBY, Teahouse};
use reqwest::Method;
use serde_json::{Value, json};

const PEOPLE: [&str; 4] = ["Admin", "Mei", "李雷", "Bo"];

#[tokio::test]
async fn created_room_appears_for_its_members_at_once() {
    let (_server, [_, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let (mut li_socket, mut bo_socket) = (li.socket().await, bo.socket().await);
    let form = [
        ("name", "  茶 & tea "),
        ("topic", "Leaves"),
        ("kind", "closed"),
        ("members", "李雷"),
        ("members", ""),
        ("members", "mei"),
    ];
    let response = mei.post("/rooms", &form).await;
    let path = crate::support::status_and_location(&response).1.to_owned();
    let id = path.trim_start_matches("/rooms/");
    assert!(li.accept_invitation(id).await);
    let shown = li_socket.expect("room").await["room"].clone();
    let expected = json!({
        "id": id, "kind": "closed", "name": "茶 & tea", "topic": "Leaves", "seq": 0, "ver": 0, "readSeq": 0,
        "unread": 0, "mentions": 0, "involvement": "mentions", "lastMessageAt": null,
    });
    assert_eq!(shown, expected);
    assert_eq!(li.room(id).await, expected);
    assert_eq!(mei.room(id).await, expected);
    assert_eq!(bo.room(id).await, Value::Null);
    bo_socket.expect_none("room").await;
    mei.say_in(id, "hello").await;
    assert_eq!(li_socket.expect("message").await["roomId"], id);
    bo_socket.expect_none("message").await;
}

#[tokio::test]
async fn invalid_rooms_are_rejected() {
    let (server, [_, mei, ..]) = Teahouse::with_users(PEOPLE).await;
    let long = "x".repeat(81);
    let topic = "x".repeat(251);
    for (body, field) in [
        (json!({"kind": "open"}), "name"),
        (json!({"name": "  "}), "name"),
        (json!({"name": long}), "name"),
        (json!({"name": "a\nb"}), "name"),
        (json!({"name": "a", "topic": topic}), "topic"),
        (json!({"name": "a", "kind": "direct"}), "kind"),
        (json!({"name": "a", "kind": ""}), "kind"),
        (json!({"name": "a", "members": ["nobody"]}), "members"),
    ] {
        for path in ["/rooms", "/api/rooms"] {
            let (status, response) = mei.json(Method::POST, path, body.clone()).await;
            assert_eq!(status, 422, "{body}");
            assert!(response["errors"][field].is_string(), "{body}: {response}");
        }
    }
    assert_eq!(server.count("rooms"), 1);
}

#[tokio::test]
async fn open_room_is_found_read_and_joined() {
    let (_server, [_, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let open = mei.create_room("open", "100% chess_club", &[]).await;
    let closed = mei.create_room("closed", "secret chess", &[]).await;
    mei.say_in(&open, "before").await;
    let page = li.page("/rooms?search=%25%20Chess_").await;
    assert!(page.contains("100% chess_club"), "{page}");
    assert!(!li.page("/rooms?search=chess").await.contains("secret"));
    assert!(!li.page("/rooms?search=xx").await.contains("chess_club"));
    // A non-member can read it, but receives no live messages and cannot post.
    let mut li_socket = li.socket().await;
    assert_eq!(li.history(&open).await.len(), 1);
    let body = json!({"content": "may I?"});
    let path = format!("/rooms/{open}/messages");
    assert_eq!(li.post_json(&path, &body).await.0, 403);
    mei.say_in(&open, "again").await;
    li_socket.expect_none("message").await;
    assert_eq!(li.room(&open).await, Value::Null);
    assert_eq!((li.join(&open).await, li.join(&open).await), (303, 303));
    let room = li_socket.expect("room").await["room"].clone();
    assert_eq!((&room["readSeq"], &room["unread"]), (&json!(2), &json!(0)));
    mei.say_in(&open, "welcome").await;
    assert_eq!(li_socket.expect("message").await["seq"], 3);
    li_socket.expect_none("room").await;
    for room in [closed.as_str(), "999"] {
        assert_eq!(bo.join(room).await, 404);
    }
}

#[tokio::test]
async fn closed_room_is_invisible_to_non_members() {
    let (_server, [_, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let closed = mei.create_room("closed", "secret", &[&li]).await;
    mei.say_in(&closed, "psst").await;
    let mut socket = bo.socket().await;
    for id in [closed.as_str(), "999", "9223372036854775807"] {
        let room = format!("/rooms/{id}");
        for path in [
            room.clone(),
            format!("{room}?at=1"),
            format!("{room}/messages"),
            format!("/api/rooms/{id}"),
            format!("/api/rooms/{id}/messages"),
            format!("/api/rooms/{id}/messages?ver=0"),
            format!("/api/conversations/{id}"),
        ] {
            assert_eq!(bo.get_json(&path).await.0, 404, "{path}");
        }
        assert_eq!(bo.join(id).await, 404);
        assert_eq!(bo.leave(id).await, 404);
        assert_eq!(bo.invite(id, &bo).await, 404);
        assert_eq!(bo.remove(id, &mei).await, 404);
        assert_eq!(bo.submit("patch", &room, &[("name", "mine")]).await, 404);
        let found = bo.submit("delete", &room, &[("confirm", "secret")]).await;
        assert_eq!(found, 404);
        assert_eq!(bo.edit(id, 1, "mine").await.0, 404);
        assert_eq!(bo.delete_message(id, 1).await, 404);
        assert_eq!(bo.mark_read(id, 1).await, 404);
        for frame in ["sync", "read", "view", "typing", "post", "edit", "delete"] {
            let frame = json!({
                "type": frame, "roomId": id, "ver": 0, "seq": 1, "content": "x",
                "clientId": crate::support::client_id(),
            });
            socket.send(frame.clone()).await;
            let error = socket.expect("error").await;
            assert_eq!(error["code"], "not_found", "{frame}");
            assert_eq!(error["roomId"], id, "{frame}");
        }
    }
    mei.say_in(&closed, "unheard").await;
    socket.expect_none("message").await;
}

#[tokio::test]
async fn invited_user_joins_and_removed_member_receives_no_further_messages() {
    let (_server, [admin, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.create_room("closed", "kitchen", &[&bo]).await;
    mei.say_in(&room, "one").await;
    let (mut li_socket, mut bo_socket) = (li.socket().await, bo.socket().await);
    // Any member may invite, only the creator may remove.
    bo.add_member(&room, &li).await;
    let shown = li_socket.expect("room").await["room"].clone();
    assert_eq!((&shown["unread"], &shown["seq"]), (&json!(0), &json!(1)));
    assert_eq!(li.history(&room).await.len(), 1);
    assert_eq!(bo.remove(&room, &li).await, 403);
    assert_eq!(admin.remove(&room, &li).await, 404);
    mei.say_in(&room, "two").await;
    assert_eq!(li_socket.expect("message").await["seq"], 2);
    li_socket.view(&room).await;
    li_socket.expect("presence").await;
    assert_eq!(mei.remove(&room, &li).await, 303);
    assert_eq!(li_socket.expect("removed").await["roomId"], *room);
    li_socket.discard_pending().await;
    mei.say_in(&room, "three").await;
    let found = bo_socket.expect_where("message", |m| m["seq"] == 3).await["content"].clone();
    assert_eq!(found, "three");
    let typing = json!({"type": "typing", "roomId": room});
    bo_socket.send(typing).await;
    bo_socket.discard_pending().await;
    for frame in ["message", "typing", "presence", "room"] {
        li_socket.expect_none(frame).await;
    }
    li_socket.sync(&room, 0).await;
    assert_eq!(li_socket.expect("error").await["code"], "not_found");
    assert_eq!(li.get_json(&format!("/rooms/{room}/messages")).await.0, 404);
    assert!(li.room(&room).await.is_null());
    // A user who is not a member cannot be removed; an unknown user cannot be invited.
    for (method, name) in [
        (Method::DELETE, "李雷"),
        (Method::POST, "nobody"),
        (Method::POST, ""),
    ] {
        let path = format!("/rooms/{room}/members");
        let (status, response) = mei.json(method, &path, json!({"username": name})).await;
        assert_eq!(status, 422, "{name}");
        assert!(response["errors"]["username"].is_string(), "{response}");
    }
    assert_eq!(bo.remove(&room, &bo).await, 303);
    assert_eq!(bo_socket.expect("removed").await["roomId"], *room);
}

#[tokio::test]
async fn creator_and_admins_change_a_room_and_members_see_it() {
    let (_server, [admin, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let id = mei.create_room("open", "old", &[&li, &admin]).await;
    let path = format!("/rooms/{id}");
    let mut li_socket = li.socket().await;
    li.mark_read(&id, 0).await;
    assert_eq!(mei.submit("patch", &path, &[("name", " new ")]).await, 303);
    let room = li_socket.expect("room").await["room"].clone();
    assert_eq!((&room["name"], &room["topic"]), (&json!("new"), &json!("")));
    assert_eq!(admin.submit("patch", &path, &[("topic", "tea")]).await, 303);
    assert_eq!(li_socket.expect("room").await["room"]["topic"], "tea");
    assert_eq!(li.submit("patch", &path, &[("name", "mine")]).await, 403);
    assert_eq!(bo.submit("patch", &path, &[("name", "mine")]).await, 403);
    let (status, error) = mei.json(Method::PATCH, &path, json!({"name": " "})).await;
    assert_eq!((status, error["errors"]["name"].is_string()), (422, true));
    let body = json!({"kind": "direct"});
    let (status, error) = mei.json(Method::PATCH, &path, body).await;
    assert_eq!((status, error["errors"]["kind"].is_string()), (422, true));
    assert_eq!(bo.history(&id).await.len(), 0);
    assert_eq!(mei.submit("patch", &path, &[("kind", "closed")]).await, 303);
    assert_eq!(li_socket.expect("room").await["room"]["kind"], "closed");
    assert_eq!(bo.get_json(&path).await.0, 404);
    assert_eq!(bo.submit("patch", &path, &[("kind", "open")]).await, 404);
    assert_eq!(mei.submit("patch", &path, &[("kind", "open")]).await, 422);
    let confirmed = [("kind", "open"), ("confirm", "new")];
    assert_eq!(mei.submit("patch", &path, &confirmed).await, 303);
    assert_eq!(bo.join(&id).await, 303);
    assert_eq!(mei.room(&id).await["name"], "new");
}

#[tokio::test]
async fn longest_standing_member_becomes_creator_when_the_creator_leaves() {
    let (_server, [_, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let id = mei.create_room("open", "heirloom", &[]).await;
    let path = format!("/rooms/{id}");
    assert_eq!((bo.join(&id).await, li.join(&id).await), (303, 303));
    let mut mei_socket = mei.socket().await;
    assert_eq!(mei.leave(&id).await, 303);
    assert_eq!(mei_socket.expect("removed").await["roomId"], *id);
    assert_eq!(mei.submit("patch", &path, &[("name", "x")]).await, 403);
    assert_eq!(li.submit("patch", &path, &[("name", "x")]).await, 403);
    assert_eq!(bo.submit("patch", &path, &[("name", "Bo's")]).await, 303);
    // Joining again does not restore ownership.
    assert_eq!(mei.join(&id).await, 303);
    assert_eq!(mei.submit("patch", &path, &[("name", "x")]).await, 403);
}

#[tokio::test]
async fn room_is_deleted_after_confirmation_and_stays_readable_for_admins() {
    let (server, [admin, mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let id = mei.create_room("open", "Gone soon", &[&li]).await;
    let path = format!("/rooms/{id}");
    mei.say_in(&id, "for the record").await;
    let mut li_socket = li.socket().await;
    let body = json!({"confirm": "gone"});
    let (status, error) = mei.json(Method::DELETE, &path, body).await;
    let found = (status, error["errors"]["confirm"].is_string());
    assert_eq!(found, (422, true));
    let form = [("confirm", " Gone soon ")];
    assert_eq!(li.submit("delete", &path, &form).await, 403);
    mei.submit_ok("delete", &path, &form).await;
    assert_eq!(li_socket.expect("removed").await["roomId"], *id);
    for person in [&mei, &li, &admin] {
        assert_eq!(person.get_json(&path).await.0, 404);
        assert_eq!(person.join(&id).await, 404);
        assert!(person.room(&id).await.is_null());
    }
    let body = json!({"content": "echo"});
    let response = mei.post_json(&format!("{path}/messages"), &body).await;
    assert_eq!(response.0, 404);
    assert!(!li.page("/rooms").await.contains("Gone soon"));
    let lines = server.database().transcript();
    assert_eq!(lines.len(), 1);
    let found = (lines[0].room_name.as_str(), lines[0].content.as_str());
    assert_eq!(found, ("Gone soon", "for the record"));
    // An admin may delete others' rooms.
    let other = mei.create_room("open", "second", &[]).await;
    let path = format!("/rooms/{other}");
    let form = [("confirm", "second")];
    admin.submit_ok("delete", &path, &form).await;
}

#[tokio::test]
async fn lobby_and_direct_rooms_cannot_be_changed() {
    let (_server, [admin, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let direct = mei.direct(&[&li.name]).await;
    for (person, room, name) in [(&admin, LOBBY, "Lobby"), (&mei, direct.as_str(), "")] {
        let path = format!("/rooms/{room}");
        assert_eq!(person.leave(room).await, 403);
        assert_eq!(person.invite(room, &bo).await, 403);
        assert_eq!(person.remove(room, &li).await, 403);
        let found = person.submit("patch", &path, &[("kind", "closed")]).await;
        assert_eq!(found, 403);
        let found = person.submit("delete", &path, &[("confirm", name)]).await;
        assert_eq!(found, 403);
    }
    let path = format!("/rooms/{direct}");
    assert_eq!(mei.submit("patch", &path, &[("name", "ours")]).await, 403);
    let found = mei.submit("patch", "/rooms/1", &[("name", "ours")]).await;
    assert_eq!(found, 403);
    let topic = [("topic", "hi")];
    admin.submit_ok("patch", "/rooms/1", &topic).await;
    assert_eq!(bo.room(LOBBY).await["topic"], "hi");
    assert_eq!(bo.room(LOBBY).await["name"], "Lobby");
}

#[tokio::test]
async fn invalid_room_form_keeps_the_entered_values() {
    let (_server, [mei, ..]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.create_room("closed", "Kitchen", &[]).await;
    let path = format!("/rooms/{room}");
    let long = "x".repeat(251);
    for (path, typed) in [
        (
            path.clone(),
            vec![("_method", "patch"), ("name", "Pantry"), ("topic", &long)],
        ),
        (
            path.clone(),
            vec![("_method", "delete"), ("confirm", "Kitchn")],
        ),
        (format!("{path}/members"), vec![("username", "nobody-here")]),
        (format!("{path}/messages"), vec![("content", "\u{7}bell")]),
    ] {
        let response = mei.post(&path, &typed).await;
        assert_eq!(response.status(), 422, "{typed:?}");
        let page = response.text().await.expect("a page");
        for (field, value) in typed.iter().filter(|(field, _)| *field != "_method") {
            // In the field's value; an error message may repeat a name.
            let again = [format!("value=\"{value}\""), format!("{value}</textarea>")];
            let is_found = again.iter().any(|again| page.contains(again));
            assert!(is_found, "{field} keeps its value");
        }
    }
}
