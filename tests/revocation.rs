//! Whoever is signed out, banned or removed is off at once, and nothing under way brings them back.

use crate::support::{LOBBY, TIMEOUT, Person, ApiClient, Socket, Teahouse, client_id};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Five times what is promised.
const OFF: Duration = Duration::from_secs(25);

async fn server() -> (Teahouse, Person, Person) {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    (server, admin, mei)
}

#[tokio::test]
async fn signing_out_ends_the_sockets_and_streams_of_that_session_alone() {
    let (server, _, mei) = server().await;
    let phone = mei.on_another_device(&server).await;
    let program = ApiClient::of(&server, &mei).await;
    let (mut socket, mut stream) = (mei.socket().await, mei.stream().await);
    let (mut other, mut its) = (
        phone.socket().await,
        program.stream("/api/events", None).await,
    );
    let started = Instant::now();
    mei.sign_out().await;
    assert_eq!(socket.close_code(OFF).await, 4001);
    stream.end(OFF).await;
    println!("signed out here, off after {:?}", started.elapsed());
    assert_eq!(mei.get_json("/api/events").await.0, 401);
    other.say("still here").await;
    its.expect(|event| event["content"] == "still here").await;
    // A program signs out by its token.
    let (status, _) = program.send(Method::POST, "/logout", json!({})).await;
    assert_eq!(status, 303);
    its.end(OFF).await;
    assert_eq!(program.get("/api/rooms").await.0, 401);
    other.say("here still").await;
}

#[tokio::test]
async fn somebody_banned_by_sql_can_do_nothing_from_that_moment_and_is_off_soon() {
    let (server, admin, mei) = server().await;
    let program = ApiClient::of(&server, &mei).await;
    let (mut socket, mut stream) = (mei.socket().await, mei.stream().await);
    let mut its = program.stream("/api/messages", None).await;
    server
        .database()
        .run("UPDATE users SET status = 'banned' WHERE username = 'mei'");
    let started = Instant::now();
    socket.post(LOBBY, "too late").await;
    assert_eq!(program.get("/api/rooms").await.0, 401);
    let body = json!({"content": "too late", "clientId": client_id()});
    let (status, _) = program.post("/api/rooms/1/messages", body).await;
    assert_eq!(status, 401);
    let form = [("content", "too late")];
    let answer = mei.post("/rooms/1/messages", &form).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(mei.get("/rooms/1").await.status(), 303);
    assert_eq!(Socket::refusal(Socket::request(&mei)).await, 401);
    assert_eq!(socket.close_code(OFF).await, 4001);
    stream.end(OFF).await;
    its.end(OFF).await;
    println!("banned by SQL, off after {:?}", started.elapsed());
    let errors = socket.buffered("error");
    assert!(errors.iter().all(|error| error["code"] == "forbidden"));
    assert_eq!(admin.history(LOBBY).await.len(), 0, "nothing was said");
}

/// Says something in a room, and answers what came of it: `ack`, or why not.
async fn outcome(socket: &mut Socket, room: &str) -> String {
    let id = socket.post(room, "and again").await;
    let answer = socket.first_of(&["ack", "error"]).await;
    assert_eq!(answer["clientId"], id);
    answer["code"].as_str().unwrap_or("ack").to_owned()
}

#[tokio::test]
async fn what_is_changed_by_sql_counts_for_the_very_next_message_of_whoever_is_talking() {
    let (server, _, mei) = server().await;
    let garden = (server.database()).add_room("open", "Garden", &["admin", "mei"]);
    let mut socket = mei.socket().await;
    let room = format!("WHERE id = {garden}");
    let membership = format!("WHERE room_id = {garden} AND read_seq > 0");
    let steps = [
        (format!("UPDATE rooms SET topic = 'tea' {room}"), "ack"),
        (
            format!("UPDATE rooms SET deleted_at = created_at {room}"),
            "not_found",
        ),
        (format!("UPDATE rooms SET deleted_at = NULL {room}"), "ack"),
        (format!("DELETE FROM memberships {membership}"), "forbidden"),
        (
            format!("UPDATE rooms SET kind = 'closed' {room}"),
            "not_found",
        ),
    ];
    let mut before = "ack";
    for (sql, after) in &steps {
        for _ in 0..3 {
            assert_eq!(outcome(&mut socket, &garden).await, before);
        }
        server.database().run(sql);
        assert_eq!(outcome(&mut socket, &garden).await, *after, "{sql}");
        before = after;
    }
    socket.say("who am I?").await;
    (server.database()).run("UPDATE users SET username = 'Li Mei' WHERE username = 'mei'");
    let id = socket.post(LOBBY, "and now?").await;
    let is_mine = |message: &Value| message["clientId"] == id;
    let message = socket.expect_where("message", is_mine).await;
    assert_eq!(message["user"]["username"], "Li Mei");
}

#[tokio::test]
async fn a_session_deleted_or_outlived_in_the_database_is_off_soon() {
    let (server, _, mei) = server().await;
    let phone = mei.on_another_device(&server).await;
    let (mut socket, mut stream) = (mei.socket().await, phone.stream().await);
    let past = "UPDATE sessions SET expires_at = '2020-01-01 00:00:00.000' WHERE kind = 'cookie'";
    server.database().run(past);
    let started = Instant::now();
    assert_eq!(socket.close_code(OFF).await, 4001);
    stream.end(OFF).await;
    println!("outlived, off after {:?}", started.elapsed());
    let program = ApiClient::of(&server, &mei).await;
    let mut stream = program.stream("/api/events", None).await;
    server.database().run("DELETE FROM sessions");
    let started = Instant::now();
    stream.end(OFF).await;
    println!("deleted by SQL, off after {:?}", started.elapsed());
    assert_eq!(program.get("/api/events").await.0, 401);
}

#[tokio::test]
async fn a_stream_ends_in_a_room_that_never_is_silent() {
    let (server, admin, mei) = server().await;
    let mut stream = mei.stream().await;
    let mut socket = admin.socket().await;
    let (quiet, mut is_quiet) = tokio::sync::watch::channel(false);
    let talk = tokio::spawn(async move {
        let mut said = 0;
        while !*is_quiet.borrow_and_update() {
            socket.say(&format!("word {said}")).await;
            said += 1;
        }
        said
    });
    stream.expect(|event| event["type"] == "message").await;
    let ban = server.command(&["user", "ban", "mei"]);
    assert!(ban.status.success(), "{ban:?}");
    let started = Instant::now();
    stream.end(OFF).await;
    println!("banned amid talk, off after {:?}", started.elapsed());
    quiet.send_replace(true);
    assert!(talk.await.expect("no panic") > 0);
}

#[tokio::test]
async fn whoever_is_removed_hears_nothing_more_of_the_room() {
    let (_server, admin, mei) = server().await;
    let room = admin.create_room("closed", "tea", &[&mei]).await;
    let (mut socket, mut stream) = (mei.socket().await, mei.stream().await);
    assert_eq!(admin.remove(&room, &mei).await, 303);
    admin.say_in(&room, "among us").await;
    admin.say("to everybody").await;
    socket.expect("removed").await;
    assert_eq!(socket.expect("message").await["content"], "to everybody");
    stream.expect(|event| event["type"] == "removed").await;
    let event = stream.expect(|event| event["type"] == "message").await;
    assert_eq!(event.data["content"], "to everybody");
    let id = socket.post(&room, "and me").await;
    let error = socket.expect("error").await;
    assert_eq!(
        (&error["clientId"], &error["code"]),
        (&json!(id), &json!("not_found"))
    );
}

/// A request whose body is not all here yet.
struct Half(TcpStream);

impl Half {
    async fn begin(person: &Person, body: &str) -> Self {
        let host = person.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.expect("a connection");
        let head = format!(
            "POST /rooms/1/messages HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            person.cookie(),
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        Self(stream)
    }

    /// Sends the body; answers with all that comes.
    async fn finish(mut self, body: &str) -> String {
        self.0.write_all(body.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        let read = timeout(TIMEOUT, self.0.read_to_string(&mut answer)).await;
        read.expect("in time").expect("a response");
        answer
    }
}

#[tokio::test]
async fn no_request_under_way_revives_a_session() {
    let (server, admin, mei) = server().await;
    let body = json!({"content": "slowly", "clientId": client_id()}).to_string();
    let mut was_under_way = 0;
    // Whether a request was far enough when the session ended is told by its answer.
    while was_under_way < 3 {
        assert_eq!(mei.sign_in().await.status(), 303);
        // Old enough that a request prolongs it.
        let old = "UPDATE sessions SET seen_at = '2020-01-01 00:00:00.000' WHERE user_id = 2";
        server.database().run(old);
        let cookie = mei.cookie();
        let slow = Half::begin(&mei, &body).await;
        admin.page("/rooms/1").await;
        let twin = Person::visitor(&server);
        twin.set_cookie(&cookie);
        assert_eq!(twin.sign_out().await.status(), 303);
        let answer = slow.finish(&body).await;
        if answer.starts_with("HTTP/1.1 201") {
            was_under_way += 1;
            assert!(
                answer.contains("set-cookie"),
                "it wanted to prolong: {answer}"
            );
        }
        let sql = "SELECT COUNT(*) AS value FROM sessions WHERE user_id = 2";
        assert_eq!(server.database().number(sql), 0);
        let thief = Person::visitor(&server);
        thief.set_cookie(&cookie);
        assert_eq!(thief.get_json("/api/rooms").await.0, 401);
    }
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_after_signing_out_amid_two_hundred_slow_requests() {
    let (server, admin, mei) = server().await;
    // Old enough that every request prolongs it.
    let old = "UPDATE sessions SET seen_at = '2020-01-01 00:00:00.000' WHERE user_id = 2";
    server.database().run(old);
    let cookie = mei.cookie();
    let mut slow = Vec::new();
    for n in 0..200 {
        let body = json!({"content": format!("slowly {n}"), "clientId": client_id()}).to_string();
        slow.push((Half::begin(&mei, &body).await, body));
        if n % 20 == 19 {
            // These are known now: whoever asks after them is answered after them.
            admin.page("/rooms/1").await;
        }
    }
    let twin = Person::visitor(&server);
    twin.set_cookie(&cookie);
    assert_eq!(twin.sign_out().await.status(), 303);
    let finishing = slow
        .into_iter()
        .map(|(half, body)| async move { half.finish(&body).await });
    let answers = futures_util::future::join_all(finishing).await;
    let count = |status: &str| {
        let start = format!("HTTP/1.1 {status}");
        answers
            .iter()
            .filter(|answer| answer.starts_with(&start))
            .count()
    };
    println!(
        "200 under way at sign-out: {} were let in before, {} were not",
        count("201"),
        count("401")
    );
    assert_eq!(
        count("201") + count("401") + count("503"),
        200,
        "{:?}",
        answers.last()
    );
    let sql = "SELECT COUNT(*) AS value FROM sessions WHERE user_id = 2";
    assert_eq!(server.database().number(sql), 0);
    for _ in 0..20 {
        let thief = Person::visitor(&server);
        thief.set_cookie(&cookie);
        assert_eq!(thief.get_json("/api/rooms").await.0, 401);
        assert_eq!(thief.get("/rooms/1").await.status(), 303);
    }
}

#[tokio::test]
async fn whoever_is_signing_in_while_the_password_changes_is_not_let_in_by_the_old_one() {
    let (server, _, mei) = server().await;
    let signing_in: Vec<_> = (0..60)
        .map(|_| {
            let device = Person::visitor(&server);
            let (phone, password) = (mei.phone.clone(), crate::support::person::PASSWORD);
            tokio::spawn(async move {
                let form = [("phone", &*phone), ("password", password)];
                device.post("/login", &form).await.status().as_u16()
            })
        })
        .collect();
    let program = ApiClient::of(&server, &mei).await;
    let refreshing = tokio::spawn(async move {
        while program.post("/api/refresh_token", json!({})).await.0 == 200 {}
    });
    let line = "another password\n";
    let reset = server.command_with_input(&["user", "reset-password", "mei"], line);
    assert!(reset.status.success(), "{reset:?}");
    let mut answers = Vec::new();
    for attempt in signing_in {
        answers.push(attempt.await.expect("no panic"));
    }
    refreshing.await.expect("it ends");
    let late = answers.iter().filter(|status| **status == 422).count();
    println!("{late} of 60 came too late with the old password");
    assert!(
        answers.iter().all(|status| [303, 422].contains(status)),
        "{answers:?}"
    );
    let sql = "SELECT COUNT(*) AS value FROM sessions WHERE user_id = 2";
    assert_eq!(server.database().number(sql), 0);
}
