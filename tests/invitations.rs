//! Room invitations: who is added directly, who must accept, and what an invited user can see.

use crate::support::person::{PASSWORD, send};
use crate::support::{Browser, Person, Teahouse, client_id, pairs, words};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PEOPLE: [&str; 4] = ["Admin", "Mei", "Li", "Bo"];

fn path_to(invitation: &Value) -> String {
    format!("/invitations/{}", invitation["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn invited_stranger_sees_nothing_of_the_room_before_accepting() {
    let (_server, [_, mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let mut socket = li.socket().await;
    let mut stream = li.stream().await;
    let form = pairs("name=Tea topic=Leaves kind=closed members=li");
    let response = mei.post("/rooms", &form).await;
    let location = response.headers()["location"].to_str().expect("text");
    let room = location.trim_start_matches("/rooms/").to_owned();
    let frame = socket.expect("invitation").await;
    assert_eq!(
        frame["room"],
        json!({"id": room, "kind": "closed", "name": "Tea", "topic": "Leaves"})
    );
    assert_eq!(frame["inviter"]["username"], "Mei");
    stream.expect(|frame| frame["type"] == "invitation").await;
    mei.say_in(&room, "@Li are you there?").await;
    for kind in ["message", "room", "presence"] {
        socket.expect_none(kind).await;
    }
    assert_eq!(li.room(&room).await, Value::Null);
    for path in [
        format!("/rooms/{room}"),
        format!("/rooms/{room}/messages"),
        format!("/api/rooms/{room}"),
    ] {
        assert_eq!(li.get_json(&path).await.0, 404, "{path}");
    }
    let pending = li.invitations().await;
    assert_eq!(pending.len(), 1);
    let found = (&pending[0]["id"], &pending[0]["room"]);
    assert_eq!(found, (&frame["id"], &frame["room"]));
    // A client that was disconnected learns of it on return.
    let mut later = li.socket().await;
    assert_eq!(later.expect("invitation").await["id"], frame["id"]);
    let page = li.page("/invitations").await;
    assert!(page.contains("Tea") && page.contains("from Mei"), "{page}");
    assert!(li.page("/rooms/1").await.contains("rooms-count\">1<"));
    // Other users cannot accept it.
    for verb in ["put", "delete"] {
        assert_eq!(mei.submit(verb, &path_to(&frame), &[]).await, 404);
    }
    let found = li.json(Method::PUT, &path_to(&frame), json!({})).await.0;
    assert_eq!(found, 204);
    assert_eq!(socket.expect("room").await["room"]["id"], room);
    assert_eq!(socket.expect("uninvited").await["id"], frame["id"]);
    assert_eq!(later.expect("uninvited").await["id"], frame["id"]);
    assert!(li.invitations().await.is_empty());
    assert_eq!(li.history(&room).await.len(), 1);
    assert_eq!(li.submit("put", &path_to(&frame), &[]).await, 404);
}

#[tokio::test]
async fn user_who_shares_a_closed_room_is_added_at_once() {
    let (_server, [_, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let open = mei.create_room("open", "square", &[]).await;
    assert_eq!(li.join(&open).await, 303);
    let path = |room: &str| format!("/rooms/{room}/members");
    let add = async |person: &Person, room: &str, name: &str| {
        let body = json!({"username": name});
        person.json(Method::POST, &path(room), body).await.0
    };
    let tea = mei.create_room("closed", "tea", &[]).await;
    let found = add(&mei, &tea, "Li").await;
    assert_eq!(found, 202, "an open room does not count");
    // Neither does a room that was open when the users joined.
    mei.submit_ok("patch", &format!("/rooms/{open}"), &[("kind", "closed")])
        .await;
    let milk = mei.create_room("closed", "milk", &[]).await;
    let found = add(&mei, &milk, "Li").await;
    assert_eq!(found, 202, "a formerly open room does not count");
    assert!(li.accept_invitation(&tea).await);
    assert_eq!(add(&mei, &milk, "Li").await, 204);
    assert!(li.invitations().await.is_empty(), "resolved by being added");
    assert_eq!(li.room(&milk).await["name"], "milk");
    // A direct conversation counts too.
    assert_eq!(add(&mei, &tea, "Bo").await, 202);
    bo.direct(&["Mei"]).await;
    assert_eq!(add(&mei, &tea, "Bo").await, 204);
    let response = mei.post(&path(&milk), &[("username", "Bo")]).await;
    let location = response.headers()["location"].to_str().expect("text");
    assert_eq!(location, format!("/rooms/{milk}?member=added#people"));
    assert!(mei.page(location).await.contains("member-told"));
    // A user who blocked a member of the room must be asked.
    bo.submit_ok("post", "/blocks", &[("username", "Li")]).await;
    let both = mei.create_room("closed", "both", &[]).await;
    assert_eq!(add(&mei, &both, "Li").await, 204);
    assert_eq!(add(&mei, &both, "Bo").await, 202);
    let body = json!({"to": ["Li", "Bo"]});
    assert_eq!(mei.json(Method::POST, "/directs", body).await.0, 403);
}

#[tokio::test]
async fn declined_invitation_is_not_repeated() {
    let (_server, [_, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let room = mei.create_room("closed", "tea", &[&bo]).await;
    assert_eq!(mei.invite(&room, &li).await, 303);
    let first = li.invitations().await.remove(0);
    let mut socket = li.socket().await;
    let found = li.json(Method::DELETE, &path_to(&first), json!({})).await.0;
    assert_eq!(found, 204);
    let found = socket.expect_where("uninvited", |_| true).await["id"].clone();
    assert_eq!(found, first["id"]);
    assert_eq!(mei.invite(&room, &li).await, 303);
    assert!(li.invitations().await.is_empty());
    assert_eq!(li.submit("put", &path_to(&first), &[]).await, 404);
    assert_eq!(bo.invite(&room, &li).await, 303);
    assert_eq!(li.invitations().await[0]["inviter"]["username"], "Bo");
}

#[tokio::test]
async fn invitations_are_deleted_with_the_room_and_with_users() {
    let (server, [_, mei, li, bo]) = Teahouse::with_users(PEOPLE).await;
    let count = || server.count("invitations");
    let mut socket = li.socket().await;
    for way in words("deleted left removed blocked entered") {
        let kind = if way == "entered" { "open" } else { "closed" };
        let room = mei.create_room(kind, way, &[&bo]).await;
        let inviter = if way == "removed" { &bo } else { &mei };
        assert_eq!(inviter.invite(&room, &li).await, 303);
        let id = socket.expect("invitation").await["id"].clone();
        let path = format!("/rooms/{room}");
        let done = match way {
            "deleted" => mei.submit("delete", &path, &[("confirm", way)]).await,
            "left" => mei.leave(&room).await,
            "removed" => mei.remove(&room, &bo).await,
            "blocked" => {
                let status = li.submit("post", "/blocks", &[("username", "Mei")]).await;
                li.submit("delete", "/blocks", &[("username", "Mei")]).await;
                status
            }
            _ => li.join(&room).await,
        };
        assert_eq!(done, 303, "{way}");
        assert_eq!(socket.expect("uninvited").await["id"], id, "{way}");
        assert_eq!(count(), 0, "{way}");
    }
    let room = bo.create_room("closed", "bans", &[]).await;
    assert_eq!(bo.invite(&room, &li).await, 303);
    socket.expect("invitation").await;
    server.command(&["user", "ban", "Bo"]);
    socket.expect("uninvited").await;
    assert_eq!(count(), 0, "banned");
    let room = mei.create_room("closed", "leaves", &[]).await;
    assert_eq!(mei.invite(&room, &li).await, 303);
    let exported = li.get_json("/settings/export").await.1;
    assert_eq!(exported["invitations"][0]["room"], "leaves", "{exported}");
    let found = mei.get_json("/settings/export").await.1["invitations"][0]["invitee"].clone();
    assert_eq!(found, "Li");
    let form = json!({"confirm": "Li", "delete_password": PASSWORD});
    assert!(li.json(Method::DELETE, "/settings/account", form).await.0 < 400);
    assert_eq!(count(), 0, "account deleted");
}

#[tokio::test]
async fn invitations_of_one_inviter_are_limited() {
    let (_server, [_, mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    for n in 0..8 {
        let room = mei.create_room("closed", &format!("room {n}"), &[]).await;
        assert_eq!(mei.invite(&room, &li).await, 303);
    }
    assert_eq!(li.invitations().await.len(), 5);
}

#[tokio::test]
async fn invitation_reaches_another_server_within_three_seconds() {
    let here = Teahouse::start();
    let there = here.second_server();
    let mei = Person::register(&here, "Mei").await;
    let li = Person::register(&here, "Li").await;
    let mut socket = li.at(&there).socket().await;
    let room = mei.create_room("closed", "tea", &[]).await;
    let start = Instant::now();
    assert_eq!(mei.invite(&room, &li).await, 303);
    let id = socket.expect("invitation").await["id"].clone();
    assert!(start.elapsed() < Duration::from_secs(3));
    assert!(li.accept_invitation(&room).await);
    assert_eq!(socket.expect("uninvited").await["id"], id);
    socket.expect("room").await;
    assert!(start.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn rooms_members_blocks_and_conversations_are_rate_limited_per_user() {
    let server = Teahouse::configured(
        "throttle.enabled=true throttle.registrations_per_address=1000 throttle.rooms_per_person=3 \
         throttle.members_per_person=5 throttle.blocks_per_person=3 throttle.directs_per_person=3",
    );
    let mei = Person::register(&server, "Mei").await;
    let room = mei.create_room("closed", "tea", &[]).await;
    let names = ["A_", "B_", "C_", "D_", "E_"];
    Person::register_each(&server, names).await;
    let members = format!("/rooms/{room}/members");
    let enter = "/rooms/1/membership";
    type Body = fn(&str) -> Value;
    let new_room: Body = |_| json!({"name": "x", "kind": "open"});
    let rows: [(&str, &str, usize, Body); 7] = [
        ("POST", "/rooms", 2, new_room),
        ("POST", "/api/rooms", 0, new_room),
        ("POST", &members, 5, |name| json!({"username": name})),
        ("DELETE", &members, 0, |_| json!({"username": "A_"})),
        ("POST", enter, 0, |_| json!({})),
        ("POST", "/blocks", 3, |name| json!({"username": name})),
        ("POST", "/directs", 3, |name| json!({"to": [name]})),
    ];
    for (method, path, allowed, body) in rows {
        for (n, name) in names.iter().take(allowed).enumerate() {
            let method = method.parse().expect("a method");
            let (status, response) = mei.json(method, path, body(name)).await;
            assert_ne!(status, 429, "{path} {n}: {response}");
        }
        let request = mei.request(method.parse().expect("a method"), path);
        let request = request.header("accept", "application/json");
        let response = send(request.json(&body(names[allowed.min(4)]))).await;
        assert_eq!(response.status(), 429, "{method} {path}");
        let is_expected = response.headers().contains_key("retry-after");
        assert!(is_expected, "{method} {path}");
    }
    // Each user named in a request counts.
    let li = Person::register(&server, "Li").await;
    let body = json!({"name": "x", "members": ["A_", "B_", "C_", "D_", "E_", "Mei", "A_"]});
    assert_eq!(li.json(Method::POST, "/rooms", body).await.0, 429);
    let mut socket = mei.socket().await;
    let frame = json!({"type": "post", "clientId": client_id(), "to": "E_", "content": "hi"});
    socket.send(frame).await;
    assert_eq!(socket.expect("error").await["code"], "rate_limited");
    mei.direct(&["A_"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invitation_is_accepted_and_declined_in_the_browser() {
    let (server, [_, mei, li, _]) = Teahouse::with_users(PEOPLE).await;
    let browser = Browser::signed_in(&server, &li).await;
    let tea = mei.create_room("closed", "Tea", &[]).await;
    let milk = mei.create_room("closed", "Milk", &[]).await;
    assert_eq!(mei.invite(&tea, &li).await, 303);
    let script = "return document.querySelector('#rooms-invitations:not([hidden]) .rooms-count')?.innerText === '1'";
    browser
        .wait_until("the room list shows the count", script)
        .await;
    browser.click("#rooms-invitations").await;
    browser.find("#invitations-list").await;
    assert_eq!(mei.invite(&milk, &li).await, 303);
    let condition = "return document.querySelectorAll('[data-invitation-id]').length === 2";
    browser
        .wait_until("the page shows the second invitation", condition)
        .await;
    browser.check_accessibility("pending invitations").await;
    browser
        .retry_click("[data-invitation-id]:nth-child(2) .button-quiet")
        .await;
    let check = "return document.querySelectorAll('[data-invitation-id]').length === 1 && document.readyState === 'complete'";
    browser.wait_until("one is left", check).await;
    browser
        .retry_click("#invitations-list .button-primary")
        .await;
    browser.wait_until_connected().await;
    assert_eq!(browser.path().await, format!("/rooms/{tea}"));
    let test = "return document.querySelector('#rooms-invitations').hidden";
    browser.wait_until("no invitation is pending", test).await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}
