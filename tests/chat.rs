//! `teahouse chat`, the terminal client, for users and for scripts.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::person::PASSWORD;
use crate::support::terminal::{Terminal, command, token};
use crate::support::{LOBBY, TIMEOUT, Teahouse, client_id, until};

#[tokio::test]
async fn messages_appear_in_both_terminals() {
    let (_server, [lin, mei]) = Teahouse::with_users(["lin", "mei"]).await;
    lin.say("before you came").await;
    let mut mei_chat = Terminal::of(&mei, &[]);
    let mut lin_chat = Terminal::of(&lin, &[]);
    mei_chat.expect("Signed in as mei").await;
    mei_chat.expect("lin: before you came").await;
    lin_chat.expect("You are in").await;
    lin_chat.type_line("你好, mei").await;
    mei_chat.expect("lin: 你好, mei").await;
    mei_chat.type_line("//slash").await;
    lin_chat.expect("mei: /slash").await;
    // Presence is delivered with a short delay.
    let deadline = Instant::now() + TIMEOUT;
    loop {
        mei_chat.type_line("/who").await;
        let here = mei_chat.expect("Online:").await;
        if here.contains("lin") && here.contains("mei") {
            break;
        }
        assert!(Instant::now() < deadline, "{here}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    mei_chat.type_line("/history 2").await;
    mei_chat.expect("lin: 你好, mei").await;
    mei_chat.expect("mei: /slash").await;
    mei_chat.type_line("/dance").await;
    mei_chat.expect("Unknown command").await;
    mei_chat.type_line("/quit").await;
    let end = mei_chat.end().await;
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
    assert_eq!(lin_chat.end().await.code, Some(0));
    // Messages shown in the terminal are marked as read.
    until("mei has read everything", async || {
        let (_, rooms) = mei.get_json("/api/rooms").await;
        rooms[0]["unread"] == 0
    })
    .await;
}

#[tokio::test]
async fn other_rooms_are_announced_and_joined_by_name_or_id() {
    let (_server, [lin, mei]) = Teahouse::with_users(["lin", "mei"]).await;
    let mut mei_chat = Terminal::of(&mei, &[]);
    mei_chat.expect("You are in").await;
    let room = json!({"name": "Green tea", "kind": "open"});
    let (status, room) = lin.post_json("/api/rooms", &room).await;
    assert_eq!(status, 201, "{room}");
    let id = room["id"].as_str().expect("an id");
    mei_chat.type_line("/join Nowhere").await;
    mei_chat.expect("no room called Nowhere").await;
    mei_chat.type_line(&format!("/join {id}")).await;
    mei_chat.expect("You are in Green tea").await;
    mei_chat.type_line("anybody here?").await;
    mei_chat.expect("mei: anybody here?").await;
    assert_eq!(lin.history(id).await.len(), 1);
    lin.say("over here").await;
    mei_chat.expect(": 1 unread message").await;
    mei_chat.type_line("/rooms").await;
    mei_chat.expect("[1] (1)").await;
    mei_chat.expect("* Green tea").await;
    mei_chat.type_line("/join 1").await;
    mei_chat.expect("lin: over here").await;
    mei_chat.type_line("/join green TEA").await;
    mei_chat.expect("You are in Green tea").await;
    let end = mei_chat.end().await;
    let shown = end.lines.iter().filter(|line| line.contains("over here"));
    assert_eq!(shown.count(), 1, "{:#?}", end.lines);
}

#[tokio::test]
async fn script_sends_frames_and_commands() {
    let (server, [lin]) = Teahouse::with_users(["lin"]).await;
    let token = token(&lin).await;
    let mut command = command(&server.url, &["--json"]);
    command.env("TEAHOUSE_TOKEN", &token);
    let mut script = Terminal::start(command);
    assert_eq!(script.frame("hello").await["user"]["username"], "lin");
    let id = client_id();
    let post = json!({"type": "post", "clientId": id, "roomId": LOBBY, "content": "framed"});
    script.type_line(&post.to_string()).await;
    let [message, ack] = script.frames(["message", "ack"]).await;
    assert_eq!(
        (&message["content"], &ack["clientId"]),
        (&json!("framed"), &json!(id))
    );
    let post = json!({"type": "post", "content": "plain"});
    script.type_line(&post.to_string()).await;
    assert_eq!(script.frame("ack").await["seq"], 2);
    script.type_line("/history 1").await;
    let page = script.frame("history").await;
    assert_eq!(page["messages"][0]["content"], "plain", "{page}");
    script.type_line("/rooms").await;
    assert_eq!(script.frame("rooms").await["rooms"][0]["name"], "Lobby");
    // A sync returns changes that the script has received before.
    let sync = json!({"type": "sync", "roomId": LOBBY, "ver": 1});
    script.type_line(&sync.to_string()).await;
    assert_eq!(script.frame("message").await["content"], "plain");
    assert_eq!(script.frame("synced").await["ver"], 2);
    for wrong in ["{nonsense", r#"{"type":"dance"}"#] {
        script.type_line(wrong).await;
        assert_eq!(script.frame("error").await["code"], "bad_frame");
    }
    script
        .type_line(r#"{"type":"edit","roomId":"1","seq":2,"content":"plainer"}"#)
        .await;
    let edited = script.frame("message").await;
    assert_eq!((&edited["seq"], &edited["ver"]), (&json!(2), &json!(3)));
    let end = script.end().await;
    assert_eq!(end.code, Some(1), "a line was no JSON: {end:?}");
    for line in &end.lines {
        let frame: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(frame["type"].is_string(), "{line}");
    }
    let contents: Vec<_> = lin.history(LOBBY).await;
    let contents: Vec<_> = contents.iter().map(|message| &message["content"]).collect();
    assert_eq!(contents, ["framed", "plainer"]);
}

#[tokio::test]
async fn say_exits_with_success_when_the_message_is_stored() {
    let (_server, [lin]) = Teahouse::with_users(["lin"]).await;
    let end = Terminal::of(&lin, &["--say", "backup done"]).end().await;
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.lines.is_empty() && end.stderr.is_empty(), "{end:?}");
    assert_eq!(lin.history(LOBBY).await[0]["content"], "backup done");
    let end = Terminal::of(&lin, &["--json", "--say", "twice"])
        .end()
        .await;
    assert_eq!(end.lines.len(), 1, "{end:?}");
    assert!(end.lines[0].contains(r#""type":"ack""#), "{end:?}");
    let end = Terminal::of(&lin, &["--say", " "]).end().await;
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!(end.stderr.lines().count(), 1, "{end:?}");
    let end = Terminal::of(&lin, &["--room", "Nowhere", "--say", "x"])
        .end()
        .await;
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("Nowhere"), "{end:?}");
    assert_eq!(lin.history(LOBBY).await.len(), 2);
}

#[tokio::test]
async fn direct_message_to_a_phone_number_opens_a_conversation() {
    let (_server, [lin, mei]) = Teahouse::with_users(["lin", "mei"]).await;
    let mut mei_chat = Terminal::of(&mei, &[]);
    mei_chat.expect("You are in").await;
    let mut lin_chat = Terminal::of(&lin, &[]);
    lin_chat
        .type_line(&format!("/to {} are you there?", mei.phone))
        .await;
    lin_chat
        .expect(&format!("Delivered to {}", mei.phone))
        .await;
    mei_chat.expect("lin: 1 unread message").await;
    mei_chat.type_line("/join lin").await;
    mei_chat.expect("lin: are you there?").await;
    mei_chat.type_line("I am").await;
    lin_chat.expect("mei: 1 unread message").await;
    lin_chat.type_line("/to nobody hello?").await;
    lin_chat.expect("Not sent").await;
    lin_chat.type_line("/join mei").await;
    lin_chat.expect("mei: I am").await;
    let args = ["--to", "mei", "--say", "from a script"];
    assert_eq!(Terminal::of(&lin, &args).end().await.code, Some(0));
    mei_chat.expect("lin: from a script").await;
    assert!(lin.history(LOBBY).await.is_empty());
}

#[tokio::test]
async fn failed_sign_in_is_explained_in_one_line() {
    let (server, [lin]) = Teahouse::with_users(["lin"]).await;
    let by_phone = ["--phone", lin.phone.as_str()];
    let mut wrong = command(&server.url, &by_phone);
    wrong.env("TEAHOUSE_PASSWORD", "not the password");
    let mut chinese = command(&server.url, &by_phone);
    chinese
        .env("TEAHOUSE_PASSWORD", "not the password")
        .env("LANG", "zh_CN.UTF-8");
    let mut away = command("http://127.0.0.1:1", &by_phone);
    away.env("TEAHOUSE_PASSWORD", PASSWORD);
    let cases = [
        (wrong, "Wrong phone number or password"),
        (chinese, "密码错误"),
        (away, "No answer from http://127.0.0.1:1"),
        (
            command("http://127.0.0.1:1", &["--token", "x"]),
            "No answer from http://127.0.0.1:1",
        ),
        (command("teahouse", &["--token", "x"]), "not an http"),
        (command(&server.url, &["--token", "x"]), "Not signed in"),
        (command(&server.url, &[]), "--phone"),
    ];
    for (command, reason) in cases {
        let end = Terminal::start(command).end().await;
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.stderr.contains(reason), "{end:?}");
        assert_eq!(end.stderr.lines().count(), 1, "{end:?}");
        assert!(end.lines.is_empty(), "{end:?}");
    }
}

#[tokio::test]
async fn help_needs_no_settings_and_lists_no_password_option() {
    let outcome = Teahouse::run(&["chat", "--help"], &[], Path::new("/")).expect_success();
    assert!(outcome.stdout.contains("--token"), "{outcome:?}");
    assert!(!outcome.stdout.contains("--password"), "{outcome:?}");
}
