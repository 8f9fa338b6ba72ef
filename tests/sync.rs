//! `sync`: a client that was disconnected gets exactly the changes it missed.

use crate::rooms::server_with;
use crate::support::{LOBBY, Socket, field_values};
use serde_json::{Value, json};

/// Requests one page of `sync`. Returns its messages and its final frame.
async fn page(socket: &mut Socket, ver: u64) -> (Vec<Value>, Value) {
    socket.sync(LOBBY, ver).await;
    let deadline = tokio::time::Instant::now() + crate::support::TIMEOUT;
    let mut messages = Vec::new();
    loop {
        let frame = socket.next_before(deadline).await.expect("the page ends");
        match frame["type"].as_str() {
            Some("message") => messages.push(frame),
            Some("synced") => return (messages, frame),
            _ => {}
        }
    }
}

#[tokio::test]
async fn long_absence_is_synced_page_by_page() {
    let (_server, ming) = server_with(450).await;
    let mut socket = ming.socket().await;
    assert_eq!(socket.hello["rooms"][0]["ver"], 450);
    for (from, to, more) in [(0, 200, true), (200, 400, true), (400, 450, false)] {
        let (messages, end) = page(&mut socket, from).await;
        let found = field_values(&messages, "ver");
        assert_eq!(found, (from + 1..=to).collect::<Vec<_>>());
        let wanted = json!({"type": "synced", "roomId": "1", "ver": to, "more": more});
        assert_eq!(end, wanted);
    }
}

#[tokio::test]
async fn messages_sent_during_sync_arrive_once_after_the_last_page() {
    let (_server, ming) = server_with(450).await;
    let (mut socket, mut other) = (ming.socket().await, ming.socket().await);
    let (mut all, _) = page(&mut socket, 0).await;
    other.say("meanwhile").await;
    other.expect("message").await;
    socket.expect_none("message").await;
    let mut ver = 200;
    loop {
        let (messages, end) = page(&mut socket, ver).await;
        all.extend(messages);
        ver = end["ver"].as_u64().expect("a number");
        if end["more"] == false {
            break;
        }
    }
    other.say("afterwards").await;
    while all.len() < 452 {
        all.push(socket.expect("message").await);
    }
    assert_eq!(field_values(&all, "ver"), (1..=452).collect::<Vec<_>>());
    socket.expect_none("message").await;
}

#[tokio::test]
async fn sync_without_changes_returns_an_empty_page() {
    let (_server, ming) = server_with(3).await;
    let mut socket = ming.socket().await;
    let (messages, end) = page(&mut socket, 3).await;
    let found = (messages.len(), &end["ver"], &end["more"]);
    assert_eq!(found, (0, &json!(3), &json!(false)));
    let (messages, _) = page(&mut socket, 1).await;
    assert_eq!(field_values(&messages, "seq"), [2, 3]);
    // A synced message equals the message that was delivered live.
    let history = ming.history(LOBBY).await;
    for (synced, read) in messages.iter().zip(&history[1..]) {
        let mut synced = synced.clone();
        synced.as_object_mut().expect("an object").remove("type");
        assert_eq!(&synced, read);
    }
}

#[tokio::test]
async fn client_ahead_of_the_database_must_resync() {
    let (_server, ming) = server_with(3).await;
    let mut socket = ming.socket().await;
    socket.sync(LOBBY, 4).await;
    let found = socket.expect("resync").await;
    assert_eq!(found, json!({"type": "resync", "roomId": "1"}));
    assert_eq!(socket.say("live again").await["seq"], 4);
    assert_eq!(socket.expect("message").await["seq"], 4);
}

#[tokio::test]
async fn change_made_directly_in_the_database_leaves_no_gap() {
    let (server, ming) = server_with(3).await;
    let mut socket = ming.socket().await;
    let now = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S%.3f");
    let database = server.database();
    database.run("UPDATE installation SET counter = counter + 1");
    database.run("UPDATE rooms SET last_ver = 4 WHERE id = 1");
    database.run(&format!(
        "UPDATE messages SET ver = 4, content = 'changed', edited_at = '{now}', \
         change_id = (SELECT counter FROM installation) WHERE room_id = 1 AND seq = 2"
    ));
    socket.say("the next one").await;
    let (changed, next) = (
        socket.expect("message").await,
        socket.expect("message").await,
    );
    let found = (&changed["seq"], &changed["ver"], &changed["content"]);
    assert_eq!(found, (&json!(2), &json!(4), &json!("changed")));
    assert!(crate::messages::is_time(&changed["editedAt"]), "{changed}");
    assert_eq!((&next["seq"], &next["ver"]), (&json!(4), &json!(5)));
    let (messages, end) = page(&mut socket, 0).await;
    // 2 was overwritten.
    assert_eq!(field_values(&messages, "ver"), [1, 3, 4, 5]);
    assert_eq!(end["ver"], 5);
}

#[tokio::test]
async fn deleted_message_keeps_its_seq_but_not_its_content() {
    let (server, ming) = server_with(2).await;
    let now = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S%.3f");
    server.execute("UPDATE rooms SET last_ver = 3 WHERE id = 1");
    server.execute(&format!(
        "UPDATE messages SET ver = 3, deleted_at = '{now}' WHERE room_id = 1 AND seq = 1"
    ));
    let mut socket = ming.socket().await;
    let (messages, _) = page(&mut socket, 2).await;
    let found = (&messages[0]["content"], &messages[0]["html"]);
    assert_eq!(found, (&json!(""), &json!("")));
    assert!(crate::messages::is_time(&messages[0]["deletedAt"]));
    assert_eq!(ming.history(LOBBY).await[0]["content"], "");
    let page = ming.page("/rooms/1").await;
    assert!(!page.contains("message 1.") && page.contains("message 2."));
    let lines = server.database().transcript();
    assert_eq!(lines[0].content, "message 1.", "admins can still read it");
}
