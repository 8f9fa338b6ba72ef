//! Read positions, unread counts, mentions, notification levels and typing.

use crate::support::{LOBBY, Person, Socket, Teahouse};
use serde_json::{Value, json};

const PEOPLE: [&str; 3] = ["Mei", "Li", "李梅"];

fn read(room: &str, seq: i64) -> Value {
    json!({"type": "read", "roomId": room, "seq": seq})
}

fn unread(room: &str, seq: i64) -> Value {
    json!({"type": "read", "roomId": room, "seq": seq, "unread": true})
}

/// `seq`, `unread` and `mentions` of the next `read` frame.
async fn read_frame(socket: &mut Socket) -> (i64, i64, i64) {
    let frame = socket.expect("read").await;
    let number = |name: &str| frame[name].as_i64().expect(name);
    (number("seq"), number("unread"), number("mentions"))
}

/// `readSeq`, `unread` and `mentions` of the room in the list of rooms.
async fn in_room_list(person: &Person, room: &str) -> (i64, i64, i64) {
    let room = person.room(room).await;
    let number = |name: &str| room[name].as_i64().expect(name);
    (number("readSeq"), number("unread"), number("mentions"))
}

#[tokio::test]
async fn read_position_moves_forward_only_and_on_all_devices() {
    let (server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    for n in 0..5 {
        mei.say(&format!("{n}")).await;
    }
    let other = li.on_another_device(&server).await;
    let (mut here, mut there) = (li.socket().await, other.socket().await);
    assert_eq!(in_room_list(&li, LOBBY).await, (0, 5, 0));
    let steps = [
        (3, 3),
        (2, 3),
        (0, 3),
        (-7, 3),
        (4, 4),
        (999, 5),
        (i64::MAX, 5),
        (i64::MIN, 5),
    ];
    for (seq, position) in steps {
        here.send(read(LOBBY, seq)).await;
        let wanted = (position, 5 - position, 0);
        assert_eq!(read_frame(&mut here).await, wanted, "{seq}");
        assert_eq!(read_frame(&mut there).await, wanted, "{seq}");
        assert_eq!(in_room_list(&other, LOBBY).await, wanted);
    }
    // The position never passes the newest message: the next one is unread.
    mei.say("six").await;
    assert_eq!(in_room_list(&li, LOBBY).await, (5, 1, 0));
    for (seq, position) in [(3, 2), (99, 6), (0, 0), (i64::MIN, 0), (6, 5), (1, 0)] {
        there.send(unread(LOBBY, seq)).await;
        let wanted = (position, 6 - position, 0);
        assert_eq!(read_frame(&mut here).await, wanted, "{seq}");
        there.expect("read").await;
    }
    for (seq, unread) in [
        (json!("1"), json!(false)),
        (json!(1.5), json!(false)),
        (json!(1), json!(1)),
    ] {
        let frame = json!({"type": "read", "roomId": "1", "seq": seq, "unread": unread});
        here.send(frame).await;
        assert_eq!(here.expect("error").await["code"], "bad_frame");
    }
}

#[tokio::test]
async fn members_of_a_small_room_see_read_positions_of_others() {
    let (_server, [mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.create_room("closed", "small", &[&li]).await;
    mei.say_in(&room, "one").await;
    let (mut of_mei, mut of_li, mut of_bo) =
        (mei.socket().await, li.socket().await, bo.socket().await);
    of_li.send(read(&room, 1)).await;
    let seen = of_mei.expect("seen").await;
    assert_eq!((&seen["roomId"], &seen["seq"]), (&json!(room), &json!(1)));
    assert_eq!(seen["user"]["username"], "Li");
    read_frame(&mut of_li).await;
    of_li.expect_none("seen").await;
    // An unchanged position is not announced.
    of_li.send(read(&room, 1)).await;
    read_frame(&mut of_li).await;
    of_mei.expect_none("seen").await;
    of_mei.expect_none("read").await;
    of_bo.expect_none("seen").await;
}

#[tokio::test]
async fn read_positions_are_not_shared_in_rooms_of_more_than_20_members() {
    let (server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
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
    assert_eq!(read_frame(&mut of_li).await, (1, 0, 0));
    assert_eq!(read_frame(&mut of_li).await, (2, 0, 0));
    of_mei.expect_none("seen").await;
}

#[tokio::test]
async fn posting_moves_the_read_position_only_if_everything_was_read() {
    let (_server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    mei.say("one").await;
    assert_eq!(in_room_list(&mei, LOBBY).await, (1, 0, 0));
    li.say("two").await;
    assert_eq!(in_room_list(&li, LOBBY).await, (0, 1, 0));
    mei.say("three").await;
    assert_eq!(in_room_list(&mei, LOBBY).await, (1, 1, 0));
    mei.mark_read(LOBBY, 3).await;
    mei.say("four").await;
    mei.say("five").await;
    assert_eq!(in_room_list(&mei, LOBBY).await, (5, 0, 0));
}

#[tokio::test]
async fn read_positions_are_set_by_form_and_for_all_rooms() {
    let (_server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.create_room("open", "second", &[&li]).await;
    for n in 0..3 {
        mei.say(&format!("{n}")).await;
        mei.say_in(&room, &format!("{n}")).await;
    }
    let path = format!("/rooms/{room}/read_mark");
    assert_eq!(li.submit("post", &path, &[("seq", "2")]).await, 303);
    assert_eq!(in_room_list(&li, &room).await, (2, 1, 0));
    let unread = [("seq", "2"), ("unread", "true")];
    assert_eq!(li.submit("put", &path, &unread).await, 303);
    assert_eq!(in_room_list(&li, &room).await, (1, 2, 0));
    let mut socket = li.socket().await;
    assert_eq!(li.submit("post", "/read_marks", &[]).await, 303);
    assert_eq!(read_frame(&mut socket).await.1, 0);
    assert_eq!(read_frame(&mut socket).await.1, 0);
    assert_eq!(in_room_list(&li, LOBBY).await.1, 0);
    assert_eq!(in_room_list(&li, &room).await.1, 0);
    for path in ["/rooms/x/read_mark", "/rooms/999/read_mark"] {
        assert_eq!(li.submit("post", path, &[("seq", "1")]).await, 404);
    }
}

#[tokio::test]
async fn mentions_are_recognized_counted_and_highlighted() {
    let (server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let mut of_li = li.socket().await;
    let text = "@LI, @李梅你好 and me@li.example, @nobody <@li>";
    let message = mei.say(text).await;
    let html = message["html"].as_str().expect("html");
    assert_eq!(html.matches("mention").count(), 3, "{html}");
    assert!(html.contains("@LI") && html.contains("&lt;"), "{html}");
    assert_eq!(of_li.expect("message").await["html"], message["html"]);
    assert_eq!(mei.history(LOBBY).await[0]["html"], message["html"]);
    let sql =
        "SELECT username AS value FROM mentions JOIN users ON users.id = user_id ORDER BY username";
    assert_eq!(server.strings(sql), ["Li", "李梅"]);
    mei.say("and again @li").await;
    mei.say("nobody").await;
    assert_eq!(in_room_list(&li, LOBBY).await, (0, 3, 2));
    of_li.send(read(LOBBY, 1)).await;
    assert_eq!(read_frame(&mut of_li).await, (1, 2, 1));
    assert_eq!(li.socket().await.hello["rooms"][0]["mentions"], 1);
    // Edits and deletions replace a message's mentions.
    mei.edit(LOBBY, 2, "and again @李梅 @李梅").await;
    assert_eq!(in_room_list(&li, LOBBY).await, (1, 2, 0));
    mei.edit(LOBBY, 3, "@li").await;
    assert_eq!(in_room_list(&li, LOBBY).await, (1, 2, 1));
    mei.delete_message(LOBBY, 3).await;
    assert_eq!(in_room_list(&li, LOBBY).await, (1, 1, 0));
}

#[tokio::test]
async fn only_members_of_a_room_can_be_mentioned() {
    let (server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.create_room("open", "tea", &[]).await;
    let message = mei.say_in(&room, "hi @li").await;
    assert!(!message["html"].as_str().expect("html").contains("mention"));
    assert_eq!(server.count("mentions"), 0);
    li.join(&room).await;
    mei.say_in(&room, "hi @li").await;
    assert_eq!(in_room_list(&li, &room).await, (1, 1, 1));
}

#[tokio::test]
async fn notification_level_is_set_per_user_and_sent_to_all_devices() {
    let (server, [mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.create_room("closed", "tea", &[&li]).await;
    let other = li.on_another_device(&server).await;
    let mut socket = other.socket().await;
    let path = format!("/rooms/{room}/involvement");
    for wanted in ["everything", "nothing", "hidden", "mentions"] {
        li.submit_ok("put", &path, &[("involvement", wanted)]).await;
        assert_eq!(socket.expect("room").await["room"]["involvement"], wanted);
        assert_eq!(li.room(&room).await["involvement"], wanted);
    }
    assert_eq!(mei.room(&room).await["involvement"], "mentions");
    let body = json!({"involvement": "much"});
    let (status, error) = li.json(reqwest::Method::PUT, &path, body).await;
    assert_eq!(status, 422);
    assert!(error["errors"]["involvement"].is_string(), "{error}");
}

#[tokio::test]
async fn typing_is_sent_to_viewers_of_the_room() {
    let (_server, [mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.create_room("closed", "tea", &[&li]).await;
    let (mut of_mei, mut of_li, mut of_bo) =
        (mei.socket().await, li.socket().await, bo.socket().await);
    of_li.view(&room).await;
    of_li.expect("presence").await;
    of_bo.view(LOBBY).await;
    of_bo.expect("presence").await;
    of_mei.send(json!({"type": "typing", "roomId": room})).await;
    of_mei.send(json!({"type": "typing", "roomId": room})).await;
    let frame = of_li.expect("typing").await;
    assert_eq!(frame["roomId"], *room);
    assert_eq!(frame["user"]["username"], "Mei");
    of_mei.discard_pending().await;
    of_li.expect_none("typing").await;
    of_bo.expect_none("typing").await;
    // Users without access to the room get an error.
    of_bo.send(json!({"type": "typing", "roomId": room})).await;
    assert_eq!(of_bo.expect("error").await["code"], "not_found");
}
