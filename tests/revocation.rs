//! Signing out, banning and removing close connections at once, and requests in flight do not undo it.

use crate::support::person::PASSWORD;
use crate::support::{ApiClient, LOBBY, Person, Socket, TIMEOUT, Teahouse, client_id};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Five times the promised delay.
const CLOSED_WITHIN: Duration = Duration::from_secs(25);

const SESSIONS: &str = "sessions WHERE user_id = 2";

#[tokio::test]
async fn signing_out_closes_only_the_connections_of_that_session() {
    let (server, [_, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let phone = mei.on_another_device(&server).await;
    let program = ApiClient::of(&server, &mei).await;
    let (mut socket, mut stream) = (mei.socket().await, mei.stream().await);
    let mut other = phone.socket().await;
    let mut program_stream = program.stream("/api/events", None).await;
    mei.sign_out().await;
    let start = Instant::now();
    assert_eq!(socket.close_code(CLOSED_WITHIN).await, 4001);
    stream.end(CLOSED_WITHIN).await;
    println!("signed out: closed after {:?}", start.elapsed());
    assert_eq!(mei.get_json("/api/events").await.0, 401);
    other.say("still here").await;
    program_stream
        .expect(|event| event["content"] == "still here")
        .await;
    // An API client signs out with its token.
    let (status, _) = program.send(Method::POST, "/logout", json!({})).await;
    assert_eq!(status, 303);
    program_stream.end(CLOSED_WITHIN).await;
    assert_eq!(program.get("/api/rooms").await.0, 401);
    other.say("here still").await;
}

#[tokio::test]
async fn user_banned_by_sql_is_rejected_at_once_and_disconnected_soon() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let program = ApiClient::of(&server, &mei).await;
    let (mut socket, mut stream) = (mei.socket().await, mei.stream().await);
    let mut program_stream = program.stream("/api/messages", None).await;
    server.execute("UPDATE users SET status = 'banned' WHERE username = 'mei'");
    let start = Instant::now();
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
    assert_eq!(socket.close_code(CLOSED_WITHIN).await, 4001);
    stream.end(CLOSED_WITHIN).await;
    program_stream.end(CLOSED_WITHIN).await;
    println!("banned by SQL: closed after {:?}", start.elapsed());
    let errors = socket.buffered("error");
    assert!(errors.iter().all(|error| error["code"] == "forbidden"));
    assert_eq!(admin.history(LOBBY).await.len(), 0, "a message was stored");
}

/// Posts a message; returns `ack` or the error's code.
async fn post_result(socket: &mut Socket, room: &str) -> String {
    let id = socket.post(room, "and again").await;
    let answer = socket.first_of(&["ack", "error"]).await;
    assert_eq!(answer["clientId"], id);
    answer["code"].as_str().unwrap_or("ack").to_owned()
}

#[tokio::test]
async fn changes_by_sql_apply_to_the_next_message() {
    let (server, [_, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let garden = (server.database()).add_room("open", "Garden", &["admin", "mei"]);
    let mut socket = mei.socket().await;
    let steps = [
        ("UPDATE rooms SET topic = 'tea'", "ack"),
        ("UPDATE rooms SET deleted_at = created_at", "not_found"),
        ("UPDATE rooms SET deleted_at = NULL", "ack"),
        ("DELETE FROM memberships", "forbidden"),
        ("UPDATE rooms SET kind = 'closed'", "not_found"),
    ];
    let mut before = "ack";
    for (change, after) in steps {
        for _ in 0..3 {
            assert_eq!(post_result(&mut socket, &garden).await, before);
        }
        server.execute(&match change.starts_with("UPDATE") {
            true => format!("{change} WHERE id = {garden}"),
            false => format!("{change} WHERE room_id = {garden} AND read_seq > 0"),
        });
        let found = post_result(&mut socket, &garden).await;
        assert_eq!(found, after, "{change}");
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
async fn expired_and_deleted_sessions_are_disconnected_soon() {
    let (server, [_, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let phone = mei.on_another_device(&server).await;
    let (mut socket, mut stream) = (mei.socket().await, phone.stream().await);
    let past = "UPDATE sessions SET expires_at = '2020-01-01 00:00:00.000' WHERE kind = 'cookie'";
    server.execute(past);
    let start = Instant::now();
    assert_eq!(socket.close_code(CLOSED_WITHIN).await, 4001);
    stream.end(CLOSED_WITHIN).await;
    println!("sessions expired: closed after {:?}", start.elapsed());
    let program = ApiClient::of(&server, &mei).await;
    let mut stream = program.stream("/api/events", None).await;
    server.execute("DELETE FROM sessions");
    let start = Instant::now();
    stream.end(CLOSED_WITHIN).await;
    println!("sessions deleted: closed after {:?}", start.elapsed());
    assert_eq!(program.get("/api/events").await.0, 401);
}

#[tokio::test]
async fn banned_users_stream_closes_while_messages_keep_arriving() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let mut stream = mei.stream().await;
    let mut socket = admin.socket().await;
    let (stop, mut is_stopped) = tokio::sync::watch::channel(false);
    let posting = tokio::spawn(async move {
        let mut said = 0;
        while !*is_stopped.borrow_and_update() {
            socket.say(&format!("word {said}")).await;
            said += 1;
        }
        said
    });
    stream.expect(|event| event["type"] == "message").await;
    server.command(&["user", "ban", "mei"]).expect_success();
    let start = Instant::now();
    stream.end(CLOSED_WITHIN).await;
    println!("banned by command: closed after {:?}", start.elapsed());
    stop.send_replace(true);
    assert!(posting.await.expect("no panic") > 0);
}

#[tokio::test]
async fn removed_member_receives_no_further_messages() {
    let (_server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
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
    assert_eq!(error["clientId"], id);
    assert_eq!(error["code"], "not_found");
}

/// A request whose body has not been sent yet.
struct PartialRequest(TcpStream);

impl PartialRequest {
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

    /// Sends the body and returns the whole response.
    async fn finish(mut self, body: &str) -> String {
        self.0.write_all(body.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        let read = timeout(TIMEOUT, self.0.read_to_string(&mut answer)).await;
        read.expect("in time").expect("a response");
        answer
    }
}

#[tokio::test]
async fn requests_in_flight_do_not_revive_a_session() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let body = json!({"content": "slowly", "clientId": client_id()}).to_string();
    let mut was_in_flight = 0;
    // A 201 shows that the request was authenticated before the session ended.
    while was_in_flight < 3 {
        assert_eq!(mei.sign_in().await.status(), 303);
        // Old enough that a request renews it.
        server.execute("UPDATE sessions SET seen_at = '2020-01-01 00:00:00.000' WHERE user_id = 2");
        let cookie = mei.cookie();
        let slow = PartialRequest::begin(&mei, &body).await;
        admin.page("/rooms/1").await;
        let twin = Person::visitor(&server);
        twin.set_cookie(&cookie);
        assert_eq!(twin.sign_out().await.status(), 303);
        let answer = slow.finish(&body).await;
        if answer.starts_with("HTTP/1.1 201") {
            was_in_flight += 1;
            assert!(answer.contains("set-cookie"), "no renewal: {answer}");
        }
        assert_eq!(server.count(SESSIONS), 0);
        let replay = Person::visitor(&server);
        replay.set_cookie(&cookie);
        assert_eq!(replay.get_json("/api/rooms").await.0, 401);
    }
}

#[tokio::test]
async fn cookie_is_invalid_after_signing_out_during_200_slow_requests() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    // Old enough that every request renews it.
    server.execute("UPDATE sessions SET seen_at = '2020-01-01 00:00:00.000' WHERE user_id = 2");
    let cookie = mei.cookie();
    let mut slow = Vec::new();
    for n in 0..200 {
        let body = json!({"content": format!("slowly {n}"), "clientId": client_id()}).to_string();
        slow.push((PartialRequest::begin(&mei, &body).await, body));
        if n % 20 == 19 {
            // The server has authenticated these: a request sent now is handled after them.
            admin.page("/rooms/1").await;
        }
    }
    let twin = Person::visitor(&server);
    twin.set_cookie(&cookie);
    assert_eq!(twin.sign_out().await.status(), 303);
    let finishing = slow
        .into_iter()
        .map(async |(half, body)| half.finish(&body).await);
    let answers = futures_util::future::join_all(finishing).await;
    let count = |status: &str| {
        let start = format!("HTTP/1.1 {status}");
        answers
            .iter()
            .filter(|answer| answer.starts_with(&start))
            .count()
    };
    let (accepted, rejected) = (count("201"), count("401"));
    println!("200 requests during the sign-out: {accepted} accepted, {rejected} rejected");
    let total = accepted + rejected + count("503");
    assert_eq!(total, 200, "{:?}", answers.last());
    assert_eq!(server.count(SESSIONS), 0);
    for _ in 0..20 {
        let replay = Person::visitor(&server);
        replay.set_cookie(&cookie);
        assert_eq!(replay.get_json("/api/rooms").await.0, 401);
        assert_eq!(replay.get("/rooms/1").await.status(), 303);
    }
}

#[tokio::test]
async fn sign_ins_with_the_old_password_leave_no_session_after_a_reset() {
    let (server, [_, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let signing_in: Vec<_> = (0..60)
        .map(|_| {
            let device = Person::visitor(&server);
            let phone = mei.phone.clone();
            tokio::spawn(async move { device.log_in(&phone, PASSWORD).await.status().as_u16() })
        })
        .collect();
    let program = ApiClient::of(&server, &mei).await;
    let refreshing = tokio::spawn(async move {
        while program.post("/api/refresh_token", json!({})).await.0 == 200 {}
    });
    server
        .command_with_input(&["user", "reset-password", "mei"], "another password\n")
        .expect_success();
    let mut answers = Vec::new();
    for attempt in signing_in {
        answers.push(attempt.await.expect("no panic"));
    }
    refreshing.await.expect("no panic");
    let late = answers.iter().filter(|status| **status == 422).count();
    println!("{late} of 60 sign-ins with the old password rejected");
    let is_expected = |status: &u16| [303, 422].contains(status);
    assert!(answers.iter().all(is_expected), "{answers:?}");
    assert_eq!(server.count(SESSIONS), 0);
}
