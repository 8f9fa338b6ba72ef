//! Two servers on one database, and the command line: each server picks up what another wrote.

use crate::support::{ApiClient, LOBBY, Person, Teahouse, client_id, database, field_values};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{self, Sender};
use tokio::time::Instant;

/// Five times the promised delay.
const DELIVERED_WITHIN: Duration = Duration::from_secs(15);
const CLOSED_WITHIN: Duration = Duration::from_secs(25);

/// Records the longest of several delays.
struct Clock {
    start: Instant,
    longest: Duration,
}

impl Clock {
    fn start() -> Self {
        let (start, longest) = (Instant::now(), Duration::ZERO);
        Self { start, longest }
    }

    fn restart(&mut self) {
        self.start = Instant::now();
    }

    fn stop(&mut self) {
        self.longest = self.longest.max(self.start.elapsed());
    }

    fn assert_below(&self, what: &str, limit: Duration) {
        println!("{what}: after {:?} at most", self.longest);
        assert!(self.longest < limit);
    }
}

/// Mei is connected to the first server, Li to the second.
async fn two_servers() -> (Teahouse, Teahouse, Person, Person) {
    let here = Teahouse::start();
    let mei = Person::register(&here, "mei").await;
    let li = Person::register(&here, "li").await;
    let there = here.second_server();
    let li = li.at(&there);
    (here, there, mei, li)
}

#[tokio::test]
async fn messages_edits_and_deletions_reach_subscribers_of_the_other_server() {
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
            clock.restart();
            match step {
                0 => drop(mei.say(content).await),
                1 => drop(mei.edit(LOBBY, n, content).await),
                _ => drop(mei.delete_message(LOBBY, n).await),
            }
            let message = socket.expect("message").await;
            assert_eq!(message["seq"], n);
            assert_eq!(message["content"], *content);
            let event = stream.expect(|event| event["type"] == "message").await;
            assert_eq!(event.data, message);
            clock.stop();
        }
    }
    clock.assert_below("posted, edited, deleted", DELIVERED_WITHIN);
    // Both servers receive posts at once.
    let mut other = mei.socket().await;
    for n in 0..20 {
        other.post(LOBBY, &format!("here {n}")).await;
        socket.post(LOBBY, &format!("there {n}")).await;
    }
    let heard = [other.messages(40).await, socket.messages(40).await];
    assert_eq!(heard[0], heard[1]);
    assert_eq!(field_values(&heard[0], "seq"), Vec::from_iter(4..=43));
}

#[tokio::test]
async fn direct_message_reaches_a_stream_on_the_other_server() {
    let (_here, there, mei, li) = two_servers().await;
    let program = ApiClient::of(&there, &li).await;
    let mut stream = program.stream("/api/messages", None).await;
    let mut socket = mei.socket().await;
    let mut clock = Clock::start();
    // The first message also creates the conversation.
    for text in ["psst", "again"] {
        clock.restart();
        let post = json!({"type": "post", "clientId": client_id(), "to": "li", "content": text});
        socket.send(post).await;
        let event = stream.expect(|_| true).await;
        assert_eq!(event.data["content"], text);
        clock.stop();
    }
    clock.assert_below("direct message", DELIVERED_WITHIN);
}

#[tokio::test]
async fn room_changes_reach_subscribers_of_the_other_server() {
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
    clock.stop();
    clock.restart();
    let direct = mei.direct(&["li"]).await;
    let shown = socket.expect_where("room", is(&direct)).await;
    assert_eq!(shown["room"]["name"], "mei");
    clock.stop();
    let open = mei.create_room("open", "garden", &[]).await;
    clock.restart();
    // Joined through the first server.
    assert_eq!(li.at(&here).join(&open).await, 303);
    socket.expect_where("room", is(&open)).await;
    clock.stop();
    for (room, text) in [(&tea, "members"), (&direct, "you"), (&open, "all")] {
        clock.restart();
        mei.say_in(room, text).await;
        let frame = socket.expect("message").await;
        assert_eq!(frame["roomId"], **room);
        assert_eq!(frame["content"], text);
        clock.stop();
    }
    clock.restart();
    let fields = [("name", "green tea"), ("topic", "hot")];
    let path = format!("/rooms/{tea}");
    assert_eq!(mei.submit("patch", &path, &fields).await, 303);
    let changed = |frame: &Value| frame["room"]["name"] == "green tea";
    socket.expect_where("room", changed).await;
    stream.expect(changed).await;
    clock.stop();
    for (room, how) in [(&tea, "removed"), (&open, "deleted")] {
        clock.restart();
        let gone = match how {
            "removed" => mei.remove(room, &li).await,
            _ => {
                let confirm = [("confirm", "garden")];
                mei.submit("delete", &format!("/rooms/{room}"), &confirm)
                    .await
            }
        };
        assert_eq!(gone, 303);
        let is_it = |frame: &Value| frame["type"] == "removed" && frame["roomId"] == **room;
        socket.expect_where("removed", is_it).await;
        stream.expect(is_it).await;
        clock.stop();
    }
    mei.say_in(&tea, "among us").await;
    mei.say("to everybody").await;
    assert_eq!(socket.expect("message").await["content"], "to everybody");
    clock.assert_below("rooms", DELIVERED_WITHIN);
    // A member who is added again is subscribed once.
    mei.add_member(&tea, &li).await;
    socket.expect_where("room", is(&tea)).await;
    mei.say_in(&tea, "welcome").await;
    assert_eq!(socket.expect("message").await["content"], "welcome");
    socket.expect_none("removed").await;
}

#[tokio::test]
async fn server_does_not_deliver_its_own_changes_twice() {
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
    // This change arrives with the poll of the database, and so after everything before it.
    let milk = li.create_room("closed", "milk", &[&mei]).await;
    let is_new = |frame: &Value| frame["room"]["id"] == *milk;
    socket.expect_where("room", is_new).await;
    socket.send(json!({"type": "ping"})).await;
    socket.expect("pong").await;
    let rooms = socket.buffered("room").into_iter();
    let announced: Vec<_> = rooms.map(|frame| &frame["room"]["id"]).collect();
    assert_eq!(announced, [&tea, &direct], "each created room once");
    assert_eq!(socket.buffered("removed").len(), 1);
}

#[tokio::test]
async fn sign_out_and_ban_close_connections_on_both_servers() {
    let (here, there, mei, li) = two_servers().await;
    let mut clock = Clock::start();
    // Signed out through the first server.
    let (mut socket, mut stream) = (li.socket().await, li.stream().await);
    clock.restart();
    assert_eq!(li.at(&here).sign_out().await.status(), 303);
    assert_eq!(socket.close_code(CLOSED_WITHIN).await, 4001);
    stream.end(CLOSED_WITHIN).await;
    clock.stop();
    assert_eq!(li.get_json("/api/events").await.0, 401);
    for how in ["ban", "sign-out", "deactivate", "SQL"] {
        here.execute("UPDATE users SET status = 'active'");
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
            here.execute("UPDATE users SET status = 'banned' WHERE username = 'li'");
        } else {
            here.command(&["user", how, "li"]).expect_success();
        }
        clock.restart();
        for socket in &mut sockets {
            assert_eq!(socket.close_code(CLOSED_WITHIN).await, 4001, "{how}");
        }
        for stream in &mut streams {
            stream.end(CLOSED_WITHIN).await;
        }
        clock.stop();
        assert_eq!(program.get("/api/messages").await.0, 401);
    }
    clock.assert_below("closed on both servers", CLOSED_WITHIN);
    assert_eq!(mei.get_json("/api/rooms").await.0, 200);
}

#[tokio::test]
async fn new_session_right_after_a_sign_out_is_not_closed() {
    let (here, there, _mei, li) = two_servers().await;
    let mut before = li.socket().await;
    here.command(&["user", "sign-out", "li"]).expect_success();
    assert_eq!(li.sign_in().await.status(), 303);
    let (mut after, mut elsewhere) = (li.socket().await, li.at(&here).socket().await);
    assert_eq!(before.close_code(CLOSED_WITHIN).await, 4001);
    // Each server receives this change after the sign-out.
    Person::register(&here, "bo").await;
    let room = Person::register(&there, "an").await;
    let room = room.create_room("closed", "tea", &[&li]).await;
    for socket in [&mut after, &mut elsewhere] {
        let is_new = |frame: &Value| frame["room"]["id"] == *room;
        socket.expect_where("room", is_new).await;
        socket.say("still here").await;
    }
}

/// A TCP proxy to the database that can be blocked.
struct DatabaseProxy {
    /// The database's URL through the proxy.
    url: String,
    blocked: Sender<bool>,
}

impl DatabaseProxy {
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

// The proxy runs in this process, which blocks while the server starts: two threads.
#[tokio::test(flavor = "multi_thread")]
async fn changes_made_while_the_database_was_unreachable_are_delivered_afterwards() {
    if database::required_mysql().is_none() {
        return;
    }
    let here = Teahouse::start();
    let proxy = DatabaseProxy::to(&here.database().url).await;
    // During an outage the poller's failures are logged at DEBUG.
    let filter = ("TEAHOUSE__LOG__FILTER", "info,teahouse=debug");
    let there = here.second_server_with(&[("DATABASE_URL", &proxy.url), filter]);
    let mei = Person::register(&here, "mei").await;
    let li = Person::register(&here, "li").await.at(&there);
    let bo = Person::register(&here, "bo").await.at(&there);
    let tea = mei.create_room("closed", "tea", &[&li]).await;
    let milk = mei.create_room("closed", "milk", &[&li]).await;
    let (mut socket, mut stream) = (li.socket().await, li.stream().await);
    let mut other = bo.socket().await;
    proxy.blocked.send_replace(true);
    mei.say("meanwhile").await;
    assert_eq!(mei.remove(&tea, &li).await, 303);
    let fields = [("name", "oat milk")];
    let path = format!("/rooms/{milk}");
    assert_eq!(mei.submit("patch", &path, &fields).await, 303);
    let coffee = mei.create_room("closed", "coffee", &[&li]).await;
    assert!(here.command(&["user", "ban", "bo"]).status.success());
    there.expect_in_log("cannot poll for changes").await;
    proxy.blocked.send_replace(false);
    let mut clock = Clock::start();
    assert_eq!(socket.expect("message").await["content"], "meanwhile");
    let is_it = |frame: &Value| frame["type"] == "removed" && frame["roomId"] == *tea;
    socket.expect_where("removed", is_it).await;
    let renamed = |frame: &Value| frame["room"]["name"] == "oat milk";
    socket.expect_where("room", renamed).await;
    let is_new = |frame: &Value| frame["room"]["id"] == *coffee;
    socket.expect_where("room", is_new).await;
    stream.expect(|event| event["content"] == "meanwhile").await;
    assert_eq!(other.close_code(CLOSED_WITHIN).await, 4001);
    clock.stop();
    clock.assert_below("the database is back", CLOSED_WITHIN);
}
