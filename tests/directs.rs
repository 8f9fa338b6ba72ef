//! Direct rooms: finding people, finding the room again, and not being heard.

use crate::support::{Person, Teahouse, client_id, eventually, leads_to};
use reqwest::Method;
use serde_json::{Value, json};

async fn house() -> (Teahouse, Person, Person, Person) {
    let (house, [mei, li, bo]) = Teahouse::with_people(["Mei", "Li", "Bo"]).await;
    (house, mei, li, bo)
}

fn post_to(to: &str, content: &str) -> Value {
    json!({"type": "post", "clientId": client_id(), "to": to, "content": content})
}

#[tokio::test]
async fn the_same_people_always_find_the_same_room() {
    let (_house, mei, li, bo) = house().await;
    let mut of_li = li.socket().await;
    let pair = mei.direct(&["li"]).await;
    let room = of_li.expect("room").await["room"].clone();
    assert_eq!(
        (&room["kind"], &room["name"]),
        (&json!("direct"), &json!("Mei"))
    );
    assert_eq!(
        (&room["id"], &room["involvement"]),
        (&json!(pair), &json!("everything"))
    );
    assert_eq!(li.direct(&[&mei.phone]).await, pair);
    assert_eq!(mei.direct(&[" LI ", "Mei"]).await, pair);
    let three = mei.direct(&["Bo", "Li"]).await;
    assert_ne!(three, pair);
    assert_eq!(bo.direct(&["li", &mei.phone]).await, three);
    assert_eq!(li.room(&three).await["name"], "Bo, Mei");
    of_li
        .expect_where("room", |frame| frame["room"]["id"] == three)
        .await;
    of_li.expect_none("room").await;
    assert_eq!(bo.get_json(&format!("/rooms/{pair}")).await.0, 404);
    // Nothing was said, so nobody has a conversation yet.
    assert_eq!(li.get_json("/api/conversations").await.1, json!([]));
}

#[tokio::test]
async fn many_who_begin_at_once_end_up_in_one_room() {
    let (house, mei, li, _) = house().await;
    let mut tasks = Vec::new();
    for n in 0..12 {
        let (person, other) = match n % 2 {
            0 => (mei.clone(), "Li"),
            _ => (li.clone(), "Mei"),
        };
        tasks.push(tokio::spawn(async move { person.direct(&[other]).await }));
    }
    let mut rooms = Vec::new();
    for task in tasks {
        rooms.push(task.await.expect("an answer"));
    }
    rooms.dedup();
    assert_eq!(rooms.len(), 1);
    let count = "SELECT COUNT(*) AS value FROM rooms WHERE kind = 'direct'";
    assert_eq!(house.database().number(count), 1);
}

#[tokio::test]
async fn one_cannot_talk_to_nobody_to_oneself_or_to_too_many() {
    let (house, mei, ..) = house().await;
    for (to, status) in [
        (json!([]), 422),
        (json!([""]), 422),
        (json!(["Mei"]), 403),
        (json!([mei.phone]), 403),
        (json!(["nobody"]), 404),
        (json!(["Li", "nobody"]), 404),
        (json!(["+8613900000000"]), 404),
        (json!([mei.phone.trim_start_matches("+86")]), 403),
        (json!(["!?"]), 404),
    ] {
        let answer = mei.json(Method::POST, "/directs", json!({"to": to})).await;
        assert_eq!(answer.0, status, "{to}: {}", answer.1);
    }
    let mut names = Vec::new();
    for n in 0..20 {
        names.push(Person::register(&house, &format!("guest-{n}")).await.name);
    }
    let answer = mei
        .json(Method::POST, "/directs", json!({"to": names}))
        .await;
    assert_eq!(
        (answer.0, answer.1["errors"]["to"].is_string()),
        (422, true)
    );
    names.pop();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let room = mei.direct(&names).await;
    assert_eq!(mei.direct(&names).await, room);
}

#[tokio::test]
async fn somebody_who_is_away_finds_everything_on_return() {
    let (house, mei, li, _) = house().await;
    li.sign_out().await;
    let mut socket = mei.socket().await;
    for text in ["one", "two", "three"] {
        socket.send(post_to(&li.phone, text)).await;
    }
    let room = socket.expect("room").await["room"]["id"].clone();
    for seq in 1..=3 {
        let ack = socket.expect("ack").await;
        assert_eq!((&ack["roomId"], &ack["seq"]), (&room, &json!(seq)));
    }
    let back = li.on_another_device(&house).await;
    let hello = back.socket().await.hello;
    let mut rooms = hello["rooms"].as_array().expect("rooms").iter();
    let shown = rooms.find(|shown| shown["id"] == room).expect("the room");
    assert_eq!(
        (&shown["unread"], &shown["name"]),
        (&json!(3), &json!("Mei"))
    );
    let room = room.as_str().expect("an id").to_owned();
    assert_eq!(back.history(&room).await.len(), 3);
}

#[tokio::test]
async fn a_post_to_somebody_says_what_is_wrong() {
    let (house, mei, ..) = house().await;
    let mut socket = mei.socket().await;
    for (to, content, code) in [
        ("nobody", "hi", "not_found"),
        ("", "hi", "not_found"),
        ("mei", "hi", "forbidden"),
        ("Li", " ", "empty"),
    ] {
        let frame = post_to(to, content);
        socket.send(frame.clone()).await;
        let error = socket.expect("error").await;
        assert_eq!(
            (&error["code"], &error["clientId"]),
            (&json!(code), &frame["clientId"])
        );
    }
    // Both at once, or neither, is no frame.
    for extra in [json!({"roomId": "1", "to": "Li"}), json!({})] {
        let mut frame = extra;
        frame["type"] = json!("post");
        frame["content"] = json!("x");
        frame["clientId"] = json!(client_id());
        socket.send(frame).await;
        assert_eq!(socket.expect("error").await["code"], "bad_frame");
    }
    let count = "SELECT COUNT(*) AS value FROM rooms";
    assert_eq!(house.database().number(count), 1);
}

#[tokio::test]
async fn a_retry_to_somebody_is_the_same_message() {
    let (_house, mei, li, _) = house().await;
    let mut socket = mei.socket().await;
    let frame = post_to("Li", "once");
    socket.send(frame.clone()).await;
    let first = socket.expect("ack").await;
    socket.send(frame).await;
    let second = socket.expect("ack").await;
    assert_eq!(
        (&first["id"], &first["seq"]),
        (&second["id"], &second["seq"])
    );
    let room = first["roomId"].as_str().expect("an id").to_owned();
    assert_eq!(li.history(&room).await.len(), 1);
}

#[tokio::test]
async fn whoever_is_blocked_is_not_heard_and_told_no_more_than_that() {
    let (_house, mei, li, bo) = house().await;
    let room = mei.direct(&["Li"]).await;
    let said = mei.say_in(&room, "hello").await;
    let (mut of_mei, mut of_li) = (mei.socket().await, li.socket().await);
    assert_eq!(li.act("post", "/blocks", &[("username", "mei")]).await, 303);
    assert_eq!(li.act("post", "/blocks", &[("username", "mei")]).await, 303);
    of_mei.post(&room, "are you there?").await;
    assert_eq!(of_mei.expect("error").await["code"], "blocked");
    of_mei.send(post_to("Li", "are you there?")).await;
    assert_eq!(of_mei.expect("error").await["code"], "blocked");
    of_mei
        .send(json!({"type": "edit", "roomId": room, "seq": 1, "content": "hear me"}))
        .await;
    assert_eq!(of_mei.expect("error").await["code"], "blocked");
    for path in [
        format!("/rooms/{room}/messages"),
        format!("/api/rooms/{room}/messages"),
        format!("/api/conversations/{room}/messages"),
    ] {
        let (status, error) = mei.post_json(&path, &json!({"content": "hello?"})).await;
        assert_eq!((status.as_u16(), &error["code"]), (403, &json!("blocked")));
    }
    of_li.expect_none("message").await;
    // A retry of what was heard before is still acknowledged, and taking it back is possible.
    let retry = json!({"content": "hello", "clientId": said["clientId"]});
    let path = format!("/rooms/{room}/messages");
    assert_eq!(mei.post_json(&path, &retry).await.0, 201);
    assert_eq!(mei.erase(&room, 1).await, 204);
    assert!(of_li.expect("message").await["deletedAt"].is_string());
    // The other way, and elsewhere, everything is as before.
    li.say_in(&room, "quiet please").await;
    mei.say("to everybody").await;
    // But no new room of three brings the two together, unless the one who blocks makes it.
    let body = json!({"to": ["Li", "Bo"]});
    for person in [&mei, &bo] {
        let body = match person.name.as_str() {
            "Bo" => json!({"to": ["Li", "Mei"]}),
            _ => body.clone(),
        };
        assert_eq!(person.json(Method::POST, "/directs", body).await.0, 403);
    }
    let group = li.direct(&["Mei", "Bo"]).await;
    assert_eq!(mei.direct(&["Li", "Bo"]).await, group);
    mei.say_in(&group, "all three").await;
    assert_eq!(bo.history(&group).await.len(), 1);
    assert_eq!(
        li.act("delete", "/blocks", &[("username", "Mei")]).await,
        303
    );
    mei.say_in(&room, "thanks").await;
    for (name, status) in [("nobody", 404), ("Li", 403), ("", 404)] {
        assert_eq!(
            li.act("post", "/blocks", &[("username", name)]).await,
            status
        );
    }
}

#[tokio::test]
async fn whoever_is_blocked_cannot_put_an_empty_room_before_somebody() {
    let (_house, mei, li, _) = house().await;
    li.act("post", "/blocks", &[("username", "Mei")]).await;
    let (mut of_mei, mut of_li) = (mei.socket().await, li.socket().await);
    of_mei.send(post_to("Li", "psst")).await;
    assert_eq!(of_mei.expect("error").await["code"], "blocked");
    of_li.expect_none("room").await;
    assert_eq!(li.rooms().await.len(), 1);
}

#[tokio::test]
async fn a_page_leads_to_the_room() {
    let (_house, mei, _, bo) = house().await;
    let answer = mei.post("/directs", &[("to", "Li")]).await;
    let (status, location) = leads_to(&answer);
    assert!(
        status == 303 && location.starts_with("/rooms/"),
        "{status} {location}"
    );
    assert_eq!(mei.get(location).await.status(), 200);
    for to in ["nobody", ""] {
        let answer = mei.post("/directs", &[("to", to)]).await;
        assert_eq!(answer.status(), 422);
    }
    let people = mei.page("/people").await;
    assert!(people.contains("Li") && people.contains("Bo"), "{people}");
    assert!(!people.contains(&mei.phone));
    let found = bo.page("/people?search=mE").await;
    assert!(found.contains("Mei") && !found.contains("Li<"), "{found}");
}

#[tokio::test]
async fn a_conversation_says_when_the_other_was_last_here() {
    let (_house, [mei, li]) = Teahouse::with_people(["mei", "li"]).await;
    let room = mei.direct(&["li"]).await;
    assert!(
        mei.page(&format!("/rooms/{room}"))
            .await
            .contains("data-last-seen=\"\"")
    );
    let mut meis = mei.socket().await;
    let lis = li.socket().await;
    // Direct rooms tell without being looked at.
    let here = meis.expect_where("presence", |frame| {
        frame["online"].as_array().is_some_and(|all| all.len() == 2)
    });
    assert_eq!(here.await["roomId"], json!(room));
    drop(lis);
    eventually("the time li was last here", || async {
        let page = mei.page(&format!("/rooms/{room}")).await;
        (!page.contains("data-last-seen=\"\"")).then_some(())
    })
    .await;
}
