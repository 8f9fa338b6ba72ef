//! Who is here.

use crate::support::{LOBBY, TIMEOUT, Person, RawSocket, Socket, Teahouse};
use serde_json::{Value, json};

async fn view(socket: &mut Socket, away: bool) {
    socket
        .send(json!({"type": "view", "roomId": LOBBY, "away": away}))
        .await;
}

/// Names and states, by name.
fn who(presence: &Value) -> Vec<String> {
    let list = presence["online"].as_array().into_iter().flatten();
    let mut names: Vec<_> = list
        .map(|one| {
            format!(
                "{} {}",
                one["user"]["username"].as_str().unwrap_or("?"),
                one["state"].as_str().unwrap_or("?")
            )
        })
        .collect();
    names.sort();
    names
}

async fn sees(socket: &mut Socket, names: &[&str]) {
    let frame = socket
        .expect_where("presence", |frame| who(frame) == names)
        .await;
    assert_eq!(frame["roomId"], "1");
}

#[tokio::test]
async fn everybody_in_the_room_sees_who_comes_and_goes() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let mut here = ming.socket().await;
    view(&mut here, false).await;
    sees(&mut here, &["Ming online"]).await;
    let mut there = ana.socket().await;
    view(&mut there, false).await;
    sees(&mut here, &["Ana online", "Ming online"]).await;
    sees(&mut there, &["Ana online", "Ming online"]).await;
    view(&mut there, true).await;
    sees(&mut here, &["Ana away", "Ming online"]).await;
    view(&mut there, false).await;
    sees(&mut here, &["Ana online", "Ming online"]).await;
    there.abort();
    sees(&mut here, &["Ming online"]).await;
    assert_eq!(server.count("messages"), 0, "that is no message");
}

#[tokio::test]
async fn somebody_with_two_windows_is_here_once() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut watch, mut one) = (ming.socket().await, ana.socket().await);
    view(&mut watch, false).await;
    view(&mut one, true).await;
    sees(&mut watch, &["Ana away", "Ming online"]).await;
    let mut two = ana.socket().await;
    view(&mut two, false).await;
    sees(&mut watch, &["Ana online", "Ming online"]).await;
    two.abort();
    sees(&mut watch, &["Ana away", "Ming online"]).await;
    view(&mut one, false).await;
    sees(&mut watch, &["Ana online", "Ming online"]).await;
    one.abort();
    sees(&mut watch, &["Ming online"]).await;
}

#[tokio::test]
async fn whoever_signs_out_is_no_longer_here() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut watch, mut other) = (ming.socket().await, ana.socket().await);
    view(&mut watch, false).await;
    view(&mut other, false).await;
    sees(&mut watch, &["Ana online", "Ming online"]).await;
    ana.sign_out().await;
    sees(&mut watch, &["Ming online"]).await;
}

#[tokio::test]
async fn a_room_that_is_not_looked_at_is_not_reported() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut blind, mut other) = (ming.socket().await, ana.socket().await);
    view(&mut other, false).await;
    other.expect("presence").await;
    blind.expect_none("presence").await;
    view(&mut blind, false).await;
    blind.expect("presence").await;
    blind.send(json!({"type": "view", "roomId": null})).await;
    blind.discard_pending().await;
    view(&mut other, true).await;
    other
        .expect_where("presence", |frame| {
            who(frame).contains(&"Ana away".to_owned())
        })
        .await;
    blind.expect_none("presence").await;
}

#[tokio::test]
async fn a_crowd_is_only_counted() {
    let server = Teahouse::start();
    let mut people = Vec::new();
    for batch in 0..11 {
        let names: Vec<_> = (0..10).map(|n| format!("person{batch}-{n}")).collect();
        people.extend(
            futures_util::future::join_all(names.iter().map(|name| Person::register(&server, name)))
                .await,
        );
    }
    let mut watch = people[0].socket().await;
    view(&mut watch, false).await;
    let mut sockets = Vec::new();
    for person in &people[1..105] {
        let mut socket = person.socket().await;
        view(&mut socket, false).await;
        sockets.push(socket);
    }
    let frame = watch
        .expect_where("presence", |frame| frame["count"] == 105)
        .await;
    assert!(frame.get("online").is_none(), "{frame}");
    sockets.truncate(50);
    watch
        .expect_where("presence", |frame| {
            frame["online"]
                .as_array()
                .is_some_and(|list| list.len() == 51)
        })
        .await;
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_dropped_and_the_others_stay() {
    let server = Teahouse::with(&[
        ("TEAHOUSE__SOCKET__PING_SECONDS", "1"),
        ("TEAHOUSE__SOCKET__PONG_SECONDS", "1"),
    ]);
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let mut watch = ming.socket().await;
    view(&mut watch, false).await;
    let mut silent = RawSocket::open(&ana).await;
    silent.expect("hello").await;
    silent
        .write_frame(
            0x81,
            json!({"type": "view", "roomId": LOBBY})
                .to_string()
                .as_bytes(),
        )
        .await;
    sees(&mut watch, &["Ana online", "Ming online"]).await;
    let started = tokio::time::Instant::now();
    // Both read on meanwhile: who does not read does not answer either.
    let end = tokio::spawn(async move {
        silent.end().await;
        started.elapsed()
    });
    sees(&mut watch, &["Ming online"]).await;
    watch.say("still here").await;
    let took = end.await.expect("no panic");
    assert!(took < TIMEOUT, "{took:?}");
}
