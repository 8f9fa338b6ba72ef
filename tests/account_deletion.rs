//! Account deletion: what is deleted, what remains, and under which name.

use crate::support::images::{file, picture};
use crate::support::person::PASSWORD;
use crate::support::{Person, Socket, Teahouse, client_id, field_errors, pairs, redirect, until};
use image::ImageFormat;
use serde_json::json;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(5);

/// Submits the deletion form and returns the fields with errors.
async fn delete_account(person: &Person, confirm: &str, password: &str) -> Vec<String> {
    let response = person.delete_account(confirm, password).await;
    if response.status() == 303 {
        assert_eq!(redirect(&response), "303 /farewell");
        return Vec::new();
    }
    assert_eq!(response.status(), 422);
    let page = response.text().await.expect("text");
    assert!(!page.contains(PASSWORD));
    field_errors(&page).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn messages_of_a_deleted_account_remain_under_a_placeholder() {
    let (server, [admin, mei, li]) = Teahouse::with_users(["Admin", "Mei", "Li"]).await;
    let phone = mei.on_another_device(&server).await;
    let room = mei.create_room("closed", "ours", &[&li]).await;
    mei.add_member(&room, &admin).await;
    let pair = mei.direct(&["Li"]).await;
    let group = mei.direct(&["Li", "Admin"]).await;
    mei.say_in(&room, "remember me").await;
    li.say_in(&room, "of course, @Mei").await;
    mei.say_in(&pair, "only you").await;
    let jpeg = file(&picture(300, 300), ImageFormat::Jpeg);
    mei.upload(&jpeg, "a.jpg", "image/jpeg").await;
    assert_eq!(delete_account(&mei, "mei", PASSWORD).await, ["confirm"]);
    assert_eq!(delete_account(&mei, "Mei", "").await, ["delete_password"]);
    let found = delete_account(&mei, "Mei", "wrong password").await;
    assert_eq!(found, ["delete_password"]);
    let (mut here, mut there) = (mei.socket().await, phone.socket().await);
    let mut li_socket = li.socket().await;
    let start = Instant::now();
    assert!(delete_account(&mei, "Mei", PASSWORD).await.is_empty());
    assert_eq!(here.close_code(SOON).await, 4001);
    assert_eq!(there.close_code(SOON).await, 4001);
    println!("all windows were closed after {:?}", start.elapsed());
    for errors in [&mei, &phone] {
        assert_eq!(errors.get_json("/api/auth_user").await.0, 401);
        assert_eq!(Socket::refusal(Socket::request(errors)).await, 401);
    }
    assert_eq!(mei.sign_in().await.status(), 422);
    assert_eq!(mei.page("/farewell").await.matches("<h1>").count(), 1);
    // The other member of a conversation sees it at once and cannot post there any more.
    li_socket
        .expect_where("room", |frame| frame["room"]["name"] == "deleted person")
        .await;
    let messages = li.history(&room).await;
    assert_eq!(messages[0]["content"], "remember me");
    let author = &messages[0]["user"];
    let found = (&author["username"], &author["avatarURL"]);
    assert_eq!(found, (&json!("deleted person"), &json!(null)));
    li_socket.post(&pair, "are you there?").await;
    assert_eq!(li_socket.expect("error").await["code"], "blocked");
    li.say_in(&group, "we are two now").await;
    assert_eq!(li.post("/directs", &[("to", "Mei")]).await.status(), 422);
    let page = li.page(&format!("/rooms/{pair}")).await;
    assert!(page.contains("This person has deleted their account.") && !page.contains("Mei"));
    // Their rooms go to the longest-standing member.
    li.submit_ok("patch", &format!("/rooms/{room}"), &[("name", "mine")])
        .await;
    assert_eq!(server.count("avatars"), 0);
    assert_eq!(server.count("sessions WHERE user_id = 2"), 0);
    // In the reader's language.
    let form = pairs("locale=zh-CN appearance=system time_format=language");
    li.post("/settings/appearance", &form).await;
    let page = li.page(&format!("/rooms/{room}")).await;
    assert!(page.contains("已注销的用户") && !page.contains("deleted person"));
    // The phone number is free for a new account; the username stays reserved.
    let mut again = mei.clone();
    assert_eq!(again.submit_registration("Mei").await.status(), 422);
    again.name = "Mei-again".to_owned();
    assert_eq!(again.submit_registration("Mei-again").await.status(), 303);
    assert!(again.rooms().await.iter().all(|mine| mine["id"] == "1"));
    assert_eq!(again.get(&format!("/rooms/{pair}")).await.status(), 404);
}

#[tokio::test]
async fn messages_are_deleted_too_where_the_setting_says_so() {
    let mut server = Teahouse::with(&[("TEAHOUSE__ACCOUNTS__DELETED_MESSAGES", "delete")]);
    let [_admin, mei, li] = Person::register_each(&server, ["Admin", "Mei", "Li"]).await;
    let room = mei.create_room("closed", "ours", &[&li]).await;
    let mut mei_socket = mei.socket().await;
    for n in 0..250 {
        mei_socket.post(&room, &format!("mine {n}")).await;
    }
    for _ in 0..250 {
        mei_socket.expect("ack").await;
    }
    li.say_in(&room, "of Li").await;
    assert!(
        mei.page("/settings/account")
            .await
            .contains("messages are deleted too")
    );
    let mut li_socket = li.socket().await;
    assert!(delete_account(&mei, "Mei", PASSWORD).await.is_empty());
    let first = li_socket.expect("message").await;
    assert!(first["deletedAt"].is_string() && first["content"] == "");
    // An erasure that began is finished, even after a crash.
    server.kill();
    server.restart();
    until("all messages are hidden", async || {
        server.count("messages WHERE deleted_at IS NULL") == 1
    })
    .await;
    let messages = li.whole_history(&room).await;
    assert_eq!(messages.len(), 251);
    let all_match = messages[..250]
        .iter()
        .all(|message| message["content"] == "");
    assert!(all_match);
    assert_eq!(messages[250]["content"], "of Li");
    until("the erasure is finished", async || {
        server.count("users WHERE erasing") == 0
    })
    .await;
    li.say_in(&room, "and on it goes").await;
}

#[tokio::test]
async fn last_admin_cannot_leave_before_the_other_users() {
    let (server, [admin, mei]) = Teahouse::with_users(["Admin", "Mei"]).await;
    assert_eq!(delete_account(&admin, "Admin", PASSWORD).await, ["confirm"]);
    assert_eq!(admin.get("/settings/account").await.status(), 200);
    assert!(delete_account(&mei, "Mei", PASSWORD).await.is_empty());
    assert!(delete_account(&admin, "Admin", PASSWORD).await.is_empty());
    // An empty server starts over.
    Person::register(&server, "Next").await;
    let role = "SELECT role AS value FROM users WHERE username = 'Next'";
    assert_eq!(server.strings(role), ["admin"]);
}

#[tokio::test]
async fn messages_posted_during_account_deletion_are_attributed_or_rejected() {
    let server = Teahouse::start();
    Person::register(&server, "Admin").await;
    let mei = Person::register(&server, "Mei").await;
    let mut socket = mei.socket().await;
    let deletion = delete_account(&mei, "Mei", PASSWORD);
    let posting = async {
        for n in 0..50 {
            let frame = json!({"type": "post", "clientId": client_id(), "roomId": "1", "content": n.to_string()});
            socket.send(frame).await;
        }
    };
    let (errors, ()) = tokio::join!(deletion, posting);
    assert!(errors.is_empty());
    assert_eq!(socket.close_code(SOON).await, 4001);
    let acked = socket.buffered("ack").len() as i64;
    let stored = server.count("messages");
    println!("{acked} acknowledged, {stored} stored");
    assert!(acked <= stored, "{acked} acknowledged, {stored} stored");
    assert_eq!(server.count("messages WHERE user_id <> 2"), 0);
}
