//! Two servers on one database, and the command line beside them: each hears of what another wrote.

use crate::support::{LOBBY, Person, ApiClient, Teahouse, client_id, database};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{self, Sender};
use tokio::time::Instant;

/// Five times what is promised.
const HEARD: Duration = Duration::from_secs(15);
const OFF: Duration = Duration::from_secs(25);

/// How long things took; the longest is told.
struct Clock {
    since: Instant,
    latest: Duration,
}

impl Clock {
    fn start() -> Self {
        Self {
            since: Instant::now(),
            latest: Duration::ZERO,
        }
    }

    fn again(&mut self) {
        self.since = Instant::now();
    }

    fn heard(&mut self) {
        self.latest = self.latest.max(self.since.elapsed());
    }

    fn tell(&self, what: &str, limit: Duration) {
        println!("{what}: after {:?} at the latest", self.latest);
        assert!(self.latest < limit);
    }
}

/// Mei is at the one server, Li at the other.
async fn two_servers() -> (Teahouse, Teahouse, Person, Person) {
    let here = Teahouse::start();
    let mei = Person::register(&here, "mei").await;
    let li = Person::register(&here, "li").await;
    let there = here.second_server();
    let li = li.at(&there);
    (here, there, mei, li)
}

#[tokio::test]
async fn what_is_said_changed_and_deleted_here_is_heard_there() {
    let (_here, there, mei, li) = two_servers().await;
    let program = ApiClient::of(&there, &li).await;
    let mut socket = li.socket().await;
    let mut stream = program.stream("/api/events", None).await;
    stream.expect(|event| event["type"] == "hello").await;
    let mut clock = Clock::start();
    for n in 1..=3 {
        let steps = [
            format!("text {n}"),
            format!("text {n}, changed"),
            String::new(),
        ];
        for (step, content) in steps.iter().enumerate() {
            clock.again();
            match step {
                0 => drop(mei.say(content).await),
                1 => drop(mei.edit(LOBBY, n, content).await),
                _ => drop(mei.delete_message(LOBBY, n).await),
            }
            let message = socket.expect("message").await;
            assert_eq!(
                (&message["seq"], &message["content"]),
                (&json!(n), &json!(content))
            );
            let event = stream.expect(|event| event["type"] == "message").await;
            assert_eq!(event.data, message);
            clock.heard();
        }
    }
    clock.tell("said, changed, deleted", HEARD);
    // Both talk at once.
    let mut other = mei.socket().await;
    for n in 0..20 {
        other.post(LOBBY, &format!("here {n}")).await;
        socket.post(LOBBY, &format!("there {n}")).await;
    }
    let heard = [other.messages(40).await, socket.messages(40).await];
    assert_eq!(heard[0], heard[1]);
    let seqs: Vec<_> = heard[0].iter().map(|m| m["seq"].as_i64()).collect();
    assert_eq!(seqs, (4..=43).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_said_to_somebody_elsewhere_reaches_their_program() {
    let (_here, there, mei, li) = two_servers().await;
    let program = ApiClient::of(&there, &li).await;
    let mut stream = program.stream("/api/messages", None).await;
    let mut socket = mei.socket().await;
    let mut clock = Clock::start();
    // The conversation itself is new there.
    for text in ["psst", "again"] {
        clock.again();
        let post = json!({"type": "post", "clientId": client_id(), "to": "li", "content": text});
        socket.send(post).await;
        let event = stream.expect(|_| true).await;
        assert_eq!(event.data["content"], text);
        clock.heard();
    }
    clock.tell("said in a conversation", HEARD);
}

#[tokio::test]
async fn rooms_appear_change_and_vanish_there() {
    let (here, _there, mei, li) = two_servers().await;
    let (mut socket, mut stream) = (li.socket().await, li.stream().await);
    let is = |room: &str| {
        let room = room.to_owned();
        move |frame: &Value| frame["room"]["id"] == *room
    };
    let mut clock = Clock::start();
    let tea = mei.create_room("closed", "tea", &[&li]).await;
    socket.expect_where("room", is(&tea)).await;
    stream.expect(is(&tea)).await;
    clock.heard();
    clock.again();
    let direct = mei.direct(&["li"]).await;
    let shown = socket.expect_where("room", is(&direct)).await;
    assert_eq!(shown["room"]["name"], "mei");
    clock.heard();
    let open = mei.create_room("open", "garden", &[]).await;
    clock.again();
    // By another window, at the other server.
    assert_eq!(li.at(&here).join(&open).await, 303);
    socket.expect_where("room", is(&open)).await;
    clock.heard();
    for (room, text) in [
        (&tea, "in the room"),
        (&direct, "to you"),
        (&open, "outside"),
    ] {
        clock.again();
        mei.say_in(room, text).await;
        let frame = socket.expect("message").await;
        assert_eq!(
            (&frame["roomId"], &frame["content"]),
            (&json!(room), &json!(text))
        );
        clock.heard();
    }
    clock.again();
    let fields = [("name", "green tea"), ("topic", "hot")];
    assert_eq!(
        mei.submit("patch", &format!("/rooms/{tea}"), &fields).await,
        303
    );
    let changed = |frame: &Value| frame["room"]["name"] == "green tea";
    socket.expect_where("room", changed).await;
    stream.expect(changed).await;
    clock.heard();
    for (room, how) in [(&tea, "removed"), (&open, "deleted")] {
        clock.again();
        let gone = match how {
            "removed" => mei.remove(room, &li).await,
            _ => {
                let confirm = [("confirm", "garden")];
                mei.submit("delete", &format!("/rooms/{room}"), &confirm).await
            }
        };
        assert_eq!(gone, 303);
        let is_it = |frame: &Value| frame["type"] == "removed" && frame["roomId"] == **room;
        socket.expect_where("removed", is_it).await;
        stream.expect(is_it).await;
        clock.heard();
    }
    mei.say_in(&tea, "among us").await;
    mei.say("to everybody").await;
    assert_eq!(socket.expect("message").await["content"], "to everybody");
    clock.tell("rooms", HEARD);
    // Whoever comes back is in it again, once.
    mei.add_member(&tea, &li).await;
    socket.expect_where("room", is(&tea)).await;
    mei.say_in(&tea, "welcome").await;
    assert_eq!(socket.expect("message").await["content"], "welcome");
    socket.expect_none("removed").await;
}

#[tokio::test]
async fn what_was_done_here_is_told_here_once() {
    let (_here, _there, mei, li) = two_servers().await;
    let mut socket = mei.socket().await;
    let tea = mei.create_room("closed", "tea", &[&li]).await;
    let fields = [("name", "green tea")];
    let path = format!("/rooms/{tea}");
    assert_eq!(mei.submit("patch", &path, &fields).await, 303);
    let changed = |frame: &Value| frame["room"]["name"] == "green tea";
    socket.expect_where("room", changed).await;
    assert_eq!(mei.leave(&tea).await, 303);
    let direct = mei.direct(&["li"]).await;
    // This server hears of that only when it looks, and then it has looked at all before as well.
    let milk = li.create_room("closed", "milk", &[&mei]).await;
    let is_new = |frame: &Value| frame["room"]["id"] == *milk;
    socket.expect_where("room", is_new).await;
    socket.send(json!({"type": "ping"})).await;
    socket.expect("pong").await;
    let told: Vec<_> = socket
        .buffered("room")
        .iter()
        .map(|f| f["room"]["id"].clone())
        .collect();
    assert_eq!(told, [json!(tea), json!(direct)], "made, and made");
    assert_eq!(socket.buffered("removed").len(), 1);
}

#[tokio::test]
async fn whoever_is_signed_out_or_banned_is_off_both_servers() {
    let (here, there, mei, li) = two_servers().await;
    let mut clock = Clock::start();
    // Signed out at the other server.
    let (mut socket, mut stream) = (li.socket().await, li.stream().await);
    clock.again();
    assert_eq!(li.at(&here).sign_out().await.status(), 303);
    assert_eq!(socket.close_code(OFF).await, 4001);
    stream.end(OFF).await;
    clock.heard();
    assert_eq!(li.get_json("/api/events").await.0, 401);
    for how in ["ban", "sign-out", "deactivate", "SQL"] {
        here.database().run("UPDATE users SET status = 'active'");
        assert_eq!(li.sign_in().await.status(), 303);
        let li_here = li.at(&here);
        let program = ApiClient::of(&there, &li).await;
        let mut sockets = [li.socket().await, li_here.socket().await];
        let mut streams = [
            li.stream().await,
            li_here.stream().await,
            program.stream("/api/messages", None).await,
        ];
        if how == "SQL" {
            let sql = "UPDATE users SET status = 'banned' WHERE username = 'li'";
            here.database().run(sql);
        } else {
            let outcome = here.command(&["user", how, "li"]);
            assert!(outcome.status.success(), "{outcome:?}");
        }
        clock.again();
        for socket in &mut sockets {
            assert_eq!(socket.close_code(OFF).await, 4001, "{how}");
        }
        for stream in &mut streams {
            stream.end(OFF).await;
        }
        clock.heard();
        println!("{how}: off both after {:?}", clock.since.elapsed());
        assert_eq!(program.get("/api/messages").await.0, 401);
    }
    clock.tell("off both", OFF);
    assert_eq!(mei.get_json("/api/rooms").await.0, 200);
}

#[tokio::test]
async fn whoever_comes_back_at_once_is_not_sent_away_again() {
    let (here, there, _mei, li) = two_servers().await;
    let mut before = li.socket().await;
    let outcome = here.command(&["user", "sign-out", "li"]);
    assert!(outcome.status.success(), "{outcome:?}");
    assert_eq!(li.sign_in().await.status(), 303);
    let (mut after, mut elsewhere) = (li.socket().await, li.at(&here).socket().await);
    assert_eq!(before.close_code(OFF).await, 4001);
    // What the other server is told next comes after it looked at that.
    Person::register(&here, "bo").await;
    let room = Person::register(&there, "an").await;
    let room = room.create_room("closed", "tea", &[&li]).await;
    for socket in [&mut after, &mut elsewhere] {
        socket
            .expect_where("room", |frame| frame["room"]["id"] == *room)
            .await;
        socket.say("still here").await;
    }
}

/// A way to the database that can be blocked.
struct Way {
    /// The database, as it is found by this way.
    url: String,
    blocked: Sender<bool>,
}

impl Way {
    async fn to(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (user, rest) = rest.split_once('@').expect("a user");
        let (host, name) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (blocked, is_blocked) = watch::channel(false);
        let host = host.to_owned();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (host, mut is_blocked) = (host.clone(), is_blocked.clone());
                tokio::spawn(async move {
                    if !*is_blocked.borrow()
                        && let Ok(mut far) = TcpStream::connect(host).await
                    {
                        tokio::select! {
                            _ = copy_bidirectional(&mut near, &mut far) => {}
                            _ = is_blocked.wait_for(|blocked| *blocked) => {}
                        }
                    }
                });
            }
        });
        Self {
            url: format!("{scheme}://{user}@{address}/{name}"),
            blocked,
        }
    }
}

// The way to the database is carried by this process, which waits for the server to start.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_while_the_database_was_away_is_heard_afterwards() {
    if database::mysql_url().is_none() {
        return;
    }
    let here = Teahouse::start();
    let way = Way::to(&here.database().url).await;
    let there = here.second_server_with(&[("DATABASE_URL", &way.url)]);
    let mei = Person::register(&here, "mei").await;
    let (li, bo) = (
        Person::register(&here, "li").await.at(&there),
        Person::register(&here, "bo").await.at(&there),
    );
    let (tea, milk) = (
        mei.create_room("closed", "tea", &[&li]).await,
        mei.create_room("closed", "milk", &[&li]).await,
    );
    let (mut socket, mut stream) = (li.socket().await, li.stream().await);
    let mut other = bo.socket().await;
    way.blocked.send_replace(true);
    mei.say("meanwhile").await;
    assert_eq!(mei.remove(&tea, &li).await, 303);
    let fields = [("name", "oat milk")];
    assert_eq!(
        mei.submit("patch", &format!("/rooms/{milk}"), &fields).await,
        303
    );
    let coffee = mei.create_room("closed", "coffee", &[&li]).await;
    assert!(here.command(&["user", "ban", "bo"]).status.success());
    // The other server has looked, and seen nothing.
    let blind = || async {
        let line = "not seen for now";
        there
            .log()
            .iter()
            .any(|text| text.contains(line))
            .then_some(())
    };
    crate::support::eventually("it is noticed", blind).await;
    way.blocked.send_replace(false);
    let mut clock = Clock::start();
    assert_eq!(socket.expect("message").await["content"], "meanwhile");
    let is_it = |frame: &Value| frame["type"] == "removed" && frame["roomId"] == *tea;
    socket.expect_where("removed", is_it).await;
    let renamed = |frame: &Value| frame["room"]["name"] == "oat milk";
    socket.expect_where("room", renamed).await;
    let is_new = |frame: &Value| frame["room"]["id"] == *coffee;
    socket.expect_where("room", is_new).await;
    stream.expect(|event| event["content"] == "meanwhile").await;
    assert_eq!(other.close_code(OFF).await, 4001);
    clock.heard();
    clock.tell("the database is back", OFF);
}
