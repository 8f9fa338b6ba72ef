//! Reading a room: its page, its history.

use crate::support::{LOBBY, Person, Socket, Teahouse, status_and_location};
use reqwest::Method;
use serde_json::{Value, json};

fn contents(list: &[Value]) -> Vec<&str> {
    list.iter()
        .map(|message| message["content"].as_str().expect("content"))
        .collect()
}

fn seqs(list: &[Value]) -> Vec<u64> {
    list.iter()
        .map(|message| message["seq"].as_u64().expect("seq"))
        .collect()
}

/// A server in which somebody has said 1, 2, 3 … in the Lobby.
async fn server_with(messages: usize) -> (Teahouse, Person) {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let mut socket = ming.socket().await;
    for n in 1..=messages {
        socket.post(LOBBY, &format!("message {n}.")).await;
    }
    for _ in 0..messages {
        socket.expect("ack").await;
    }
    (server, ming)
}

#[tokio::test]
async fn somebody_at_the_door_sees_no_page_but_the_forms() {
    let server = Teahouse::start();
    Person::register(&server, "Ming").await;
    let visitor = Person::visitor(&server);
    assert_eq!(status_and_location(&visitor.get("/").await), (303, "/login"));
    assert_eq!(visitor.get("/login").await.status(), 200);
    assert_eq!(visitor.get("/register").await.status(), 200);
    for path in ["/rooms/1", "/rooms/1/messages", "/rooms/999"] {
        let answer = visitor.get(path).await;
        let (status, location) = status_and_location(&answer);
        assert!(
            status == 303 && location.starts_with("/login?next="),
            "{path}: {status} {location}"
        );
    }
    let (status, error) = visitor.get_json("/rooms/1/messages").await;
    assert_eq!(
        (status.as_u16(), error["code"].as_str()),
        (401, Some("unauthorized"))
    );
    assert_eq!(
        visitor
            .post("/rooms/1/messages", &[("content", "hi")])
            .await
            .status(),
        401
    );
    assert_eq!(Socket::refusal(Socket::request(&visitor)).await, 401);
    assert_eq!(server.count("messages"), 0);
}

#[tokio::test]
async fn a_room_opens_with_its_newest_fifty_messages() {
    let (_server, ming) = server_with(60).await;
    let page = ming.page("/rooms/1").await;
    assert!(
        !page.contains("message 10.")
            && page.contains("message 11.")
            && page.contains("message 60.")
    );
    assert!(
        page.find("message 11.") < page.find("message 60."),
        "oldest first"
    );
    assert_eq!(page.matches("<article").count(), 50);
}

#[tokio::test]
async fn history_is_read_page_by_page_without_holes() {
    let (_server, ming) = server_with(120).await;
    let newest = ming.history_page(LOBBY, "").await;
    assert_eq!(
        seqs(&newest),
        (71..=120).collect::<Vec<_>>(),
        "fifty unless told, oldest first"
    );
    assert_eq!(contents(&newest)[0], "message 71.");
    assert_eq!(
        seqs(&ming.history_page(LOBBY, "before=71").await),
        (21..=70).collect::<Vec<_>>()
    );
    assert_eq!(
        seqs(&ming.history_page(LOBBY, "before=5").await),
        [1, 2, 3, 4]
    );
    assert_eq!(seqs(&ming.history_page(LOBBY, "before=1").await), [0; 0]);
    assert_eq!(
        seqs(&ming.history_page(LOBBY, "after=100&limit=5").await),
        (101..=105).collect::<Vec<_>>()
    );
    assert_eq!(
        seqs(&ming.history_page(LOBBY, "after=118").await),
        [119, 120]
    );
    assert_eq!(seqs(&ming.history_page(LOBBY, "after=120").await), [0; 0]);
    assert_eq!(
        seqs(&ming.history_page(LOBBY, "after=9000000000").await),
        [0; 0]
    );
    assert_eq!(
        seqs(&ming.history_page(LOBBY, "after=0&limit=100").await),
        (1..=100).collect::<Vec<_>>()
    );
    assert_eq!(ming.whole_history(LOBBY).await.len(), 120);
    let fragment = ming.page("/rooms/1/messages?before=71").await;
    assert!(
        fragment.contains("message 21.")
            && fragment.contains("message 70.")
            && !fragment.contains("message 71.")
    );
    assert!(!fragment.contains("<html"), "a fragment");
}

#[tokio::test]
async fn nonsense_about_pages_is_refused() {
    let (_server, ming) = server_with(1).await;
    for query in [
        "before=1&after=-1",
        "limit=0",
        "limit=-1",
        "limit=x",
        "before=x",
        "after=-",
        "before=99999999999999999999",
    ] {
        let (status, error) = ming.get_json(&format!("/rooms/1/messages?{query}")).await;
        assert_eq!(status, 400, "{query}");
        assert!(
            error["code"].is_string() && error["message"].is_string(),
            "{query}: {error}"
        );
    }
    let unknown = ming.get("/rooms/1/messages?limit=100&unknown=1").await;
    assert_eq!(unknown.status(), 400);
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let (_server, ming) = server_with(3).await;
    for accept in ["text/html", "application/json"] {
        let ask = |tag: &str| {
            let request = ming
                .request(Method::GET, "/rooms/1/messages")
                .header("accept", accept)
                .header("if-none-match", tag.to_owned());
            async { request.send().await.expect("a response") }
        };
        let first = ask("\"nothing\"").await;
        assert_eq!(first.status(), 200);
        let tag = first.headers()["etag"].to_str().expect("text").to_owned();
        let again = ask(&tag).await;
        assert_eq!(again.status(), 304);
        assert_eq!(again.headers()["etag"], tag.as_str());
        assert!(again.text().await.expect("text").is_empty());
        assert_eq!(ask(&format!("\"other\", {tag}")).await.status(), 304);
        ming.say("something new").await;
        let changed = ask(&tag).await;
        assert_eq!(changed.status(), 200);
        assert!(
            changed
                .text()
                .await
                .expect("text")
                .contains("something new")
        );
    }
}

#[tokio::test]
async fn html_and_json_of_a_page_are_never_confused() {
    let (_server, ming) = server_with(1).await;
    let html = ming.get("/rooms/1/messages").await;
    assert!(
        html.headers()["content-type"]
            .to_str()
            .is_ok_and(|kind| kind.starts_with("text/html"))
    );
    let vary: String = html
        .headers()
        .get_all("vary")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(",")
        .to_lowercase();
    assert!(vary.contains("accept"), "{vary}");
    let tag = html.headers()["etag"].clone();
    let request = ming
        .request(Method::GET, "/rooms/1/messages")
        .header("accept", "application/json")
        .header("if-none-match", tag);
    assert_eq!(
        request.send().await.expect("a response").status(),
        200,
        "another form has another tag"
    );
}

#[tokio::test]
async fn an_outsider_cannot_open_a_closed_room_or_hear_it() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    for kind in ["closed", "direct"] {
        let room = server
            .database()
            .add_room(kind, &format!("{kind} room"), &["Ming"]);
        assert_eq!(ming.say_in(&room, "among us").await["seq"], 1);
        let mut socket = ana.socket().await;
        let (status, gone) = ana.get_json(&format!("/rooms/{room}")).await;
        let (_, nowhere) = ana.get_json("/rooms/999").await;
        assert_eq!(
            (status.as_u16(), &gone["code"], &gone["message"]),
            (404, &nowhere["code"], &nowhere["message"])
        );
        assert_eq!(
            ana.get_json(&format!("/rooms/{room}/messages")).await.0,
            404
        );
        assert_eq!(
            ana.post_json(
                &format!("/rooms/{room}/messages"),
                &json!({"content": "let me in"})
            )
            .await
            .0,
            404
        );
        assert!(
            socket.hello["rooms"]
                .as_array()
                .expect("rooms")
                .iter()
                .all(|seen| seen["id"] != room.as_str())
        );
        let id = socket.post(&room, "let me in").await;
        let error = socket.expect("error").await;
        assert_eq!(
            (error["code"].as_str(), error["clientId"].as_str()),
            (Some("not_found"), Some(id.as_str()))
        );
        socket
            .send(json!({"type": "sync", "roomId": room, "ver": 0}))
            .await;
        assert_eq!(socket.expect("error").await["code"], "not_found");
        socket.send(json!({"type": "view", "roomId": room})).await;
        ming.say_in(&room, "still among us").await;
        socket.expect_none("message").await;
        socket.expect_none("presence").await;
        assert_eq!(ming.history(&room).await.len(), 2);
    }
}

#[tokio::test]
async fn anybody_may_read_an_open_room_but_only_members_write() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let room = server.database().add_room("open", "Garden", &["Ming"]);
    ming.say_in(&room, "come and look").await;
    let page = ana.page(&format!("/rooms/{room}")).await;
    assert!(
        page.contains("come and look") && !page.contains("name=\"content\""),
        "no composer"
    );
    assert!(
        ming.page(&format!("/rooms/{room}"))
            .await
            .contains("name=\"content\"")
    );
    assert_eq!(contents(&ana.history(&room).await), ["come and look"]);
    let (status, error) = ana
        .post_json(
            &format!("/rooms/{room}/messages"),
            &json!({"content": "me too"}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), error["code"].as_str()),
        (403, Some("forbidden"))
    );
    assert_eq!(
        ana.post(&format!("/rooms/{room}/messages"), &[("content", "me too")])
            .await
            .status(),
        403
    );
    let mut socket = ana.socket().await;
    socket.post(&room, "me too").await;
    assert_eq!(socket.expect("error").await["code"], "forbidden");
    assert_eq!(ming.history(&room).await.len(), 1);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_in_the_form_one_asks_for() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for path in [
        "/nowhere",
        "/rooms/999",
        "/rooms/tea",
        "/rooms/0",
        "/rooms/-1",
        "/rooms/99999999999999999999",
        "/rooms/999/messages",
    ] {
        let answer = ming.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(
            answer.text().await.expect("text").contains("<html"),
            "{path}"
        );
        let (status, error) = ming.get_json(path).await;
        assert_eq!(
            (status.as_u16(), error["code"].as_str()),
            (404, Some("not_found")),
            "{path}"
        );
    }
    for person in [&ming, &Person::visitor(&server)] {
        let request = person
            .request(Method::GET, "/api/nowhere")
            .header("accept", "text/html");
        let (status, error) = crate::support::person::read(request).await;
        assert_eq!(
            (status.as_u16(), error["code"].as_str()),
            (404, Some("not_found")),
            "always JSON there"
        );
    }
    assert_eq!(
        ming.request(Method::PUT, "/rooms/1/messages")
            .send()
            .await
            .expect("a response")
            .status(),
        405
    );
}
