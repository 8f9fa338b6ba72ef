//! Invitations into rooms: who is added, who is asked, and what is known before the answer.

use crate::support::{Browser, Person, Teahouse, client_id, person::PASSWORD};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn house() -> (Teahouse, Person, Person, Person, Person) {
    let (house, [admin, mei, li, bo]) = Teahouse::with_people(["Admin", "Mei", "Li", "Bo"]).await;
    (house, admin, mei, li, bo)
}

fn path_of(invitation: &Value) -> String {
    format!("/invitations/{}", invitation["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn a_stranger_is_asked_and_knows_nothing_of_the_room_before() {
    let (_house, _, mei, li, _) = house().await;
    let mut socket = li.socket().await;
    let mut stream = li.stream().await;
    let form = [
        ("name", "Tea"),
        ("topic", "Leaves"),
        ("kind", "closed"),
        ("members", "li"),
    ];
    let answer = mei.post("/rooms", &form).await;
    let location = answer.headers()["location"].to_str().expect("text");
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
    assert_eq!(
        (&pending[0]["id"], &pending[0]["room"]),
        (&frame["id"], &frame["room"])
    );
    // A client that was away is told when it comes back.
    let mut later = li.socket().await;
    assert_eq!(later.expect("invitation").await["id"], frame["id"]);
    let page = li.page("/invitations").await;
    assert!(page.contains("Tea") && page.contains("from Mei"), "{page}");
    assert!(li.page("/rooms/1").await.contains("rooms-count\">1<"));
    // Nobody else answers it.
    for verb in ["put", "delete"] {
        assert_eq!(mei.act(verb, &path_of(&frame), &[]).await, 404);
    }
    assert_eq!(
        li.json(Method::PUT, &path_of(&frame), json!({})).await.0,
        204
    );
    assert_eq!(socket.expect("room").await["room"]["id"], room);
    assert_eq!(socket.expect("uninvited").await["id"], frame["id"]);
    assert_eq!(later.expect("uninvited").await["id"], frame["id"]);
    assert!(li.invitations().await.is_empty());
    assert_eq!(li.history(&room).await.len(), 1);
    assert_eq!(li.act("put", &path_of(&frame), &[]).await, 404);
}

#[tokio::test]
async fn who_shares_a_private_room_is_added_at_once() {
    let (_house, _, mei, li, bo) = house().await;
    let open = mei.make_room("open", "square", &[]).await;
    assert_eq!(li.enter(&open).await, 303);
    let path = |room: &str| format!("/rooms/{room}/members");
    let add = async |who: &Person, room: &str, name: &str| {
        let body = json!({"username": name});
        who.json(Method::POST, &path(room), body).await.0
    };
    let tea = mei.make_room("closed", "tea", &[]).await;
    assert_eq!(
        add(&mei, &tea, "Li").await,
        202,
        "an open room does not count"
    );
    // Nor does one that was open when people entered it.
    assert_eq!(
        mei.act("patch", &format!("/rooms/{open}"), &[("kind", "closed")])
            .await,
        303
    );
    let milk = mei.make_room("closed", "milk", &[]).await;
    assert_eq!(
        add(&mei, &milk, "Li").await,
        202,
        "a room that was open does not count"
    );
    assert!(li.accept(&tea).await);
    assert_eq!(add(&mei, &milk, "Li").await, 204);
    assert!(li.invitations().await.is_empty(), "settled by being added");
    assert_eq!(li.room(&milk).await["name"], "milk");
    // A conversation counts too.
    assert_eq!(add(&mei, &tea, "Bo").await, 202);
    bo.direct(&["Mei"]).await;
    assert_eq!(add(&mei, &tea, "Bo").await, 204);
    let answer = mei.post(&path(&milk), &[("username", "Bo")]).await;
    let told = answer.headers()["location"].to_str().expect("text");
    assert_eq!(told, format!("/rooms/{milk}?member=added#people"));
    assert!(mei.page(told).await.contains("member-told"));
    // Whoever blocks somebody in the room decides for themselves.
    assert_eq!(bo.act("post", "/blocks", &[("username", "Li")]).await, 303);
    let both = mei.make_room("closed", "both", &[]).await;
    assert_eq!(add(&mei, &both, "Li").await, 204);
    assert_eq!(add(&mei, &both, "Bo").await, 202);
    let body = json!({"to": ["Li", "Bo"]});
    assert_eq!(mei.json(Method::POST, "/directs", body).await.0, 403);
}

#[tokio::test]
async fn a_declined_invitation_does_not_come_back() {
    let (_house, _, mei, li, bo) = house().await;
    let room = mei.make_room("closed", "tea", &[&bo]).await;
    assert_eq!(mei.invite(&room, &li).await, 303);
    let first = li.invitations().await.remove(0);
    let mut socket = li.socket().await;
    assert_eq!(
        li.json(Method::DELETE, &path_of(&first), json!({})).await.0,
        204
    );
    assert_eq!(
        socket.expect_where("uninvited", |_| true).await["id"],
        first["id"]
    );
    assert_eq!(mei.invite(&room, &li).await, 303);
    assert!(li.invitations().await.is_empty());
    assert_eq!(li.act("put", &path_of(&first), &[]).await, 404);
    assert_eq!(bo.invite(&room, &li).await, 303);
    assert_eq!(li.invitations().await[0]["inviter"]["username"], "Bo");
}

#[tokio::test]
async fn invitations_go_with_the_room_and_with_people() {
    let (house, _, mei, li, bo) = house().await;
    let count = || house.count("invitations");
    let mut socket = li.socket().await;
    let ways: [(&str, u16); 5] = [
        ("deleted", 303),
        ("left", 303),
        ("removed", 303),
        ("blocked", 303),
        ("entered", 303),
    ];
    for (way, status) in ways {
        let kind = if way == "entered" { "open" } else { "closed" };
        let room = mei.make_room(kind, way, &[&bo]).await;
        let inviter = if way == "removed" { &bo } else { &mei };
        assert_eq!(inviter.invite(&room, &li).await, 303);
        let id = socket.expect("invitation").await["id"].clone();
        let path = format!("/rooms/{room}");
        let done = match way {
            "deleted" => mei.act("delete", &path, &[("confirm", way)]).await,
            "left" => mei.leave(&room).await,
            "removed" => mei.remove(&room, &bo).await,
            "blocked" => {
                let status = li.act("post", "/blocks", &[("username", "Mei")]).await;
                li.act("delete", "/blocks", &[("username", "Mei")]).await;
                status
            }
            _ => li.enter(&room).await,
        };
        assert_eq!(done, status, "{way}");
        assert_eq!(socket.expect("uninvited").await["id"], id, "{way}");
        assert_eq!(count(), 0, "{way}");
    }
    let room = bo.make_room("closed", "bans", &[]).await;
    assert_eq!(bo.invite(&room, &li).await, 303);
    socket.expect("invitation").await;
    house.command(&["user", "ban", "Bo"]);
    socket.expect("uninvited").await;
    assert_eq!(count(), 0, "banned");
    let room = mei.make_room("closed", "leaves", &[]).await;
    assert_eq!(mei.invite(&room, &li).await, 303);
    let exported = li.get_json("/settings/export").await.1;
    assert_eq!(exported["invitations"][0]["room"], "leaves", "{exported}");
    assert_eq!(
        mei.get_json("/settings/export").await.1["invitations"][0]["invitee"],
        "Li"
    );
    let gone = json!({"confirm": "Li", "delete_password": PASSWORD});
    assert!(li.json(Method::DELETE, "/settings/account", gone).await.0 < 400);
    assert_eq!(count(), 0, "account deleted");
}

#[tokio::test]
async fn one_inviter_cannot_fill_the_list() {
    let (_house, _, mei, li, _) = house().await;
    for n in 0..8 {
        let room = mei.make_room("closed", &format!("room {n}"), &[]).await;
        assert_eq!(mei.invite(&room, &li).await, 303);
    }
    assert_eq!(li.invitations().await.len(), 5);
}

#[tokio::test]
async fn another_server_tells_within_three_seconds() {
    let here = Teahouse::start();
    let there = here.beside();
    let mei = Person::register(&here, "Mei").await;
    let li = Person::register(&here, "Li").await;
    let mut socket = li.at(&there).socket().await;
    let room = mei.make_room("closed", "tea", &[]).await;
    let start = Instant::now();
    assert_eq!(mei.invite(&room, &li).await, 303);
    let id = socket.expect("invitation").await["id"].clone();
    assert!(start.elapsed() < Duration::from_secs(3));
    assert!(li.accept(&room).await);
    assert_eq!(socket.expect("uninvited").await["id"], id);
    socket.expect("room").await;
    assert!(start.elapsed() < Duration::from_secs(6));
}

/// What one person may do in an hour, by the setting that says how often.
#[tokio::test]
async fn rooms_members_blocks_and_conversations_are_limited_per_person() {
    let mut settings = vec![
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__THROTTLE__REGISTRATIONS_PER_ADDRESS", "1000"),
    ];
    settings.extend([
        ("TEAHOUSE__THROTTLE__ROOMS_PER_PERSON", "3"),
        ("TEAHOUSE__THROTTLE__MEMBERS_PER_PERSON", "5"),
        ("TEAHOUSE__THROTTLE__BLOCKS_PER_PERSON", "3"),
        ("TEAHOUSE__THROTTLE__DIRECTS_PER_PERSON", "3"),
    ]);
    let house = Teahouse::with(&settings);
    let mei = Person::register(&house, "Mei").await;
    let room = mei.make_room("closed", "tea", &[]).await;
    for name in ["A_", "B_", "C_", "D_", "E_"] {
        Person::register(&house, name).await;
    }
    let members = format!("/rooms/{room}/members");
    let enter = "/rooms/1/membership";
    let name = |n: usize| ["A_", "B_", "C_", "D_", "E_"][n];
    type Body = fn(&str) -> Value;
    let rows: [(&str, &str, usize, Body); 7] = [
        (
            "POST",
            "/rooms",
            2,
            |_| json!({"name": "x", "kind": "open"}),
        ),
        (
            "POST",
            "/api/rooms",
            0,
            |_| json!({"name": "x", "kind": "open"}),
        ),
        ("POST", &members, 5, |name| json!({"username": name})),
        ("DELETE", &members, 0, |_| json!({"username": "A_"})),
        ("POST", enter, 0, |_| json!({})),
        ("POST", "/blocks", 3, |name| json!({"username": name})),
        ("POST", "/directs", 3, |name| json!({"to": [name]})),
    ];
    for (method, path, allowed, body) in rows {
        for n in 0..allowed {
            let method = method.parse().expect("a method");
            let (status, answer) = mei.json(method, path, body(name(n))).await;
            assert_ne!(status, 429, "{path} {n}: {answer}");
        }
        let request = mei.request(method.parse().expect("a method"), path);
        let request = request.header("accept", "application/json");
        let answer = request
            .json(&body(name(allowed.min(4))))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 429, "{method} {path}");
        assert!(
            answer.headers().contains_key("retry-after"),
            "{method} {path}"
        );
    }
    // As many people in one request count as many.
    let li = Person::register(&house, "Li").await;
    let body = json!({"name": "x", "members": ["A_", "B_", "C_", "D_", "E_", "Mei", "A_"]});
    assert_eq!(li.json(Method::POST, "/rooms", body).await.0, 429);
    let mut socket = mei.socket().await;
    let frame = json!({"type": "post", "clientId": client_id(), "to": "E_", "content": "hi"});
    socket.send(frame).await;
    assert_eq!(socket.expect("error").await["code"], "rate_limited");
    mei.direct(&["A_"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_accepted_and_declined_at_a_window() {
    let (house, _, mei, li, _) = house().await;
    let browser = Browser::of(&house, &li).await;
    let tea = mei.make_room("closed", "Tea", &[]).await;
    let milk = mei.make_room("closed", "Milk", &[]).await;
    assert_eq!(mei.invite(&tea, &li).await, 303);
    browser
        .until(
            "the list counts it",
            "return document.querySelector('#rooms-invitations:not([hidden]) .rooms-count')?.innerText === '1'",
        )
        .await;
    browser.click("#rooms-invitations").await;
    browser.find("#invitations-list").await;
    assert_eq!(mei.invite(&milk, &li).await, 303);
    browser
        .until(
            "the page shows the second",
            "return document.querySelectorAll('[data-invitation-id]').length === 2",
        )
        .await;
    browser.suits_everybody("pending invitations").await;
    browser
        .press("[data-invitation-id]:nth-child(2) .button-quiet")
        .await;
    browser
        .until(
            "one is left",
            "return document.querySelectorAll('[data-invitation-id]').length === 1 && document.readyState === 'complete'",
        )
        .await;
    browser.press("#invitations-list .button-primary").await;
    browser.connected().await;
    assert_eq!(browser.path().await, format!("/rooms/{tea}"));
    browser
        .until(
            "nothing waits",
            "return document.querySelector('#rooms-invitations').hidden",
        )
        .await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}
