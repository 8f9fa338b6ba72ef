//! Editing and deleting messages.

use crate::messages::is_time;
use crate::support::{LOBBY, Person, Teahouse, error_code, field_values};
use reqwest::Method;
use serde_json::{Value, json};

/// Returns an admin, two members of the Lobby, and a message of the first member.
async fn server() -> (Teahouse, Person, Person, Person) {
    let (server, [admin, mei, li]) = Teahouse::with_users(["Admin", "Mei", "Li"]).await;
    mei.say("frist").await;
    (server, admin, mei, li)
}

fn edit(seq: i64, content: &str) -> Value {
    json!({"type": "edit", "roomId": LOBBY, "seq": seq, "content": content})
}

fn delete(seq: i64) -> Value {
    json!({"type": "delete", "roomId": LOBBY, "seq": seq})
}

#[tokio::test]
async fn edit_is_delivered_and_previous_versions_are_kept() {
    let (server, _, mei, li) = server().await;
    let (mut mei_socket, mut li_socket) = (mei.socket().await, li.socket().await);
    let before = mei.history(LOBBY).await.remove(0);
    mei_socket.send(edit(1, " first\r\n<b> ")).await;
    let message = li_socket.expect("message").await;
    assert_eq!(mei_socket.expect("message").await, message);
    assert_eq!((&message["seq"], &message["ver"]), (&json!(1), &json!(2)));
    assert_eq!(message["content"], "first\n<b>");
    assert!(message["html"].to_string().contains("&lt;b&gt;"));
    assert!(is_time(&message["editedAt"]) && message["deletedAt"].is_null());
    for same in ["id", "clientId", "user", "createdAt"] {
        assert_eq!(message[same], before[same], "{same}");
    }
    let (status, response) = mei.edit(LOBBY, 1, "first!").await;
    assert_eq!((status, &response["ver"]), (200, &json!(3)));
    li_socket.expect("message").await;
    let versions = "SELECT content AS value FROM message_versions ORDER BY ver";
    assert_eq!(server.strings(versions), ["frist", "first\n<b>"]);
    assert_eq!(mei.history(LOBBY).await[0]["content"], "first!");
    // An edit does not change unread counts.
    let lobby = li.room(LOBBY).await;
    let found = (&lobby["seq"], &lobby["ver"], &lobby["unread"]);
    assert_eq!(found, (&json!(1), &json!(3), &json!(1)));
    // The same content again changes nothing.
    mei_socket.discard_pending().await;
    mei_socket.send(edit(1, "first!")).await;
    assert_eq!(mei_socket.expect("message").await["ver"], 3);
    li_socket.expect_none("message").await;
}

#[tokio::test]
async fn deleted_message_becomes_a_placeholder_and_stays_readable_for_admins() {
    let (server, _, mei, li) = server().await;
    mei.say("second").await;
    let (mut mei_socket, mut li_socket) = (mei.socket().await, li.socket().await);
    mei_socket.send(delete(1)).await;
    let message = li_socket.expect("message").await;
    assert_eq!(mei_socket.expect("message").await, message);
    let found = (&message["content"], &message["html"]);
    assert_eq!(found, (&json!(""), &json!("")));
    assert_eq!((&message["seq"], &message["ver"]), (&json!(1), &json!(3)));
    assert!(is_time(&message["deletedAt"]));
    assert_eq!(li.history(LOBBY).await.len(), 2);
    assert_eq!(li.history(LOBBY).await[0]["content"], "");
    assert!(!li.page("/rooms/1").await.contains("frist"));
    assert_eq!(server.database().transcript()[0].content, "frist");
    assert_eq!(server.count("chat_history WHERE deleted_at IS NOT NULL"), 1);
    // A second deletion changes nothing, and a deletion cannot be undone.
    assert_eq!(mei.delete_message(LOBBY, 1).await, 204);
    li_socket.expect_none("message").await;
    assert_eq!(mei.edit(LOBBY, 1, "again").await.0, 404);
}

#[tokio::test]
async fn only_the_sender_edits_and_only_sender_or_admin_deletes() {
    let (_server, admin, mei, li) = server().await;
    let mut li_socket = li.socket().await;
    for frame in [edit(1, "mine"), delete(1)] {
        li_socket.send(frame).await;
        let error = li_socket.expect("error").await;
        assert_eq!(error["code"], "forbidden");
        let found = (&error["roomId"], &error["seq"]);
        assert_eq!(found, (&json!(LOBBY), &json!(1)));
    }
    assert_eq!(li.edit(LOBBY, 1, "x").await.0, 403);
    assert_eq!(li.delete_message(LOBBY, 1).await, 403);
    assert_eq!(admin.edit(LOBBY, 1, "x").await.0, 403);
    assert_eq!(admin.delete_message(LOBBY, 1).await, 204);
    assert!(li_socket.expect("message").await["deletedAt"].is_string());
    // An admin may also delete in an open room without being a member; an unknown closed room returns 404.
    let open = mei.create_room("open", "open", &[]).await;
    mei.say_in(&open, "rude").await;
    assert_eq!(li.delete_message(&open, 1).await, 403);
    assert_eq!(admin.delete_message(&open, 1).await, 204);
    let closed = mei.create_room("closed", "closed", &[]).await;
    mei.say_in(&closed, "private").await;
    assert_eq!(admin.delete_message(&closed, 1).await, 404);
}

#[tokio::test]
async fn former_member_cannot_edit_or_delete() {
    let (_server, _, mei, li) = server().await;
    for (kind, status) in [("open", 403), ("closed", 404)] {
        let room = li.create_room(kind, kind, &[&mei]).await;
        mei.say_in(&room, "mine").await;
        assert_eq!(mei.leave(&room).await, 303);
        assert_eq!(mei.edit(&room, 1, "x").await.0, status);
        assert_eq!(mei.delete_message(&room, 1).await, status);
    }
}

#[tokio::test]
async fn invalid_edits_are_rejected() {
    let (_server, _, mei, _) = server().await;
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
        let found = (&error["roomId"], &error["seq"]);
        assert_eq!(found, (&frame["roomId"], &frame["seq"]));
    }
    let frame = json!({"type": "edit", "roomId": "1", "seq": "1", "content": "x"});
    socket.send(frame).await;
    assert_eq!(socket.expect("error").await["code"], "bad_frame");
    for content in ["", &long, "a\u{7}"] {
        let (status, response) = mei.edit(LOBBY, 1, content).await;
        let found = (status, response["errors"]["content"].is_string());
        assert_eq!(found, (422, true));
    }
    assert_eq!(mei.edit(LOBBY, 9, "x").await.0, 404);
    assert_eq!(mei.edit("999", 1, "x").await.0, 404);
    let form = [("content", "x")];
    assert_eq!(mei.submit("post", "/rooms/1/messages/1", &form).await, 405);
}

#[tokio::test]
async fn html_forms_edit_and_delete() {
    let (_server, _, mei, _) = server().await;
    let path = "/rooms/1/messages/1";
    let form = [("_method", "patch"), ("content", "by form")];
    let response = mei.post(path, &form).await;
    let found = crate::support::status_and_location(&response);
    assert_eq!(found, (303, "/rooms/1?at=1"));
    assert_eq!(mei.history(LOBBY).await[0]["content"], "by form");
    assert_eq!(mei.submit("delete", path, &[]).await, 303);
    assert!(mei.history(LOBBY).await[0]["deletedAt"].is_string());
}

#[tokio::test]
async fn sync_includes_edits_and_deletions() {
    let (_server, _, mei, li) = server().await;
    mei.say("second").await;
    mei.say("third").await;
    mei.edit(LOBBY, 1, "first").await;
    mei.delete_message(LOBBY, 2).await;
    mei.edit(LOBBY, 1, "FIRST").await;
    let mut socket = li.socket().await;
    socket.sync(LOBBY, 3).await;
    let mut list = socket.messages(2).await;
    assert_eq!(field_values(&list, "seq"), [2, 1]);
    assert_eq!(field_values(&list, "ver"), [5, 6]);
    assert_eq!(list[1]["content"], "FIRST");
    let synced = socket.expect("synced").await;
    let found = (&synced["ver"], &synced["more"]);
    assert_eq!(found, (&json!(6), &json!(false)));
    let (_, page) = li.get_json("/api/rooms/1/messages?ver=3").await;
    assert_eq!((&page["ver"], &page["more"]), (&json!(6), &json!(false)));
    for message in &mut list {
        message.as_object_mut().expect("an object").remove("type");
    }
    assert_eq!(page["messages"], json!(list));
}

#[tokio::test]
async fn retried_post_after_an_edit_is_acknowledged_as_the_same_message() {
    let (_server, _, mei, _) = server().await;
    let body = json!({"content": "original", "clientId": crate::support::client_id()});
    let (_, first) = mei.post_json("/rooms/1/messages", &body).await;
    let seq = first["seq"].as_i64().expect("seq");
    mei.edit(LOBBY, seq, "edited").await;
    let (status, again) = mei.post_json("/rooms/1/messages", &body).await;
    assert_eq!(status, 201, "{again}");
    let found = (&again["id"], &again["content"]);
    assert_eq!(found, (&first["id"], &json!("edited")));
    assert_eq!(again["ver"], 3);
    // The retry carries the original content, which differs from the edited one.
    let mut other = body;
    other["content"] = json!("edited");
    let found = error_code(mei.post_json("/rooms/1/messages", &other).await);
    assert_eq!(found, "409 conflict");
}

#[tokio::test]
async fn concurrent_edits_get_distinct_versions() {
    let (_server, _, mei, li) = server().await;
    let (mut mei_socket, mut li_socket) = (mei.socket().await, li.socket().await);
    for n in 0..40 {
        mei_socket.post(LOBBY, &format!("new {n}")).await;
        mei_socket.send(edit(1, &format!("edit {n}"))).await;
    }
    mei_socket.send(delete(1)).await;
    for ver in 2..=82 {
        assert_eq!(li_socket.expect("message").await["ver"], ver);
    }
    let list = li.history_page(LOBBY, "limit=100").await;
    assert_eq!(field_values(&list, "seq"), Vec::from_iter(1..=41));
    assert_eq!(list[0]["ver"], 82);
}

#[tokio::test]
async fn api_edits_and_deletes() {
    let (_server, _, mei, _) = server().await;
    let path = "/api/rooms/1/messages/1";
    let (status, message) = mei.json(Method::PATCH, path, json!({"content": "x"})).await;
    assert_eq!((status, &message["content"]), (200, &json!("x")));
    let (status, message) = mei.json(Method::DELETE, path, json!({})).await;
    assert_eq!((status, &message["content"]), (200, &json!("")));
    assert!(mei.history(LOBBY).await[0]["deletedAt"].is_string());
}
