//! A repeated post stores the message once.

use crate::support::{LOBBY, Teahouse, client_id};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PATH: &str = "/rooms/1/messages";

#[tokio::test]
async fn fifty_concurrent_posts_with_one_client_id_store_one_message() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let mut witness = ana.socket().await;
    let mut sockets = Vec::new();
    for _ in 0..17 {
        sockets.push(ming.socket().await);
    }
    let id = client_id();
    let frame = json!({"type": "post", "clientId": id, "roomId": LOBBY, "content": "once 茶"});
    let body = json!({"content": "once 茶", "clientId": id});
    let by_socket = join_all(sockets.iter_mut().map(|socket| async {
        socket.send(frame.clone()).await;
        socket.expect("ack").await
    }));
    let by_json = join_all((0..17).map(|_| ming.post_json(PATH, &body)));
    let form = [("content", "once 茶"), ("clientId", id.as_str())];
    let by_form = join_all((0..16).map(|_| ming.post(PATH, &form)));
    let (acks, stored, forms) = tokio::join!(by_socket, by_json, by_form);
    assert!(acks.iter().all(|ack| ack == &acks[0]), "{acks:?}");
    for (status, message) in &stored {
        assert_eq!((status.as_u16(), message), (201, &stored[0].1));
    }
    for field in ["id", "seq", "ver", "clientId", "createdAt"] {
        assert_eq!(acks[0][field], stored[0].1[field], "{field}");
    }
    assert!(forms.iter().all(|response| response.status() == 303));
    assert_eq!(server.count("messages"), 1);
    assert_eq!(witness.expect("message").await["seq"], 1);
    witness.expect_none("message").await;
    let again = sockets[0].say("another").await;
    assert_eq!(again["seq"], 2, "no seq was skipped");
}

#[tokio::test]
async fn retry_after_a_restart_returns_the_first_result() {
    let (mut server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let body = json!({"content": "once", "clientId": client_id()});
    let (_, first) = ming.post_json(PATH, &body).await;
    server.kill();
    server.restart();
    let (status, again) = ming.post_json(PATH, &body).await;
    assert_eq!((status.as_u16(), &again), (201, &first));
    let other = json!({"content": "twice", "clientId": body["clientId"]});
    assert_eq!(ming.post_json(PATH, &other).await.0, 409);
}

#[tokio::test]
async fn concurrent_posts_with_one_client_id_and_other_content_conflict() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let garden = server.database().add_room("open", "Garden", &["Ming"]);
    let id = client_id();
    let mut sockets = Vec::new();
    for _ in 0..30 {
        sockets.push(ming.socket().await);
    }
    let responses: Vec<Value> = join_all(sockets.iter_mut().enumerate().map(|(n, socket)| {
        let (room, text) = [(LOBBY, "tea"), (LOBBY, "coffee"), (garden.as_str(), "tea")][n % 3];
        let frame = json!({"type": "post", "clientId": id, "roomId": room, "content": text});
        async move {
            socket.send(frame).await;
            loop {
                let deadline = tokio::time::Instant::now() + crate::support::TIMEOUT;
                let mut response = socket.next_before(deadline).await.expect("a response");
                if response["type"] == "ack" || response["type"] == "error" {
                    response["variant"] = json!(n % 3);
                    return response;
                }
            }
        }
    }))
    .await;
    let winners: BTreeSet<_> = responses
        .iter()
        .filter(|response| response["type"] == "ack")
        .map(|response| response["variant"].as_u64())
        .collect();
    assert_eq!(winners.len(), 1, "{responses:?}");
    for response in &responses {
        let is_expected = response["type"] == "ack" || response["code"] == "conflict";
        assert!(is_expected, "{response}");
        assert_eq!(response["clientId"], id);
    }
    let acks = responses
        .iter()
        .filter(|response| response["type"] == "ack");
    assert_eq!(acks.count(), 10);
    assert_eq!(server.count("messages"), 1);
}
