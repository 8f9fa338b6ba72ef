//! Making rooms, coming and going, changing and deleting them.

use crate::support::{LOBBY, Person, Teahouse};
use reqwest::Method;
use serde_json::{Value, json};

/// An admin and three others.
async fn house() -> (Teahouse, Person, Person, Person, Person) {
    let (house, [admin, mei, li, bo]) = Teahouse::with_people(["Admin", "Mei", "李雷", "Bo"]).await;
    (house, admin, mei, li, bo)
}

#[tokio::test]
async fn somebody_makes_a_room_and_its_members_see_it_at_once() {
    let (_house, _, mei, li, bo) = house().await;
    let (mut of_li, mut of_bo) = (li.socket().await, bo.socket().await);
    let form = [
        ("name", "  茶 & tea "),
        ("topic", "Leaves"),
        ("kind", "closed"),
        ("members", "李雷"),
        ("members", ""),
        ("members", "mei"),
    ];
    let answer = mei.post("/rooms", &form).await;
    let path = answer.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    let id = path.trim_start_matches("/rooms/");
    assert!(li.accept(id).await);
    let shown = of_li.expect("room").await["room"].clone();
    let expected = json!({
        "id": id, "kind": "closed", "name": "茶 & tea", "topic": "Leaves", "seq": 0, "ver": 0, "readSeq": 0,
        "unread": 0, "mentions": 0, "involvement": "mentions", "lastMessageAt": null,
    });
    assert_eq!(shown, expected);
    assert_eq!(li.room(id).await, expected);
    assert_eq!(mei.room(id).await, expected);
    assert_eq!(bo.room(id).await, Value::Null);
    of_bo.expect_none("room").await;
    mei.say_in(id, "hello").await;
    assert_eq!(of_li.expect("message").await["roomId"], id);
    of_bo.expect_none("message").await;
}

#[tokio::test]
async fn a_room_that_makes_no_sense_is_not_made() {
    let (house, _, mei, ..) = house().await;
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
            let (status, answer) = mei.json(Method::POST, path, body.clone()).await;
            assert_eq!(status, 422, "{body}");
            assert!(answer["errors"][field].is_string(), "{body}: {answer}");
        }
    }
    let count = "SELECT COUNT(*) AS value FROM rooms";
    assert_eq!(house.database().number(count), 1);
}

#[tokio::test]
async fn an_open_room_is_found_read_and_entered() {
    let (_house, _, mei, li, bo) = house().await;
    let open = mei.make_room("open", "100% chess_club", &[]).await;
    let closed = mei.make_room("closed", "secret chess", &[]).await;
    mei.say_in(&open, "before").await;
    let page = li.page("/rooms?search=%25%20Chess_").await;
    assert!(page.contains("100% chess_club"), "{page}");
    assert!(!li.page("/rooms?search=chess").await.contains("secret"));
    assert!(!li.page("/rooms?search=xx").await.contains("chess_club"));
    // Who is not in it reads it, but hears and says nothing.
    let mut of_li = li.socket().await;
    assert_eq!(li.history(&open).await.len(), 1);
    let body = json!({"content": "may I?"});
    let path = format!("/rooms/{open}/messages");
    assert_eq!(li.post_json(&path, &body).await.0, 403);
    mei.say_in(&open, "again").await;
    of_li.expect_none("message").await;
    assert_eq!(li.room(&open).await, Value::Null);
    assert_eq!((li.enter(&open).await, li.enter(&open).await), (303, 303));
    let room = of_li.expect("room").await["room"].clone();
    assert_eq!((&room["readSeq"], &room["unread"]), (&json!(2), &json!(0)));
    mei.say_in(&open, "welcome").await;
    assert_eq!(of_li.expect("message").await["seq"], 3);
    of_li.expect_none("room").await;
    for room in [closed.as_str(), "999"] {
        assert_eq!(bo.enter(room).await, 404);
    }
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_closed_room() {
    let (_house, _, mei, li, bo) = house().await;
    let closed = mei.make_room("closed", "secret", &[&li]).await;
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
        assert_eq!(bo.enter(id).await, 404);
        assert_eq!(bo.leave(id).await, 404);
        assert_eq!(bo.invite(id, &bo).await, 404);
        assert_eq!(bo.remove(id, &mei).await, 404);
        assert_eq!(bo.act("patch", &room, &[("name", "mine")]).await, 404);
        assert_eq!(bo.act("delete", &room, &[("confirm", "secret")]).await, 404);
        assert_eq!(bo.edit(id, 1, "mine").await.0, 404);
        assert_eq!(bo.erase(id, 1).await, 404);
        assert_eq!(bo.has_read(id, 1).await, 404);
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
async fn whoever_is_invited_comes_in_and_whoever_is_removed_hears_nothing_more() {
    let (_house, admin, mei, li, bo) = house().await;
    let room = mei.make_room("closed", "kitchen", &[&bo]).await;
    mei.say_in(&room, "one").await;
    let (mut of_li, mut of_bo) = (li.socket().await, bo.socket().await);
    // Any member invites, only the creator removes.
    bo.add_member(&room, &li).await;
    let shown = of_li.expect("room").await["room"].clone();
    assert_eq!((&shown["unread"], &shown["seq"]), (&json!(0), &json!(1)));
    assert_eq!(li.history(&room).await.len(), 1);
    assert_eq!(bo.remove(&room, &li).await, 403);
    assert_eq!(admin.remove(&room, &li).await, 404);
    mei.say_in(&room, "two").await;
    assert_eq!(of_li.expect("message").await["seq"], 2);
    of_li.send(json!({"type": "view", "roomId": room})).await;
    of_li.expect("presence").await;
    assert_eq!(mei.remove(&room, &li).await, 303);
    assert_eq!(of_li.expect("removed").await["roomId"], *room);
    of_li.settle().await;
    mei.say_in(&room, "three").await;
    assert_eq!(
        of_bo.expect_where("message", |m| m["seq"] == 3).await["content"],
        "three"
    );
    of_bo.send(json!({"type": "typing", "roomId": room})).await;
    of_bo.settle().await;
    for frame in ["message", "typing", "presence", "room"] {
        of_li.expect_none(frame).await;
    }
    of_li
        .send(json!({"type": "sync", "roomId": room, "ver": 0}))
        .await;
    assert_eq!(of_li.expect("error").await["code"], "not_found");
    assert_eq!(li.get_json(&format!("/rooms/{room}/messages")).await.0, 404);
    assert!(li.room(&room).await.is_null());
    // Whoever is not there cannot be removed, whoever does not exist cannot be invited.
    for (method, name) in [
        (Method::DELETE, "李雷"),
        (Method::POST, "nobody"),
        (Method::POST, ""),
    ] {
        let path = format!("/rooms/{room}/members");
        let (status, answer) = mei.json(method, &path, json!({"username": name})).await;
        assert_eq!(status, 422, "{name}");
        assert!(answer["errors"]["username"].is_string(), "{answer}");
    }
    assert_eq!(bo.remove(&room, &bo).await, 303);
    assert_eq!(of_bo.expect("removed").await["roomId"], *room);
}

#[tokio::test]
async fn a_room_is_changed_by_its_creator_and_admins_and_everybody_sees_it() {
    let (_house, admin, mei, li, bo) = house().await;
    let id = mei.make_room("open", "old", &[&li, &admin]).await;
    let path = format!("/rooms/{id}");
    let mut of_li = li.socket().await;
    li.has_read(&id, 0).await;
    assert_eq!(mei.act("patch", &path, &[("name", " new ")]).await, 303);
    let room = of_li.expect("room").await["room"].clone();
    assert_eq!((&room["name"], &room["topic"]), (&json!("new"), &json!("")));
    assert_eq!(admin.act("patch", &path, &[("topic", "tea")]).await, 303);
    assert_eq!(of_li.expect("room").await["room"]["topic"], "tea");
    assert_eq!(li.act("patch", &path, &[("name", "mine")]).await, 403);
    assert_eq!(bo.act("patch", &path, &[("name", "mine")]).await, 403);
    let (status, error) = mei.json(Method::PATCH, &path, json!({"name": " "})).await;
    assert_eq!((status, error["errors"]["name"].is_string()), (422, true));
    let (status, error) = mei
        .json(Method::PATCH, &path, json!({"kind": "direct"}))
        .await;
    assert_eq!((status, error["errors"]["kind"].is_string()), (422, true));
    assert_eq!(bo.history(&id).await.len(), 0);
    assert_eq!(mei.act("patch", &path, &[("kind", "closed")]).await, 303);
    assert_eq!(of_li.expect("room").await["room"]["kind"], "closed");
    assert_eq!(bo.get_json(&path).await.0, 404);
    assert_eq!(bo.act("patch", &path, &[("kind", "open")]).await, 404);
    assert_eq!(mei.act("patch", &path, &[("kind", "open")]).await, 422);
    let confirmed = [("kind", "open"), ("confirm", "new")];
    assert_eq!(mei.act("patch", &path, &confirmed).await, 303);
    assert_eq!(bo.enter(&id).await, 303);
    assert_eq!(mei.room(&id).await["name"], "new");
}

#[tokio::test]
async fn when_the_creator_leaves_the_longest_member_keeps_the_room() {
    let (_house, _, mei, li, bo) = house().await;
    let id = mei.make_room("open", "heirloom", &[]).await;
    let path = format!("/rooms/{id}");
    assert_eq!((bo.enter(&id).await, li.enter(&id).await), (303, 303));
    let mut of_mei = mei.socket().await;
    assert_eq!(mei.leave(&id).await, 303);
    assert_eq!(of_mei.expect("removed").await["roomId"], *id);
    assert_eq!(mei.act("patch", &path, &[("name", "x")]).await, 403);
    assert_eq!(li.act("patch", &path, &[("name", "x")]).await, 403);
    assert_eq!(bo.act("patch", &path, &[("name", "Bo's")]).await, 303);
    // Coming back does not give it back.
    assert_eq!(mei.enter(&id).await, 303);
    assert_eq!(mei.act("patch", &path, &[("name", "x")]).await, 403);
}

#[tokio::test]
async fn a_room_is_deleted_after_its_name_is_typed_and_admins_read_it_still() {
    let (house, admin, mei, li, _) = house().await;
    let id = mei.make_room("open", "Gone soon", &[&li]).await;
    let path = format!("/rooms/{id}");
    mei.say_in(&id, "for the record").await;
    let mut of_li = li.socket().await;
    let (status, error) = mei
        .json(Method::DELETE, &path, json!({"confirm": "gone"}))
        .await;
    assert_eq!(
        (status, error["errors"]["confirm"].is_string()),
        (422, true)
    );
    assert_eq!(
        li.act("delete", &path, &[("confirm", "Gone soon")]).await,
        403
    );
    assert_eq!(
        mei.act("delete", &path, &[("confirm", " Gone soon ")])
            .await,
        303
    );
    assert_eq!(of_li.expect("removed").await["roomId"], *id);
    for person in [&mei, &li, &admin] {
        assert_eq!(person.get_json(&path).await.0, 404);
        assert_eq!(person.enter(&id).await, 404);
        assert!(person.room(&id).await.is_null());
    }
    let body = json!({"content": "echo"});
    let answer = mei.post_json(&format!("{path}/messages"), &body).await;
    assert_eq!(answer.0, 404);
    assert!(!li.page("/rooms").await.contains("Gone soon"));
    let lines = house.database().transcript();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0].room_name.as_str(), lines[0].content.as_str()),
        ("Gone soon", "for the record")
    );
    // An admin deletes others' rooms.
    let other = mei.make_room("open", "second", &[]).await;
    let path = format!("/rooms/{other}");
    assert_eq!(
        admin.act("delete", &path, &[("confirm", "second")]).await,
        303
    );
}

#[tokio::test]
async fn the_lobby_and_direct_rooms_stay_as_they_are() {
    let (_house, admin, mei, li, bo) = house().await;
    let direct = mei.direct(&[&li.name]).await;
    for (person, room, name) in [(&admin, LOBBY, "Lobby"), (&mei, direct.as_str(), "")] {
        let path = format!("/rooms/{room}");
        assert_eq!(person.leave(room).await, 403);
        assert_eq!(person.invite(room, &bo).await, 403);
        assert_eq!(person.remove(room, &li).await, 403);
        assert_eq!(person.act("patch", &path, &[("kind", "closed")]).await, 403);
        assert_eq!(person.act("delete", &path, &[("confirm", name)]).await, 403);
    }
    let path = format!("/rooms/{direct}");
    assert_eq!(mei.act("patch", &path, &[("name", "ours")]).await, 403);
    assert_eq!(mei.act("patch", "/rooms/1", &[("name", "ours")]).await, 403);
    assert_eq!(
        admin.act("patch", "/rooms/1", &[("topic", "hi")]).await,
        303
    );
    assert_eq!(bo.room(LOBBY).await["topic"], "hi");
    assert_eq!(bo.room(LOBBY).await["name"], "Lobby");
}

#[tokio::test]
async fn what_was_typed_about_a_room_comes_back_with_the_mistake() {
    let (_house, mei, ..) = house().await;
    let room = mei.make_room("closed", "Kitchen", &[]).await;
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
        let answer = mei.post(&path, &typed).await;
        assert_eq!(answer.status(), 422, "{typed:?}");
        let page = answer.text().await.expect("a page");
        for (field, value) in typed.iter().filter(|(field, _)| *field != "_method") {
            // In the field itself: a sentence may repeat a name.
            let again = [format!("value=\"{value}\""), format!("{value}</textarea>")];
            assert!(
                again.iter().any(|again| page.contains(again)),
                "{field} is typed again"
            );
        }
    }
}
