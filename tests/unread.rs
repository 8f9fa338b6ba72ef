//! Unread counts exclude a user's own messages and deleted messages, wherever they are shown.

use crate::support::person::PASSWORD;
use crate::support::{ApiClient, Person, Socket, Teahouse, client_id, count_queries};
use serde_json::{Value, json};
use tokio::process::Command;

/// The ways to send a message.
const METHODS: [&str; 9] = [
    "socket",
    "other device",
    "other server",
    "form",
    "json",
    "api",
    "conversation",
    "to",
    "terminal",
];

/// Li's devices and servers.
struct Sender<'a> {
    li: &'a Person,
    socket: Socket,
    other_device: Socket,
    other_server: Socket,
    program: ApiClient,
}

impl Sender<'_> {
    async fn send(&mut self, method: &str, room: &str, text: &str) {
        let id = client_id();
        let body = json!({"content": text, "clientId": id});
        match method {
            "socket" => say(&mut self.socket, room, text).await,
            "other device" => say(&mut self.other_device, room, text).await,
            "other server" => say(&mut self.other_server, room, text).await,
            "form" => {
                let path = format!("/rooms/{room}/messages");
                let found = self.li.submit("post", &path, &[("content", text)]).await;
                assert_eq!(found, 303);
            }
            "json" => {
                self.li.say_in(room, text).await;
            }
            "api" => {
                let path = format!("/api/rooms/{room}/messages");
                assert_eq!(self.program.post(&path, body).await.0, 201);
            }
            "conversation" => {
                let path = format!("/api/conversations/{room}/messages");
                assert_eq!(self.program.post(&path, body).await.0, 201);
            }
            "to" => {
                let post = json!({"type": "post", "clientId": id, "to": "mei", "content": text});
                self.socket.send(post).await;
                await_ack(&mut self.socket, &id).await;
            }
            "terminal" => chat(self.li, room, text).await,
            other => panic!("{other}"),
        }
    }
}

async fn say(socket: &mut Socket, room: &str, text: &str) {
    let id = socket.post(room, text).await;
    await_ack(socket, &id).await;
}

async fn await_ack(socket: &mut Socket, id: &str) {
    socket
        .expect_where("ack", |ack| ack["clientId"] == id)
        .await;
}

/// Runs `teahouse chat --say`.
async fn chat(person: &Person, room: &str, text: &str) {
    let done = Command::new(env!("CARGO_BIN_EXE_teahouse"))
        .args(["chat", "--url", &person.url, "--phone", &person.phone])
        .args(["--room", room, "--say", text])
        .env_clear()
        .env("TEAHOUSE_PASSWORD", PASSWORD)
        .output()
        .await
        .expect("the program starts");
    assert!(done.status.success(), "{done:?}");
}

/// Unread messages and mentions.
type Counts = (i64, i64);

fn counts(room: &Value) -> Counts {
    let number = |name: &str| room[name].as_i64().unwrap_or_else(|| panic!("{room}"));
    (number("unread"), number("mentions"))
}

#[track_caller]
fn of_room<'a>(rooms: &'a Value, id: &str) -> &'a Value {
    let mut rooms = rooms.as_array().expect("a list").iter();
    rooms
        .find(|room| room["id"] == id)
        .unwrap_or_else(|| panic!("room {id} is missing"))
}

/// The unread count in a page's sidebar, and whether it shows a mention.
async fn sidebar(person: &Person, path: &str, id: &str) -> (i64, bool) {
    let page = person.page(path).await;
    let start = format!("class=\"rooms-item\" href=\"/rooms/{id}\"");
    let (_, item) = page.split_once(&start).expect("the room's line");
    let (item, _) = item.split_once("</a>").expect("the line's end");
    let unread = item.split("data-unread=\"").nth(1).expect("data-unread");
    let unread = unread.split('"').next().expect("a number");
    (
        unread.parse().expect("a number"),
        item.contains("rooms-mention"),
    )
}

/// Asserts that every view of the room shows these counts.
async fn assert_shown_everywhere(sender: &Sender<'_>, room: &str, expected: Counts, what: &str) {
    let (li, program) = (sender.li, &sender.program);
    let in_hello = li.socket().await.room(room).await;
    assert_eq!(counts(&in_hello), expected, "{what}: hello");
    for path in ["/api/rooms", "/api/rooms/"] {
        let answer = match path.ends_with('/') {
            true => program.get(&format!("{path}{room}")).await.1,
            false => of_room(&program.get(path).await.1, room).clone(),
        };
        assert_eq!(counts(&answer), expected, "{what}: GET {path}");
    }
    for path in ["/rooms/1", "/rooms"] {
        let shown = sidebar(li, path, room).await;
        assert_eq!(shown, (expected.0, expected.1 > 0), "{what}: page {path}");
    }
    let (status, conversation) = program.get(&format!("/api/conversations/{room}")).await;
    if status == 200 {
        let has_unread = conversation["hasUnreadMessages"] == true;
        assert_eq!(has_unread, expected.0 > 0, "{what}: conversation");
        let list = program.get("/api/conversations").await.1;
        let has_unread = of_room(&list, room)["hasUnreadMessages"] == true;
        assert_eq!(has_unread, expected.0 > 0, "{what}: conversations");
    }
}

/// Sets Li's read position; asserts the counts of the `read` frame that both devices receive.
async fn read(sender: &mut Sender<'_>, room: &str, seq: i64, expected: Counts) {
    set_position(sender, room, seq, false, expected).await;
}

/// Like [`read`], but marks the message as unread.
async fn unread(sender: &mut Sender<'_>, room: &str, seq: i64, expected: Counts) {
    set_position(sender, room, seq, true, expected).await;
}

async fn set_position(
    sender: &mut Sender<'_>,
    room: &str,
    seq: i64,
    unread: bool,
    expected: Counts,
) {
    sender.socket.discard_pending().await;
    sender.other_device.discard_pending().await;
    let frame = json!({"type": "read", "roomId": room, "seq": seq, "unread": unread});
    sender.socket.send(frame).await;
    // Frames of earlier changes may still arrive.
    let marked = if unread { seq - 1 } else { seq };
    let is_new = |frame: &Value| frame["roomId"] == room && frame["seq"] == marked;
    let here = sender.socket.expect_where("read", is_new).await;
    let there = sender.other_device.expect_where("read", is_new).await;
    assert_eq!(there, here);
    assert_eq!(counts(&here), expected, "room {room}, seq {seq}");
}

async fn li_sends(method: &str, mei: &Person, sender: &mut Sender<'_>, room: &str) {
    let what = |step: &str| format!("{method}, {step}");
    mei.say_in(room, "hi @li").await;
    mei.say_in(room, "one more").await;
    sender.send(method, room, "behind, and @li is me").await;
    assert_shown_everywhere(sender, room, (2, 1), &what("behind")).await;
    mei.say_in(room, "and a third").await;
    sender.send(method, room, "behind again").await;
    assert_shown_everywhere(sender, room, (3, 1), &what("behind again")).await;
    // seq: mei 1, mei 2, li 3, mei 4, li 5.
    for (seq, expected) in [(1, (2, 0)), (2, (1, 0)), (3, (1, 0)), (4, (0, 0))] {
        read(sender, room, seq, expected).await;
    }
    assert_shown_everywhere(sender, room, (0, 0), &what("only mine is left")).await;
    read(sender, room, 5, (0, 0)).await;
    sender.send(method, room, "at the end").await;
    assert_shown_everywhere(sender, room, (0, 0), &what("at the end")).await;
    for (seq, expected) in [(5, (0, 0)), (2, (2, 0)), (1, (3, 1))] {
        unread(sender, room, seq, expected).await;
    }
    sender.send(method, room, "after a position set back").await;
    assert_shown_everywhere(sender, room, (3, 1), &what("set back")).await;
    assert_eq!(sender.li.submit("post", "/read_marks", &[]).await, 303);
    assert_shown_everywhere(sender, room, (0, 0), &what("all read")).await;
}

#[tokio::test]
async fn own_messages_are_not_unread_however_they_are_sent() {
    let server = Teahouse::start();
    let beside = server.second_server();
    let [mei, li] = Person::register_each(&server, ["mei", "li"]).await;
    let device = li.on_another_device(&server).await;
    let mut sender = Sender {
        li: &li,
        socket: li.socket().await,
        other_device: device.socket().await,
        other_server: li.at(&beside).socket().await,
        program: ApiClient::of(&server, &li).await,
    };
    for method in METHODS {
        let room = match method {
            "conversation" => mei.direct(&["li"]).await,
            "to" => {
                let room = mei.direct(&["li"]).await;
                let last = li.room(&room).await["seq"].as_i64().expect("seq");
                assert!(last > 0);
                continue_conversation(&mei, &mut sender, &room, last).await;
                continue;
            }
            _ => mei.create_room("closed", method, &[&li]).await,
        };
        let is_new = |frame: &Value| frame["room"]["id"] == *room;
        for socket in [
            &mut sender.socket,
            &mut sender.other_device,
            &mut sender.other_server,
        ] {
            socket.expect_where("room", is_new).await;
        }
        li_sends(method, &mei, &mut sender, &room).await;
    }
}

/// Sends with `to` into a conversation that already has messages.
async fn continue_conversation(mei: &Person, sender: &mut Sender<'_>, room: &str, last: i64) {
    mei.say_in(room, "hello again @li").await;
    sender.send("to", room, "behind").await;
    assert_shown_everywhere(sender, room, (1, 1), "to, behind").await;
    read(sender, room, last + 2, (0, 0)).await;
    sender.send("to", room, "at the end").await;
    assert_shown_everywhere(sender, room, (0, 0), "to, at the end").await;
}

#[tokio::test]
async fn deleted_messages_are_not_unread() {
    let (server, [mei, li]) = Teahouse::with_users(["mei", "li"]).await;
    let device = li.on_another_device(&server).await;
    for room in [
        mei.create_room("closed", "tea", &[&li]).await,
        mei.direct(&["li"]).await,
    ] {
        let mut sender = Sender {
            li: &li,
            socket: li.socket().await,
            other_device: device.socket().await,
            other_server: li.socket().await,
            program: ApiClient::of(&server, &li).await,
        };
        for text in ["1", "2 @li", "3", "4 @li"] {
            mei.say_in(&room, text).await;
        }
        li.say_in(&room, "5 is mine").await;
        assert_shown_everywhere(&sender, &room, (4, 2), "before").await;
        for (seq, expected) in [(2, (3, 1)), (4, (2, 0)), (3, (1, 0))] {
            assert_eq!(mei.delete_message(&room, seq).await, 204, "{seq}");
            assert_shown_everywhere(&sender, &room, expected, "deleted").await;
            // A second deletion changes nothing.
            assert_eq!(mei.delete_message(&room, seq).await, 204, "{seq}");
            assert_shown_everywhere(&sender, &room, expected, "deleted twice").await;
        }
        assert_eq!(li.delete_message(&room, 5).await, 204);
        assert_shown_everywhere(&sender, &room, (1, 0), "mine deleted").await;
        read(&mut sender, &room, 1, (0, 0)).await;
        assert_shown_everywhere(&sender, &room, (0, 0), "only deleted messages are left").await;
        for (seq, expected) in [(2, (0, 0)), (1, (1, 0))] {
            unread(&mut sender, &room, seq, expected).await;
        }
        mei.say_in(&room, "6 @li").await;
        assert_shown_everywhere(&sender, &room, (2, 1), "after").await;
        read(&mut sender, &room, 6, (0, 0)).await;
    }
}

#[tokio::test]
async fn number_of_queries_does_not_grow_with_500_rooms() {
    let (server, [mei, li]) = Teahouse::with_users(["mei", "li"]).await;
    let room = mei.create_room("closed", "one", &[&li]).await;
    mei.say_in(&room, "a @li").await;
    mei.say_in(&room, "b").await;
    assert_eq!(mei.delete_message(&room, 2).await, 204);
    let pages = [
        ("/rooms/1", "/rooms/{id}"),
        ("/rooms", "/rooms"),
        ("/api/rooms", "/api/rooms"),
        ("/api/conversations", "/api/conversations"),
    ];
    let mut few = Vec::new();
    for (path, route) in pages {
        few.push(count_queries(&server, &li, path, route).await);
    }
    copy_room(&server, &room, 499);
    for ((path, route), few) in pages.into_iter().zip(few) {
        let many = count_queries(&server, &li, path, route).await;
        // The first request may run one query more than later ones.
        println!("{path}: {few} queries with 1 room, {many} with 500");
        assert!(many <= few, "{path}");
    }
    let rooms = li.rooms().await;
    let copies: Vec<_> = rooms.iter().filter(|room| room["id"] != "1").collect();
    assert_eq!(copies.len(), 500);
    let is_right = |room: &&Value| counts(room) == (1, 1);
    assert!(copies.iter().all(is_right), "{copies:?}");
}

/// Copies a room with its members and messages by SQL.
fn copy_room(server: &Teahouse, room: &str, copies: u32) {
    let database = server.database();
    let digits = (1..10).fold("SELECT 0 AS n".to_owned(), |all, n| {
        format!("{all} UNION SELECT {n}")
    });
    let numbers = format!(
        "(SELECT a.n + 10 * b.n + 100 * c.n AS n FROM ({digits}) a, ({digits}) b, ({digits}) c) AS numbers"
    );
    let table = |name: &str, columns: &str, values: &str, id: &str| {
        database.run(&format!(
            "INSERT INTO {name} ({id}, {columns}) SELECT 1000 + n, {values} FROM {name}, {numbers} \
             WHERE {name}.{id} = {room} AND n < {copies}"
        ));
    };
    let columns = "kind, topic, last_seq, last_ver, last_message_at, last_deleted_seq, created_at";
    let named = format!("name, {columns}");
    let values = format!("CONCAT('copy ', n), {columns}");
    table("rooms", &named, &values, "id");
    let columns = "user_id, read_seq, own_unread, involvement, joined_at";
    table("memberships", columns, columns, "room_id");
    let columns =
        "seq, ver, id, change_id, user_id, client_id, sent_hash, content, created_at, deleted_at";
    let values = "seq, ver, id + 1000 * (n + 1), change_id + 1000 * (n + 1), user_id, CONCAT(seq, '-', n), sent_hash, content, created_at, deleted_at";
    table("messages", columns, values, "room_id");
    table(
        "deleted_messages",
        "seq, user_id",
        "seq, user_id",
        "room_id",
    );
    table("mentions", "user_id, seq", "user_id, seq", "room_id");
}
