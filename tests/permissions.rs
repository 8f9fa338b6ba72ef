//! Who may do what: every route and every frame of the socket, for everybody who could try (permissions.tsv).

use crate::support::{Person, Program, Socket, Teahouse, client_id};
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

const TABLE: &str = include_str!("permissions.tsv");
const FRAMES: [&str; 8] = [
    "post", "edit", "delete", "sync", "read", "view", "typing", "ping",
];

/// A line of the table: what is tried, in which kind of room, and what becomes of it for each of [`WHO`].
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

/// Everybody who could try. The admin is in no room but the Lobby; each room has a message of the member's, 1, and
/// one of the creator's, 2.
struct Cast {
    house: Teahouse,
    people: Vec<Person>,
    /// Whoever is talked about.
    other: Person,
    /// The name of the room that was made last.
    room_name: RefCell<String>,
}

impl Cast {
    async fn gather() -> Self {
        let house = Teahouse::with(&[
            ("TEAHOUSE__GITHUB__CLIENT_ID", "teahouse"),
            ("TEAHOUSE__GITHUB__CLIENT_SECRET", "a client's secret"),
        ]);
        let admin = Person::register(&house, "admin").await;
        let mut people = vec![Person::visitor(&house)];
        for name in &WHO[1..5] {
            people.push(Person::register(&house, name).await);
        }
        people.push(admin);
        let other = Person::register(&house, "other").await;
        Self {
            house,
            people,
            other,
            room_name: RefCell::default(),
        }
    }

    /// A room of this kind as the head of the table describes it.
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
                creator.make_room(kind, &name, &[former, member]).await
            }
        };
        // A conversation is the same one each time: what was said before stays.
        if member.history(&room).await.is_empty() {
            member.say_in(&room, "of the member").await;
            creator.say_in(&room, "of the creator").await;
        }
        if kind != "direct" {
            assert_eq!(former.leave(&room).await, 303);
        }
        room
    }

    /// The status that somebody gets.
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
            // These take forms only.
            "/login" | "/register" | "/logout" | "/verification" | "/password_reset"
            | "/passwords/{token}" => {
                request.form(&[("phone", "+8613912345678"), ("password", "wrong password")])
            }
            _ => request.json(&self.body(&path)),
        };
        let answer = request.send().await.expect("an answer");
        answer.status().as_u16().to_string()
    }

    /// Something for everything.
    fn body(&self, path: &str) -> Value {
        let room_name = self.room_name.borrow().clone();
        // Open rooms have names of their own.
        let name = match path {
            "/rooms" | "/api/rooms" => client_id(),
            _ => room_name.clone(),
        };
        let mut body = json!({
            "content": "x", "name": name, "kind": "open", "confirm": room_name, "username": "other",
            "to": ["other"], "seq": 1, "involvement": "everything", "phone": self.other.phone,
        });
        // An address that is posted to for other verbs only.
        let place = path.strip_prefix("/rooms/").unwrap_or_default();
        if place.parse::<i64>().is_ok() || place.ends_with("/messages/1") {
            body["_method"] = json!("patch");
        }
        body
    }

    /// The status of a refused upgrade, the code of an error, or `ok`.
    async fn try_frame(&self, who: &Person, what: &str, room: &str) -> String {
        if who.cookie().is_empty() {
            return Socket::refusal(Socket::request(who)).await.to_string();
        }
        let answer = match what {
            "post" => "ack",
            "edit" | "delete" => "message",
            "sync" => "synced",
            "read" => "read",
            "view" => "presence",
            _ => "pong",
        };
        let mut socket = who.socket().await;
        let frame = json!({
            "type": what, "roomId": room, "seq": 1, "ver": 0, "content": "x", "clientId": client_id(),
        });
        socket.send(frame).await;
        if what == "typing" {
            socket.send(json!({"type": "ping"})).await;
        }
        // Frames of other rooms come too: who is here in a conversation of their own, for instance.
        let is_answer = |frame: &Value| {
            frame["type"] == "error"
                || frame["type"] == answer && (answer == "pong" || frame["roomId"] == room)
        };
        let answer = socket.first_where(is_answer).await;
        answer["code"].as_str().unwrap_or("ok").to_owned()
    }
}

#[test]
fn every_route_and_frame_has_its_rows() {
    let known: BTreeSet<String> = rows().into_iter().map(|row| row.what).collect();
    let folder = tempfile::TempDir::new().expect("a folder");
    let routes = Teahouse::run(&["routes"], &[], folder.path()).stdout;
    let mut wanted: BTreeSet<String> = routes
        .lines()
        .filter(|line| line.contains(" /"))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    wanted.extend(FRAMES.map(str::to_owned));
    let source = include_str!("../src/protocol/frames.rs");
    let (_, client) = source
        .split_once("pub enum ClientFrame {")
        .expect("the frames");
    let (client, _) = client.split_once("\n}\n").expect("its end");
    let variants = client
        .lines()
        .filter(|line| line.starts_with("    ") && line[4..].starts_with(char::is_uppercase));
    assert_eq!(variants.count(), FRAMES.len(), "a frame has no rows");
    assert_eq!(known, wanted);
}

#[tokio::test]
async fn everybody_may_do_exactly_what_the_table_says() {
    let cast = Cast::gather().await;
    let mut wrong = Vec::new();
    for row in rows() {
        let mut room = cast.room(&row.room).await;
        for (index, who) in cast.people.iter().enumerate() {
            let expected = &row.expected[index];
            if expected == "-" {
                continue;
            }
            // What is tried may change who is who.
            if !row.what.starts_with("GET ") {
                room = cast.room(&row.room).await;
            }
            let found = match row.what.contains(' ') {
                true => cast.try_route(who, &row.what, &room).await,
                false => cast.try_frame(who, &row.what, &room).await,
            };
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

/// Nobody gets anything but an answer that says so.
#[tokio::test]
async fn a_token_opens_no_more_than_its_person_may() {
    let cast = Cast::gather().await;
    let stranger = Program::of(&cast.house, &cast.people[1]).await;
    let room = cast.room("closed").await;
    let (status, error) = stranger.get(&format!("/api/rooms/{room}")).await;
    assert_eq!((status, &error["code"]), (404, &Value::from("not_found")));
}
