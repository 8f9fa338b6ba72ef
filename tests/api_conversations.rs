//! The JSON API: direct conversations.

use crate::api::{fields, server};
use crate::messages::is_time;
use crate::support::person::send;
use crate::support::{ApiClient, Person, client_id, error_code, words};
use reqwest::Method;
use serde_json::{Value, json};

fn assert_user(value: &Value, name: &str) {
    assert_eq!(fields(value), ["avatarURL", "id", "username"]);
    assert!(value["id"].is_string() && value["avatarURL"].is_null());
    assert_eq!(value["username"], name);
}

fn assert_message(value: &Value, mine: bool) {
    let expected = words("clientId content conversationId createdAt id mine seq user ver");
    assert_eq!(fields(value), expected);
    assert!(value["id"].is_string() && value["conversationId"].is_string());
    let is_expected = is_time(&value["createdAt"]) && value["mine"] == mine;
    assert!(is_expected, "{value}");
    assert!(value["seq"].is_i64() && value["ver"].is_i64());
}

#[tokio::test]
async fn conversation_is_created_once() {
    let (server, mei, li) = server().await;
    let client = ApiClient::of(&server, &mei).await;
    let begin = |name: &str| json!({"username": name});
    let (status, conversation) = client.post("/api/conversations", begin("li")).await;
    assert_eq!(status, 201);
    let expected = ["hasUnreadMessages", "id", "lastMessage", "otherParticipant"];
    assert_eq!(fields(&conversation), expected);
    assert_user(&conversation["otherParticipant"], "Li");
    assert_eq!(conversation["lastMessage"], Value::Null);
    assert_eq!(conversation["hasUnreadMessages"], false);
    let id = conversation["id"].as_str().expect("an id");
    let request = mei.request(Method::POST, "/api/conversations");
    let response = send(request.json(&begin("LI"))).await;
    let path = format!("/api/conversations/{id}");
    let actual = crate::support::status_and_location(&response);
    assert_eq!(actual, (302, path.as_str()));
    let actual = li.post_json("/api/conversations", &begin("Mei")).await.0;
    assert_eq!(actual, 302);
    assert_eq!(client.get(&path).await, (200, conversation.clone()));
    let actual = client.get(&format!("{path}/other_participant")).await;
    assert_eq!(actual, (200, conversation["otherParticipant"].clone()));
    for (name, status, code) in [("nobody", 404, "not_found"), ("mei", 403, "forbidden")] {
        let found = error_code(client.post("/api/conversations", begin(name)).await);
        assert_eq!(found, format!("{status} {code}"));
    }
    for body in [begin(" "), json!({})] {
        let (status, error) = client.post("/api/conversations", body).await;
        let actual = (status, error["errors"]["username"].is_string());
        assert_eq!(actual, (422, true));
    }
    for path in words("/api/conversations/1 /api/conversations/999 /api/conversations/x") {
        for path in [
            path.to_owned(),
            format!("{path}/messages"),
            format!("{path}/other_participant"),
        ] {
            let actual = error_code(client.get(&path).await);
            assert_eq!(actual, "404 not_found", "{path}");
        }
        let say = json!({"content": "x"});
        assert_eq!(client.post(&format!("{path}/messages"), say).await.0, 404);
        let path = format!("{path}/read_messages");
        assert_eq!(client.post(&path, json!({})).await.0, 404);
    }
    assert_eq!(server.count("messages"), 0);
}

#[tokio::test]
async fn messages_of_a_conversation_are_sent_and_read() {
    let (server, mei, li) = server().await;
    let client = ApiClient::of(&server, &mei).await;
    let id = mei.direct(&["Li"]).await;
    let path = format!("/api/conversations/{id}");
    let messages = format!("{path}/messages");
    let body = json!({"content": " one ", "clientId": client_id()});
    let (status, first) = client.post(&messages, body.clone()).await;
    assert_eq!(status, 201);
    assert_message(&first, true);
    assert_user(&first["user"], "Mei");
    let found = (&first["content"], &first["conversationId"]);
    assert_eq!(found, (&json!("one"), &json!(id)));
    let found = (&first["seq"], &first["clientId"]);
    assert_eq!(found, (&json!(1), &body["clientId"]));
    let found = client.post(&messages, body.clone()).await;
    assert_eq!(found, (201, first.clone()));
    let mut other = body;
    other["content"] = json!("two");
    let found = error_code(client.post(&messages, other).await);
    assert_eq!(found, "409 conflict");
    for content in ["", " \n", "a\u{0}b", &"x".repeat(4001)] {
        let (status, error) = client.post(&messages, json!({"content": content})).await;
        let found = (status, error["errors"]["content"].is_string());
        assert_eq!(found, (422, true));
    }
    let body = json!({"content": "x", "clientId": "1"});
    let (status, error) = client.post(&messages, body).await;
    let found = (status, error["errors"]["clientId"].is_string());
    assert_eq!(found, (422, true));
    let theirs = li.get_json(&path).await.1;
    assert_message(&theirs["lastMessage"], false);
    assert_eq!(theirs["hasUnreadMessages"], true);
    assert_eq!(client.get(&path).await.1["hasUnreadMessages"], false);
    let mut socket = li.socket().await;
    let (status, list) = li.get_json(&messages).await;
    let found = (status.as_u16(), list.as_array().map(Vec::len));
    assert_eq!(found, (200, Some(1)));
    assert_message(&list[0], false);
    assert_eq!(socket.expect("read").await["seq"], 1);
    assert_eq!(li.get_json(&path).await.1["hasUnreadMessages"], false);
    client.post(&messages, json!({"content": "two"})).await;
    assert_eq!(li.get_json(&path).await.1["hasUnreadMessages"], true);
    let read = format!("{path}/read_messages");
    let found = li.json(Method::POST, &read, json!({})).await;
    assert_eq!(found, (204, Value::Null));
    assert_eq!(li.get_json(&path).await.1["hasUnreadMessages"], false);
}

#[tokio::test]
async fn pages_have_twenty_five_messages_newest_first() {
    let (server, mei, li) = server().await;
    let mut rooms = Vec::new();
    for n in 0..28 {
        let friend = Person::register(&server, &format!("friend-{n:02}")).await;
        let room = friend.direct(&["Mei"]).await;
        friend.say_in(&room, "hi").await;
        rooms.push(room);
    }
    mei.direct(&["Li"]).await;
    li.direct(&["friend-00"]).await;
    mei.say_in(&rooms[3], "back again").await;
    let ids = |list: &Value| -> Vec<String> {
        let list = list.as_array().expect("a bare array").iter();
        list.map(|entry| entry["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let first = ids(&mei.get_json("/api/conversations").await.1);
    let next = format!("/api/conversations?before={}", first[24]);
    let second = ids(&mei.get_json(&next).await.1);
    let mut expected = rooms.clone();
    let again = expected.remove(3);
    expected.push(again);
    expected.reverse();
    assert_eq!([first, second].concat(), expected);
    // A cursor that is not one of the user's conversations returns an empty page and reveals nothing about other rooms.
    for before in ["1", "999999"] {
        let path = format!("/api/conversations?before={before}");
        assert_eq!(mei.get_json(&path).await.1, json!([]));
    }
    assert_eq!(mei.get_json("/api/conversations?before=x").await.0, 400);
    for n in 0..27 {
        mei.say_in(&rooms[0], &format!("{n}")).await;
    }
    let path = format!("/api/conversations/{}/messages", rooms[0]);
    let (_, first) = mei.get_json(&path).await;
    let found = (first[0]["seq"].clone(), first[24]["seq"].clone());
    assert_eq!(found, (json!(28), json!(4)));
    let next = format!("{path}?before={}", first[24]["id"].as_str().expect("an id"));
    let (_, second) = mei.get_json(&next).await;
    let second = second.as_array().expect("a list").iter();
    let seqs = second.map(|message| &message["seq"]).collect::<Vec<_>>();
    assert_eq!(seqs, [3, 2, 1]);
}
