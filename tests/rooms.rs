//! Reading rooms: pages, history, access and errors.

use crate::support::{
    LOBBY, Person, Socket, Teahouse, field_values, header, redirect, status_and_location, words,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Status and `code` of a JSON response.
fn code((status, error): (reqwest::StatusCode, Value)) -> (u16, String) {
    let code = error["code"].as_str().unwrap_or_default();
    (status.as_u16(), code.to_owned())
}

/// What [`code`] returns for an error.
fn error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A server with the messages "message 1.", "message 2." … in the Lobby.
pub async fn server_with(messages: usize) -> (Teahouse, Person) {
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
async fn visitors_see_only_the_login_and_registration_forms() {
    let server = Teahouse::start();
    Person::register(&server, "Ming").await;
    let visitor = Person::visitor(&server);
    assert_eq!(redirect(&visitor.get("/").await), "303 /login");
    assert_eq!(visitor.get("/login").await.status(), 200);
    assert_eq!(visitor.get("/register").await.status(), 200);
    for path in ["/rooms/1", "/rooms/1/messages", "/rooms/999"] {
        let answer = visitor.get(path).await;
        let (status, location) = status_and_location(&answer);
        let is_login = location.starts_with("/login?next=");
        assert!(status == 303 && is_login, "{path}: {status} {location}");
    }
    let answer = visitor.get_json("/rooms/1/messages").await;
    assert_eq!(code(answer), error(401, "unauthorized"));
    let posted = visitor.post("/rooms/1/messages", &[("content", "hi")]);
    assert_eq!(posted.await.status(), 401);
    assert_eq!(Socket::refusal(Socket::request(&visitor)).await, 401);
    assert_eq!(server.count("messages"), 0);
}

#[tokio::test]
async fn room_page_shows_the_newest_50_messages() {
    let (_server, ming) = server_with(60).await;
    let page = ming.page("/rooms/1").await;
    let at = |n: u8| page.find(&format!("message {n}."));
    assert!(at(10).is_none() && at(11).is_some() && at(60).is_some());
    assert!(at(11) < at(60), "oldest first");
    assert_eq!(page.matches("<article").count(), 50);
}

#[tokio::test]
async fn history_pages_have_no_gaps() {
    let (_server, ming) = server_with(120).await;
    let newest = ming.history_page(LOBBY, "").await;
    assert_eq!(newest[0]["content"], "message 71.");
    // A page has 50 messages by default, oldest first.
    for (query, wanted) in [
        ("", 71..121),
        ("before=71", 21..71),
        ("before=5", 1..5),
        ("before=1", 1..1),
        ("after=100&limit=5", 101..106),
        ("after=118", 119..121),
        ("after=120", 1..1),
        ("after=9000000000", 1..1),
        ("after=0&limit=100", 1..101),
    ] {
        let page = field_values(&ming.history_page(LOBBY, query).await, "seq");
        assert_eq!(page, wanted.collect::<Vec<_>>(), "{query}");
    }
    assert_eq!(ming.whole_history(LOBBY).await.len(), 120);
    let fragment = ming.page("/rooms/1/messages?before=71").await;
    let has = |n: u8| fragment.contains(&format!("message {n}."));
    assert!(has(21) && has(70) && !has(71));
    assert!(!fragment.contains("<html"), "not a fragment");
}

#[tokio::test]
async fn invalid_page_parameters_are_rejected() {
    let (_server, ming) = server_with(1).await;
    let queries = "before=1&after=-1 limit=0 limit=-1 limit=x before=x after=- \
        before=99999999999999999999";
    for query in words(queries) {
        let (status, error) = ming.get_json(&format!("/rooms/1/messages?{query}")).await;
        assert_eq!(status, 400, "{query}");
        let is_expected = error["code"].is_string() && error["message"].is_string();
        assert!(is_expected, "{query}: {error}");
    }
    let unknown = ming.get("/rooms/1/messages?limit=100&unknown=1").await;
    assert_eq!(unknown.status(), 400);
}

#[tokio::test]
async fn unchanged_history_is_304_not_modified() {
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
        let tag = header(&first, "etag");
        let again = ask(&tag).await;
        assert_eq!(again.status(), 304);
        assert_eq!(again.headers()["etag"], tag.as_str());
        assert!(again.text().await.expect("text").is_empty());
        assert_eq!(ask(&format!("\"other\", {tag}")).await.status(), 304);
        ming.say("something new").await;
        let changed = ask(&tag).await;
        assert_eq!(changed.status(), 200);
        let text = changed.text().await.expect("text");
        assert!(text.contains("something new"));
    }
}

#[tokio::test]
async fn html_and_json_of_history_have_different_etags_and_vary() {
    let (_server, ming) = server_with(1).await;
    let html = ming.get("/rooms/1/messages").await;
    let kind = html.headers()["content-type"].to_str().expect("text");
    assert!(kind.starts_with("text/html"), "{kind}");
    let vary = html.headers().get_all("vary").iter();
    let vary: Vec<_> = vary.filter_map(|value| value.to_str().ok()).collect();
    let vary = vary.join(",").to_lowercase();
    assert!(vary.contains("accept"), "{vary}");
    let tag = html.headers()["etag"].clone();
    let request = ming.request(Method::GET, "/rooms/1/messages");
    let request = request
        .header("accept", "application/json")
        .header("if-none-match", tag);
    let status = request.send().await.expect("a response").status();
    assert_eq!(status, 200, "the JSON has another ETag");
}

#[tokio::test]
async fn closed_and_direct_rooms_are_invisible_to_non_members() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    for kind in ["closed", "direct"] {
        let name = format!("{kind} room");
        let room = server.database().add_room(kind, &name, &["Ming"]);
        let path = format!("/rooms/{room}");
        let messages = format!("/rooms/{room}/messages");
        assert_eq!(ming.say_in(&room, "among us").await["seq"], 1);
        let mut socket = ana.socket().await;
        let (status, gone) = ana.get_json(&path).await;
        let (_, nowhere) = ana.get_json("/rooms/999").await;
        let found = (status.as_u16(), &gone["code"], &gone["message"]);
        assert_eq!(found, (404, &nowhere["code"], &nowhere["message"]));
        assert_eq!(ana.get_json(&messages).await.0, 404);
        let body = json!({"content": "let me in"});
        assert_eq!(ana.post_json(&messages, &body).await.0, 404);
        let mut rooms = socket.hello["rooms"].as_array().expect("rooms").iter();
        assert!(rooms.all(|seen| seen["id"] != room.as_str()));
        let id = socket.post(&room, "let me in").await;
        let error = socket.expect("error").await;
        assert_eq!(error["code"], "not_found");
        assert_eq!(error["clientId"], id);
        socket.sync(&room, 0).await;
        assert_eq!(socket.expect("error").await["code"], "not_found");
        socket.view(&room).await;
        ming.say_in(&room, "still among us").await;
        socket.expect_none("message").await;
        socket.expect_none("presence").await;
        assert_eq!(ming.history(&room).await.len(), 2);
    }
}

#[tokio::test]
async fn non_members_may_read_but_not_post_in_open_rooms() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let room = server.database().add_room("open", "Garden", &["Ming"]);
    let path = format!("/rooms/{room}");
    let messages = format!("/rooms/{room}/messages");
    ming.say_in(&room, "come and look").await;
    let page = ana.page(&path).await;
    assert!(page.contains("come and look"));
    let is_hidden = !page.contains("name=\"content\"");
    assert!(is_hidden, "the page has a composer");
    assert!(ming.page(&path).await.contains("name=\"content\""));
    let history = ana.history(&room).await;
    assert_eq!(field_values(&history, "content"), ["come and look"]);
    let body = json!({"content": "me too"});
    let answer = ana.post_json(&messages, &body).await;
    assert_eq!(code(answer), error(403, "forbidden"));
    let posted = ana.post(&messages, &[("content", "me too")]);
    assert_eq!(posted.await.status(), 403);
    let mut socket = ana.socket().await;
    socket.post(&room, "me too").await;
    assert_eq!(socket.expect("error").await["code"], "forbidden");
    assert_eq!(ming.history(&room).await.len(), 1);
}

#[tokio::test]
async fn not_found_is_html_or_json_as_requested_and_always_json_under_api() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let paths = "/nowhere /rooms/999 /rooms/tea /rooms/0 /rooms/-1 /rooms/99999999999999999999 \
        /rooms/999/messages";
    for path in words(paths) {
        let answer = ming.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        let page = answer.text().await.expect("text");
        assert!(page.contains("<html"), "{path}");
        let answer = ming.get_json(path).await;
        assert_eq!(code(answer), error(404, "not_found"), "{path}");
    }
    for person in [&ming, &Person::visitor(&server)] {
        let request = person
            .request(Method::GET, "/api/nowhere")
            .header("accept", "text/html");
        let answer = crate::support::person::read(request).await;
        let found = code(answer);
        assert_eq!(found, error(404, "not_found"), "always JSON under /api");
    }
    let put = ming.request(Method::PUT, "/rooms/1/messages").send().await;
    assert_eq!(put.expect("a response").status(), 405);
}
