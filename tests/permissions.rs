//! Permissions of every route and WebSocket frame for every role (permissions.tsv).

use crate::privacy::routes_and_frames;
use crate::support::{ApiClient, Person, Socket, Teahouse, client_id};
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

const TABLE: &str = include_str!("permissions.tsv");

/// A line of the table: a route or frame, the kind of room, and the expected result for each of [`WHO`].
struct Row {
    what: String,
    room: String,
    expected: Vec<String>,
}

/// The columns of the table.
const WHO: [&str; 6] = ["nobody", "stranger", "former", "member", "creator", "admin"];

fn rows() -> Vec<Row> {
    let mut lines = TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let head: Vec<_> = lines.next().expect("a head").split('\t').collect();
    assert_eq!(head[2..], WHO);
    lines
        .map(|line| {
            let mut cells = line.split('\t').map(str::to_owned);
            let mut cell = || cells.next().unwrap_or_else(|| panic!("short: {line}"));
            let (what, room) = (cell(), cell());
            let expected: Vec<_> = cells.collect();
            assert_eq!(expected.len(), WHO.len(), "{line}");
            Row {
                what,
                room,
                expected,
            }
        })
        .collect()
}

/// One user for each column. The admin is only in the Lobby; each room has a message of the member (1) and
/// one of the creator (2).
struct Cast {
    server: Teahouse,
    people: Vec<Person>,
    /// The user that requests name.
    other: Person,
    /// The name of the room created last.
    room_name: RefCell<String>,
}

impl Cast {
    async fn gather() -> Self {
        let server = Teahouse::with(&[
            ("TEAHOUSE__GITHUB__CLIENT_ID", "teahouse"),
            ("TEAHOUSE__GITHUB__CLIENT_SECRET", "a client's secret"),
        ]);
        let admin = Person::register(&server, "admin").await;
        let mut people = vec![Person::visitor(&server)];
        for name in &WHO[1..5] {
            people.push(Person::register(&server, name).await);
        }
        people.push(admin);
        let other = Person::register(&server, "other").await;
        Self {
            server,
            people,
            other,
            room_name: RefCell::default(),
        }
    }

    /// Returns a room of this kind as the head of the table describes it.
    async fn room(&self, kind: &str) -> String {
        let [_, _, former, member, creator, _] = &self.people[..] else {
            panic!("six people");
        };
        let room = match kind {
            "-" => return "1".to_owned(),
            "direct" => creator.direct(&["member"]).await,
            kind => {
                let name = format!("the room {}", client_id());
                self.room_name.replace(name.clone());
                creator.create_room(kind, &name, &[former, member]).await
            }
        };
        // A direct conversation is created once: its messages stay.
        if member.history(&room).await.is_empty() {
            member.say_in(&room, "of the member").await;
            creator.say_in(&room, "of the creator").await;
        }
        if kind != "direct" {
            assert_eq!(former.leave(&room).await, 303);
        }
        room
    }

    /// The response's status.
    async fn try_route(&self, who: &Person, what: &str, room: &str) -> String {
        let (method, path) = what.split_once(' ').expect("METHOD /path");
        let path = path
            .replace("{fingerprint}/{path}", "x/css/base.css")
            .replace("{id}", room)
            .replace("{seq}", "1");
        let method: Method = method.parse().expect("a method");
        let is_stream = ["/api/events", "/api/messages"].contains(&path.as_str());
        let accept = match is_stream {
            true => "text/event-stream",
            false => "application/json",
        };
        let request = who.request(method.clone(), &path).header("accept", accept);
        let request = match path.as_str() {
            _ if method.is_safe() => request,
            // These routes take only forms.
            "/login" | "/register" | "/logout" | "/verification" | "/password_reset"
            | "/passwords/{token}" => {
                request.form(&[("phone", "+8613912345678"), ("password", "wrong password")])
            }
            _ => request.json(&self.body(&path)),
        };
        let answer = request.send().await.expect("a response");
        answer.status().as_u16().to_string()
    }

    /// A body with the fields of all routes.
    fn body(&self, path: &str) -> Value {
        let room_name = self.room_name.borrow().clone();
        // Names of open rooms are unique.
        let name = match path {
            "/rooms" | "/api/rooms" => client_id(),
            _ => room_name.clone(),
        };
        let mut body = json!({
            "content": "x", "name": name, "kind": "open", "confirm": room_name, "username": "other",
            "to": ["other"], "seq": 1, "involvement": "everything", "phone": self.other.phone,
        });
        // Paths whose POST takes `_method` only.
        let place = path.strip_prefix("/rooms/").unwrap_or_default();
        if place.parse::<i64>().is_ok() || place.ends_with("/messages/1") {
            body["_method"] = json!("patch");
        }
        body
    }

    /// The status of a refused handshake, the code of an error, or `ok`.
    async fn try_frame(&self, who: &Person, what: &str, room: &str) -> String {
        if who.cookie().is_empty() {
            return Socket::refusal(Socket::request(who)).await.to_string();
        }
        let answer = match what {
            "post" => "ack",
            "sync" => "synced",
            "read" => "read",
            _ => "message",
        };
        let mut socket = who.socket().await;
        let frame = json!({
            "type": what, "roomId": room, "seq": 1, "ver": 0, "content": "x", "clientId": client_id(),
        });
        socket.send(frame).await;
        // Handled in order: an error comes before the pong.
        if ["typing", "view", "ping"].contains(&what) {
            if what != "ping" {
                socket.send(json!({"type": "ping"})).await;
            }
            socket.expect("pong").await;
            if let Some(error) = socket.buffered("error").first() {
                return error["code"].as_str().expect("a code").to_owned();
            }
            let presence = socket.buffered("presence");
            let is_shown = presence.iter().any(|frame| frame["roomId"] == room);
            assert!(what != "view" || is_shown, "{presence:?}");
            return "ok".to_owned();
        }
        // Others' changes in this and other rooms send frames too.
        let is_answer = |frame: &Value| {
            frame["type"] == "error" || frame["type"] == answer && frame["roomId"] == room
        };
        let answer = socket.first_where(is_answer).await;
        answer["code"].as_str().unwrap_or("ok").to_owned()
    }
}

#[test]
fn permissions_tsv_lists_every_route_and_frame() {
    let listed: BTreeSet<String> = rows().into_iter().map(|row| row.what).collect();
    assert_eq!(listed, routes_and_frames());
}

#[tokio::test]
async fn permissions_match_the_table() {
    let cast = Cast::gather().await;
    let mut wrong = Vec::new();
    for row in rows() {
        let mut room = cast.room(&row.room).await;
        let mut is_changed = false;
        for (index, who) in cast.people.iter().enumerate() {
            let expected = &row.expected[index];
            if expected == "-" {
                continue;
            }
            if is_changed {
                room = cast.room(&row.room).await;
            }
            let found = match row.what.contains(' ') {
                true => cast.try_route(who, &row.what, &room).await,
                false => cast.try_frame(who, &row.what, &room).await,
            };
            // A request that is not refused may have changed the room.
            let is_read = row.what.starts_with("GET ");
            is_changed = !is_read && (found == "ok" || found.as_str() < "400");
            if *expected != found {
                wrong.push(format!(
                    "{}\t{}\t{}: {found}, not {expected}",
                    row.what, row.room, WHO[index]
                ));
            }
            if row.what == "POST /logout" && index > 0 {
                who.sign_in().await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn api_token_gives_no_access_to_closed_rooms_of_others() {
    let cast = Cast::gather().await;
    let stranger = ApiClient::of(&cast.server, &cast.people[1]).await;
    let room = cast.room("closed").await;
    let (status, error) = stranger.get(&format!("/api/rooms/{room}")).await;
    assert_eq!((status, &error["code"]), (404, &Value::from("not_found")));
}
