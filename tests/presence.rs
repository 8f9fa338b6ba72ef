//! Presence: who is online or away in a room.

use crate::support::{LOBBY, Person, RawSocket, Socket, TIMEOUT, Teahouse};
use serde_json::{Value, json};

async fn view(socket: &mut Socket, away: bool) {
    socket
        .send(json!({"type": "view", "roomId": LOBBY, "away": away}))
        .await;
}

/// The online list as sorted "name state" strings.
fn online(presence: &Value) -> Vec<String> {
    let list = presence["online"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let name = |one: &Value| format!("{} {}", text(&one["user"]["username"]), text(&one["state"]));
    let mut names: Vec<_> = list.map(name).collect();
    names.sort();
    names
}

async fn sees(socket: &mut Socket, names: &[&str]) {
    let frame = socket
        .expect_where("presence", |frame| online(frame) == names)
        .await;
    assert_eq!(frame["roomId"], "1");
}

#[tokio::test]
async fn members_see_others_go_online_away_and_offline() {
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
    assert_eq!(server.count("messages"), 0, "presence stored a message");
}

#[tokio::test]
async fn user_with_two_connections_is_listed_once() {
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
async fn signing_out_ends_presence() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut watch, mut other) = (ming.socket().await, ana.socket().await);
    view(&mut watch, false).await;
    view(&mut other, false).await;
    sees(&mut watch, &["Ana online", "Ming online"]).await;
    ana.sign_out().await;
    sees(&mut watch, &["Ming online"]).await;
}

#[tokio::test]
async fn presence_is_sent_only_to_viewers_of_the_room() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let (mut idle, mut other) = (ming.socket().await, ana.socket().await);
    view(&mut other, false).await;
    other.expect("presence").await;
    idle.expect_none("presence").await;
    view(&mut idle, false).await;
    idle.expect("presence").await;
    idle.send(json!({"type": "view", "roomId": null})).await;
    idle.discard_pending().await;
    view(&mut other, true).await;
    let is_away = |frame: &Value| online(frame).contains(&"Ana away".to_owned());
    other.expect_where("presence", is_away).await;
    idle.expect_none("presence").await;
}

#[tokio::test]
async fn presence_of_more_than_100_users_is_only_a_count() {
    let server = Teahouse::start();
    let mut people = Vec::new();
    for batch in 0..11 {
        let names: Vec<_> = (0..10).map(|n| format!("person{batch}-{n}")).collect();
        let registered = names.iter().map(|name| Person::register(&server, name));
        people.extend(futures_util::future::join_all(registered).await);
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
    let is_listed = |frame: &Value| frame["online"].as_array().map(Vec::len) == Some(51);
    watch.expect_where("presence", is_listed).await;
}

#[tokio::test]
async fn connection_that_answers_no_ping_is_closed_and_its_user_goes_offline() {
    let server = Teahouse::configured("socket.ping_seconds=1 socket.pong_seconds=1");
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let mut watch = ming.socket().await;
    view(&mut watch, false).await;
    let mut silent = RawSocket::open(&ana).await;
    silent.expect("hello").await;
    let frame = json!({"type": "view", "roomId": LOBBY}).to_string();
    silent.write_frame(0x81, frame.as_bytes()).await;
    sees(&mut watch, &["Ana online", "Ming online"]).await;
    let started = tokio::time::Instant::now();
    // Both sockets are read meanwhile; only reading answers pings.
    let end = tokio::spawn(async move {
        silent.end().await;
        started.elapsed()
    });
    sees(&mut watch, &["Ming online"]).await;
    watch.say("still here").await;
    let took = end.await.expect("no panic");
    assert!(took < TIMEOUT, "{took:?}");
}
