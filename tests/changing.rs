//! Editing and deleting messages.

use crate::messages::is_time;
use crate::support::{LOBBY, Person, Teahouse};
use reqwest::Method;
use serde_json::{Value, json};

/// An admin, two members of the Lobby, and a message of the first of them.
async fn house() -> (Teahouse, Person, Person, Person) {
    let (house, [admin, mei, li]) = Teahouse::with_people(["Admin", "Mei", "Li"]).await;
    mei.say("frist").await;
    (house, admin, mei, li)
}

fn edit(seq: i64, content: &str) -> Value {
    json!({"type": "edit", "roomId": LOBBY, "seq": seq, "content": content})
}

fn delete(seq: i64) -> Value {
    json!({"type": "delete", "roomId": LOBBY, "seq": seq})
}

#[tokio::test]
async fn an_edit_is_seen_by_everybody_and_its_versions_are_kept() {
    let (house, _, mei, li) = house().await;
    let (mut of_mei, mut of_li) = (mei.socket().await, li.socket().await);
    let before = mei.history(LOBBY).await.remove(0);
    of_mei.send(edit(1, " first\r\n<b> ")).await;
    let message = of_li.expect("message").await;
    assert_eq!(of_mei.expect("message").await, message);
    assert_eq!((&message["seq"], &message["ver"]), (&json!(1), &json!(2)));
    assert_eq!(message["content"], "first\n<b>");
    assert!(
        message["html"]
            .as_str()
            .is_some_and(|html| html.contains("&lt;b&gt;"))
    );
    assert!(is_time(&message["editedAt"]) && message["deletedAt"].is_null());
    for same in ["id", "clientId", "user", "createdAt"] {
        assert_eq!(message[same], before[same], "{same}");
    }
    let (status, answer) = mei.edit(LOBBY, 1, "first!").await;
    assert_eq!((status, &answer["ver"]), (200, &json!(3)));
    of_li.expect("message").await;
    let versions = "SELECT content AS value FROM message_versions ORDER BY ver";
    assert_eq!(house.database().words(versions), ["frist", "first\n<b>"]);
    assert_eq!(mei.history(LOBBY).await[0]["content"], "first!");
    // It is no new message: nobody has anything more to read.
    let lobby = li.room(LOBBY).await;
    assert_eq!(
        (&lobby["seq"], &lobby["ver"], &lobby["unread"]),
        (&json!(1), &json!(3), &json!(1))
    );
    // The same text again changes nothing.
    of_mei.settle().await;
    of_mei.send(edit(1, "first!")).await;
    assert_eq!(of_mei.expect("message").await["ver"], 3);
    of_li.expect_none("message").await;
}

#[tokio::test]
async fn a_deleted_message_leaves_its_mark_and_admins_read_it_still() {
    let (house, _, mei, li) = house().await;
    mei.say("second").await;
    let (mut of_mei, mut of_li) = (mei.socket().await, li.socket().await);
    of_mei.send(delete(1)).await;
    let message = of_li.expect("message").await;
    assert_eq!(of_mei.expect("message").await, message);
    assert_eq!(
        (&message["content"], &message["html"]),
        (&json!(""), &json!(""))
    );
    assert_eq!((&message["seq"], &message["ver"]), (&json!(1), &json!(3)));
    assert!(is_time(&message["deletedAt"]));
    assert_eq!(li.history(LOBBY).await.len(), 2);
    assert_eq!(li.history(LOBBY).await[0]["content"], "");
    assert!(!li.page("/rooms/1").await.contains("frist"));
    assert_eq!(house.database().transcript()[0].content, "frist");
    let sql = "SELECT COUNT(*) AS value FROM chat_history WHERE deleted_at IS NOT NULL";
    assert_eq!(house.database().number(sql), 1);
    // Once is enough, and there is no way back.
    assert_eq!(mei.erase(LOBBY, 1).await, 204);
    of_li.expect_none("message").await;
    assert_eq!(mei.edit(LOBBY, 1, "again").await.0, 404);
}

#[tokio::test]
async fn nobody_changes_what_others_said_but_an_admin_deletes_it() {
    let (_house, admin, mei, li) = house().await;
    let mut of_li = li.socket().await;
    for frame in [edit(1, "mine"), delete(1)] {
        of_li.send(frame).await;
        let error = of_li.expect("error").await;
        assert_eq!(error["code"], "forbidden");
        assert_eq!(
            (&error["roomId"], &error["seq"]),
            (&json!(LOBBY), &json!(1))
        );
    }
    assert_eq!(
        (li.edit(LOBBY, 1, "x").await.0, li.erase(LOBBY, 1).await),
        (403, 403)
    );
    assert_eq!(admin.edit(LOBBY, 1, "x").await.0, 403);
    assert_eq!(admin.erase(LOBBY, 1).await, 204);
    assert!(of_li.expect("message").await["deletedAt"].is_string());
    // Also in an open room that the admin only reads; not in one they may not know of.
    let open = mei.make_room("open", "open", &[]).await;
    mei.say_in(&open, "rude").await;
    assert_eq!(li.erase(&open, 1).await, 403);
    assert_eq!(admin.erase(&open, 1).await, 204);
    let closed = mei.make_room("closed", "closed", &[]).await;
    mei.say_in(&closed, "private").await;
    assert_eq!(admin.erase(&closed, 1).await, 404);
}

#[tokio::test]
async fn whoever_left_a_room_changes_nothing_there_any_more() {
    let (_house, _, mei, li) = house().await;
    for (kind, status) in [("open", 403), ("closed", 404)] {
        let room = li.make_room(kind, kind, &[&mei]).await;
        mei.say_in(&room, "mine").await;
        assert_eq!(mei.leave(&room).await, 303);
        assert_eq!(mei.edit(&room, 1, "x").await.0, status);
        assert_eq!(mei.erase(&room, 1).await, status);
    }
}

#[tokio::test]
async fn a_change_that_makes_no_sense_is_refused() {
    let (_house, _, mei, _) = house().await;
    let mut socket = mei.socket().await;
    let long = "x".repeat(4001);
    for (frame, code) in [
        (edit(1, "  "), "empty"),
        (edit(1, &long), "too_long"),
        (edit(1, "a\u{7}"), "invalid"),
        (edit(2, "x"), "not_found"),
        (edit(0, "x"), "not_found"),
        (edit(-1, "x"), "not_found"),
        (delete(i64::MAX), "not_found"),
    ] {
        socket.send(frame.clone()).await;
        let error = socket.expect("error").await;
        assert_eq!(error["code"], code);
        assert_eq!(
            (&error["roomId"], &error["seq"]),
            (&frame["roomId"], &frame["seq"])
        );
    }
    socket
        .send(json!({"type": "edit", "roomId": "1", "seq": "1", "content": "x"}))
        .await;
    assert_eq!(socket.expect("error").await["code"], "bad_frame");
    for content in ["", &long, "a\u{7}"] {
        let (status, answer) = mei.edit(LOBBY, 1, content).await;
        assert_eq!(
            (status, answer["errors"]["content"].is_string()),
            (422, true)
        );
    }
    assert_eq!(mei.edit(LOBBY, 9, "x").await.0, 404);
    assert_eq!(mei.edit("999", 1, "x").await.0, 404);
    assert_eq!(
        mei.act("post", "/rooms/1/messages/1", &[("content", "x")])
            .await,
        405
    );
}

#[tokio::test]
async fn plain_forms_change_and_delete() {
    let (_house, _, mei, _) = house().await;
    let path = "/rooms/1/messages/1";
    let answer = mei
        .post(path, &[("_method", "patch"), ("content", "by form")])
        .await;
    assert_eq!(crate::support::leads_to(&answer), (303, "/rooms/1?at=1"));
    assert_eq!(mei.history(LOBBY).await[0]["content"], "by form");
    assert_eq!(mei.act("delete", path, &[]).await, 303);
    assert!(mei.history(LOBBY).await[0]["deletedAt"].is_string());
}

#[tokio::test]
async fn whoever_was_away_catches_up_on_changes() {
    let (_house, _, mei, li) = house().await;
    mei.say("second").await;
    mei.say("third").await;
    mei.edit(LOBBY, 1, "first").await;
    mei.erase(LOBBY, 2).await;
    mei.edit(LOBBY, 1, "FIRST").await;
    let mut socket = li.socket().await;
    socket
        .send(json!({"type": "sync", "roomId": LOBBY, "ver": 3}))
        .await;
    let list = socket.messages(2).await;
    let seen: Vec<_> = list
        .iter()
        .map(|m| (m["seq"].as_i64(), m["ver"].as_i64()))
        .collect();
    assert_eq!(seen, [(Some(2), Some(5)), (Some(1), Some(6))]);
    assert_eq!(list[1]["content"], "FIRST");
    let synced = socket.expect("synced").await;
    assert_eq!(
        (&synced["ver"], &synced["more"]),
        (&json!(6), &json!(false))
    );
    let (_, page) = li.get_json("/api/rooms/1/messages?ver=3").await;
    assert_eq!((&page["ver"], &page["more"]), (&json!(6), &json!(false)));
    let mut list: Vec<Value> = list;
    for message in &mut list {
        message.as_object_mut().expect("an object").remove("type");
    }
    assert_eq!(page["messages"], json!(list));
}

#[tokio::test]
async fn a_retry_after_an_edit_is_still_the_same_message() {
    let (_house, _, mei, _) = house().await;
    let body = json!({"content": "original", "clientId": crate::support::client_id()});
    let (_, first) = mei.post_json("/rooms/1/messages", &body).await;
    let seq = first["seq"].as_i64().expect("seq");
    mei.edit(LOBBY, seq, "edited").await;
    let (status, again) = mei.post_json("/rooms/1/messages", &body).await;
    assert_eq!(status, 201, "{again}");
    assert_eq!(
        (&again["id"], &again["content"]),
        (&first["id"], &json!("edited"))
    );
    assert_eq!(again["ver"], 3);
    // What it says now is not what was sent.
    let mut other = body;
    other["content"] = json!("edited");
    let (status, error) = mei.post_json("/rooms/1/messages", &other).await;
    assert_eq!((status.as_u16(), &error["code"]), (409, &json!("conflict")));
}

#[tokio::test]
async fn many_changes_at_once_take_one_number_each() {
    let (_house, _, mei, li) = house().await;
    let (mut of_mei, mut of_li) = (mei.socket().await, li.socket().await);
    for n in 0..40 {
        of_mei.post(LOBBY, &format!("new {n}")).await;
        of_mei.send(edit(1, &format!("edit {n}"))).await;
    }
    of_mei.send(delete(1)).await;
    for ver in 2..=82 {
        assert_eq!(of_li.expect("message").await["ver"], ver);
    }
    let list = li.history_page(LOBBY, "limit=100").await;
    let seqs: Vec<_> = list.iter().filter_map(|m| m["seq"].as_i64()).collect();
    assert_eq!(seqs, (1..=41).collect::<Vec<_>>());
    assert_eq!(list[0]["ver"], 82);
}

#[tokio::test]
async fn the_api_changes_and_deletes() {
    let (_house, _, mei, _) = house().await;
    let path = "/api/rooms/1/messages/1";
    let (status, message) = mei.json(Method::PATCH, path, json!({"content": "x"})).await;
    assert_eq!((status, &message["content"]), (200, &json!("x")));
    let (status, message) = mei.json(Method::DELETE, path, json!({})).await;
    assert_eq!((status, &message["content"]), (200, &json!("")));
    assert!(mei.history(LOBBY).await[0]["deletedAt"].is_string());
}
