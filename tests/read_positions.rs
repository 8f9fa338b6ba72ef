//! What is read, by whom, and what names somebody.

use crate::support::{LOBBY, Person, Socket, Teahouse};
use serde_json::{Value, json};

async fn server() -> (Teahouse, Person, Person, Person) {
    let (server, [mei, li, bo]) = Teahouse::with_users(["Mei", "Li", "李梅"]).await;
    (server, mei, li, bo)
}

fn read(room: &str, seq: i64) -> Value {
    json!({"type": "read", "roomId": room, "seq": seq})
}

fn unread(room: &str, seq: i64) -> Value {
    json!({"type": "read", "roomId": room, "seq": seq, "unread": true})
}

/// Place, unread and mentions of the next mark.
async fn mark(socket: &mut Socket) -> (i64, i64, i64) {
    let frame = socket.expect("read").await;
    let number = |name: &str| frame[name].as_i64().expect(name);
    (number("seq"), number("unread"), number("mentions"))
}

async fn shown(person: &Person, room: &str) -> (i64, i64, i64) {
    let room = person.room(room).await;
    let number = |name: &str| room[name].as_i64().expect(name);
    (number("readSeq"), number("unread"), number("mentions"))
}

#[tokio::test]
async fn a_mark_moves_forward_only_and_on_all_devices_at_once() {
    let (server, mei, li, _) = server().await;
    for n in 0..5 {
        mei.say(&format!("{n}")).await;
    }
    let other = li.on_another_device(&server).await;
    let (mut here, mut there) = (li.socket().await, other.socket().await);
    assert_eq!(shown(&li, LOBBY).await, (0, 5, 0));
    for (seq, place) in [
        (3, 3),
        (2, 3),
        (0, 3),
        (-7, 3),
        (4, 4),
        (999, 5),
        (i64::MAX, 5),
        (i64::MIN, 5),
    ] {
        here.send(read(LOBBY, seq)).await;
        assert_eq!(mark(&mut here).await, (place, 5 - place, 0), "{seq}");
        assert_eq!(mark(&mut there).await, (place, 5 - place, 0), "{seq}");
        assert_eq!(shown(&other, LOBBY).await, (place, 5 - place, 0));
    }
    // Never beyond the end: what comes next is new.
    mei.say("six").await;
    assert_eq!(shown(&li, LOBBY).await, (5, 1, 0));
    for (seq, place) in [(3, 2), (99, 6), (0, 0), (i64::MIN, 0), (6, 5), (1, 0)] {
        there.send(unread(LOBBY, seq)).await;
        assert_eq!(mark(&mut here).await, (place, 6 - place, 0), "{seq}");
        there.expect("read").await;
    }
    for (seq, unread) in [
        (json!("1"), json!(false)),
        (json!(1.5), json!(false)),
        (json!(1), json!(1)),
    ] {
        here.send(json!({"type": "read", "roomId": "1", "seq": seq, "unread": unread}))
            .await;
        assert_eq!(here.expect("error").await["code"], "bad_frame");
    }
}

#[tokio::test]
async fn everybody_in_a_small_room_sees_who_has_read_what() {
    let (_server, mei, li, bo) = server().await;
    let room = mei.create_room("closed", "small", &[&li]).await;
    mei.say_in(&room, "one").await;
    let (mut of_mei, mut of_li, mut of_bo) =
        (mei.socket().await, li.socket().await, bo.socket().await);
    of_li.send(read(&room, 1)).await;
    let seen = of_mei.expect("seen").await;
    assert_eq!((&seen["roomId"], &seen["seq"]), (&json!(room), &json!(1)));
    assert_eq!(seen["user"]["username"], "Li");
    mark(&mut of_li).await;
    of_li.expect_none("seen").await;
    // What does not move is not told.
    of_li.send(read(&room, 1)).await;
    mark(&mut of_li).await;
    of_mei.expect_none("seen").await;
    of_mei.expect_none("read").await;
    of_bo.expect_none("seen").await;
}

#[tokio::test]
async fn nobody_in_a_large_room_sees_who_has_read_what() {
    let (server, mei, li, _) = server().await;
    mei.say("one").await;
    for n in 4..=20 {
        Person::register(&server, &format!("guest-{n}")).await;
    }
    let (mut of_mei, mut of_li) = (mei.socket().await, li.socket().await);
    of_li.send(read(LOBBY, 1)).await;
    assert_eq!(of_mei.expect("seen").await["seq"], 1);
    Person::register(&server, "one-too-many").await;
    mei.say("two").await;
    of_li.send(read(LOBBY, 2)).await;
    assert_eq!(mark(&mut of_li).await, (1, 0, 0));
    assert_eq!(mark(&mut of_li).await, (2, 0, 0));
    of_mei.expect_none("seen").await;
}

#[tokio::test]
async fn posting_moves_my_mark_only_when_i_had_read_everything() {
    let (_server, mei, li, _) = server().await;
    mei.say("one").await;
    assert_eq!(shown(&mei, LOBBY).await, (1, 0, 0));
    li.say("two").await;
    assert_eq!(shown(&li, LOBBY).await, (0, 1, 0));
    mei.say("three").await;
    assert_eq!(shown(&mei, LOBBY).await, (1, 1, 0));
    mei.mark_read(LOBBY, 3).await;
    mei.say("four").await;
    mei.say("five").await;
    assert_eq!(shown(&mei, LOBBY).await, (5, 0, 0));
}

#[tokio::test]
async fn marks_are_set_by_forms_and_all_at_once() {
    let (_server, mei, li, _) = server().await;
    let room = mei.create_room("open", "second", &[&li]).await;
    for n in 0..3 {
        mei.say(&format!("{n}")).await;
        mei.say_in(&room, &format!("{n}")).await;
    }
    let path = format!("/rooms/{room}/read_mark");
    assert_eq!(li.submit("post", &path, &[("seq", "2")]).await, 303);
    assert_eq!(shown(&li, &room).await, (2, 1, 0));
    assert_eq!(
        li.submit("put", &path, &[("seq", "2"), ("unread", "true")])
            .await,
        303
    );
    assert_eq!(shown(&li, &room).await, (1, 2, 0));
    let mut socket = li.socket().await;
    assert_eq!(li.submit("post", "/read_marks", &[]).await, 303);
    assert_eq!(mark(&mut socket).await.1, 0);
    assert_eq!(mark(&mut socket).await.1, 0);
    assert_eq!(
        (shown(&li, LOBBY).await.1, shown(&li, &room).await.1),
        (0, 0)
    );
    let (stranger, nobody) = ("/rooms/x/read_mark", "/rooms/999/read_mark");
    assert_eq!(li.submit("post", stranger, &[("seq", "1")]).await, 404);
    assert_eq!(li.submit("post", nobody, &[("seq", "1")]).await, 404);
}

#[tokio::test]
async fn a_name_is_recognised_counted_and_marked() {
    let (server, mei, li, _) = server().await;
    let mut of_li = li.socket().await;
    let message = mei
        .say("@LI, @李梅你好 and me@li.example, @nobody <@li>")
        .await;
    let html = message["html"].as_str().expect("html");
    assert_eq!(html.matches("mention").count(), 3, "{html}");
    assert!(html.contains("@LI") && html.contains("&lt;"), "{html}");
    assert_eq!(of_li.expect("message").await["html"], message["html"]);
    assert_eq!(mei.history(LOBBY).await[0]["html"], message["html"]);
    let sql =
        "SELECT username AS value FROM mentions JOIN users ON users.id = user_id ORDER BY username";
    assert_eq!(server.database().strings(sql), ["Li", "李梅"]);
    mei.say("and again @li").await;
    mei.say("nobody").await;
    assert_eq!(shown(&li, LOBBY).await, (0, 3, 2));
    of_li.send(read(LOBBY, 1)).await;
    assert_eq!(mark(&mut of_li).await, (1, 2, 1));
    assert_eq!(li.socket().await.hello["rooms"][0]["mentions"], 1);
    // An edit names others; a deletion nobody.
    mei.edit(LOBBY, 2, "and again @李梅 @李梅").await;
    assert_eq!(shown(&li, LOBBY).await, (1, 2, 0));
    mei.edit(LOBBY, 3, "@li").await;
    assert_eq!(shown(&li, LOBBY).await, (1, 2, 1));
    mei.delete_message(LOBBY, 3).await;
    assert_eq!(shown(&li, LOBBY).await, (1, 1, 0));
}

#[tokio::test]
async fn only_members_of_a_room_are_named_in_it() {
    let (server, mei, li, _) = server().await;
    let room = mei.create_room("open", "tea", &[]).await;
    let message = mei.say_in(&room, "hi @li").await;
    assert!(!message["html"].as_str().expect("html").contains("mention"));
    let count = "SELECT COUNT(*) AS value FROM mentions";
    assert_eq!(server.database().number(count), 0);
    li.join(&room).await;
    mei.say_in(&room, "hi @li").await;
    assert_eq!(shown(&li, &room).await, (1, 1, 1));
}

#[tokio::test]
async fn one_says_how_much_a_room_matters() {
    let (server, mei, li, _) = server().await;
    let room = mei.create_room("closed", "tea", &[&li]).await;
    let other = li.on_another_device(&server).await;
    let mut socket = other.socket().await;
    let path = format!("/rooms/{room}/involvement");
    for wanted in ["everything", "nothing", "hidden", "mentions"] {
        assert_eq!(li.submit("put", &path, &[("involvement", wanted)]).await, 303);
        assert_eq!(socket.expect("room").await["room"]["involvement"], wanted);
        assert_eq!(li.room(&room).await["involvement"], wanted);
    }
    assert_eq!(mei.room(&room).await["involvement"], "mentions");
    let (status, error) = li
        .json(reqwest::Method::PUT, &path, json!({"involvement": "much"}))
        .await;
    assert_eq!(
        (status, error["errors"]["involvement"].is_string()),
        (422, true)
    );
}

#[tokio::test]
async fn whoever_types_is_seen_by_those_who_look_at_the_room() {
    let (_server, mei, li, bo) = server().await;
    let room = mei.create_room("closed", "tea", &[&li]).await;
    let (mut of_mei, mut of_li, mut of_bo) =
        (mei.socket().await, li.socket().await, bo.socket().await);
    of_li.send(json!({"type": "view", "roomId": room})).await;
    of_li.expect("presence").await;
    of_bo.send(json!({"type": "view", "roomId": LOBBY})).await;
    of_bo.expect("presence").await;
    of_mei.send(json!({"type": "typing", "roomId": room})).await;
    of_mei.send(json!({"type": "typing", "roomId": room})).await;
    let frame = of_li.expect("typing").await;
    assert_eq!(frame["roomId"], *room);
    assert_eq!(frame["user"]["username"], "Mei");
    of_mei.discard_pending().await;
    of_li.expect_none("typing").await;
    of_bo.expect_none("typing").await;
    // Whoever cannot write there does not type there either.
    of_bo.send(json!({"type": "typing", "roomId": room})).await;
    assert_eq!(of_bo.expect("error").await["code"], "not_found");
}
