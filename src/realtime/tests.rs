//! What no test through the front door can time: what happens between two steps.

mod client;
mod delivery_properties;
mod memory_store;

use std::future::poll_fn;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::connection::{ConnectRequest, Connection};
use super::frames::ClientLimits;
use super::hub::Hub;
use super::presence::Presence;
use super::store::Store;
use super::writer::Writer;
use crate::realtime::connection_limiter::ConnectionLimiter;
use crate::realtime::event_stream::{EventStream, StreamContent};
use crate::realtime::hub::worker_commands::WorkerCommand;
use crate::realtime::rate_limit::UserRateLimiter;
use crate::realtime::service::Realtime;
use crate::realtime::subscriber::Subscriber;
use crate::realtime::websocket::{CloseCode, payload};
use crate::realtime::worker_hub::WorkerHub;
use memory_store::{MemoryStore, person};

const ROOM: i64 = 1;

fn live(shelf: &MemoryStore) -> Arc<Realtime> {
    let store: Arc<dyn Store> = Arc::new(shelf.clone());
    let hub = Arc::new(Hub::new(store.clone()));
    Arc::new(Realtime {
        writer: Writer::start(shelf.clone(), hub.clone(), 8).expect("a thread"),
        hub,
        store,
        presence: Presence::default(),
        throttle: UserRateLimiter::new(1, 1, false),
        turnstile: ConnectionLimiter::new(None, usize::MAX),
        limits: ClientLimits {
            content_chars: 1,
            posts_per_second: 1,
            burst: 1,
            upload_bytes: 0,
        },
        epoch: String::new(),
        version: "",
        noted: Notify::new(),
    })
}

async fn connect(live: &Arc<Realtime>) -> Connection {
    let desk = WorkerHub::open(live.hub.clone());
    let sentences = Box::new(|_| String::new());
    let arrival = arrival(live, 1).await;
    let connection = Connection::open(desk, live.clone(), arrival, sentences).await;
    connection.expect("a connection")
}

/// What is read of somebody who comes in.
async fn arrival(live: &Realtime, user_id: i64) -> ConnectRequest {
    let since = live.hub.news.now();
    let rooms = live.store.rooms_of(user_id, "".into()).await;
    ConnectRequest {
        user: person(user_id),
        session: "".into(),
        rooms: rooms.expect("the shelf has a room for everybody"),
        invitations: Vec::new(),
        since,
    }
}

/// The JSON of text frames that lie back to back; `null` for a close frame.
fn frames(mut wire: &[u8]) -> Vec<Value> {
    let mut frames = Vec::new();
    while !wire.is_empty() {
        let Some(json) = payload(wire) else {
            frames.push(Value::Null);
            return frames;
        };
        let mut values = serde_json::Deserializer::from_slice(json).into_iter();
        frames.push(values.next().expect("a frame").expect("JSON"));
        wire = &json[values.byte_offset()..];
    }
    frames
}

/// The next frames of a seat: a message as its content, others by their type.
async fn heard(seat: &Subscriber, until: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.last().map(String::as_str) != Some(until) {
        let wire = poll_fn(|cx| seat.poll_wire(cx)).await.expect("more");
        for frame in frames(&wire) {
            let name = frame["content"].as_str().or(frame["type"].as_str());
            heard.push(name.unwrap_or_default().to_owned());
        }
    }
    heard
}

async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Runs a test with a clock that jumps ahead when nothing else is to be done.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let patience = std::time::Duration::from_secs(600);
    let test = async { tokio::time::timeout(patience, test).await };
    let in_time = runtime.block_on(LocalSet::new().run_until(test));
    in_time.expect("what was expected never came");
}

#[test]
fn what_is_said_while_a_page_is_read_comes_after_it() {
    run(async {
        let shelf = MemoryStore::new(0);
        (1..=3).for_each(|_| drop(shelf.add()));
        let live = live(&shelf);
        let mut connection = connect(&live).await;
        let seat = connection.seat.clone();
        assert_eq!(heard(&seat, "hello").await, ["hello"]);
        let sync = tokio::task::spawn_local(async move {
            connection
                .receive(r#"{"type":"sync","roomId":"1","ver":0}"#)
                .await;
            connection
        });
        settle().await;
        // The page was read, but is not out yet; now two more are said.
        let later = [shelf.add(), shelf.add()];
        live.hub.publish(later.iter());
        settle().await;
        shelf.0.pages.add_permits(1);
        let _connection = sync.await.expect("no panic");
        assert_eq!(heard(&seat, "5").await, ["1", "2", "3", "synced", "4", "5"]);
    });
}

#[test]
fn what_others_wrote_before_the_room_was_settled_is_not_forgotten() {
    run(async {
        let shelf = MemoryStore::new(8);
        (1..=3).for_each(|_| drop(shelf.add()));
        let live = live(&shelf);
        let mender = live.hub.clone();
        tokio::task::spawn_local(async move { mender.mend().await });
        let desk = WorkerHub::open(live.hub.clone());
        let seat = Subscriber::new(1, 1, "".into());
        desk.admit(&seat);
        desk.join(&seat, ROOM);
        // It read the room at 3; then others wrote, and that was seen before the seat went live.
        (4..=5).for_each(|_| drop(shelf.add()));
        live.hub.reach(&[(ROOM, 5)]);
        seat.greet(super::frames::ServerFrame::Pong.encode());
        live.hub.settle(ROOM, 3);
        seat.go_live(ROOM, 3);
        assert_eq!(heard(&seat, "5").await, ["pong", "4", "5"]);
    });
}

#[test]
fn a_hole_that_closed_meanwhile_costs_nothing() {
    run(async {
        let shelf = MemoryStore::new(0);
        let live = live(&shelf);
        let mender = live.hub.clone();
        tokio::task::spawn_local(async move { mender.mend().await });
        let connection = connect(&live).await;
        let mine = [shelf.add(), shelf.add()];
        // Seen in the store before this server's own writer could publish it.
        live.hub.reach(&[(ROOM, 2)]);
        live.hub.publish(mine.iter());
        assert_eq!(heard(&connection.seat, "2").await, ["hello", "1", "2"]);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        // Nobody waits for a page.
        shelf.0.pages.add_permits(1);
        settle().await;
        assert_eq!(shelf.0.pages.available_permits(), 1);
    });
}

#[test]
fn an_event_stream_says_nothing_after_its_person_was_signed_out() {
    run(async {
        let live = live(&MemoryStore::new(0));
        let connection = connect(&live).await;
        let seat = connection.seat.clone();
        let events = EventStream::start(connection, StreamContent::AllFrames, None).await;
        let mut events = events.expect("a stream");
        // There is something to be sent, and then the session ends.
        seat.close(CloseCode::SignedOut);
        assert_eq!(events.next().await, None);
    });
}

/// The room's latest change, as `hello` tells it.
async fn told(connection: &Connection) -> Option<i64> {
    let wire = poll_fn(|cx| connection.seat.poll_wire(cx)).await?;
    frames(&wire).first()?["rooms"][0]["ver"].as_i64()
}

#[test]
fn what_is_said_before_somebody_is_there_and_after_they_were_read_is_not_missed() {
    run(async {
        let shelf = MemoryStore::new(8);
        let live = live(&shelf);
        let desk = WorkerHub::open(live.hub.clone());
        let open = |arrival| {
            let sentences = Box::new(|_| String::new());
            Connection::open(desk.clone(), live.clone(), arrival, sentences)
        };
        let read = arrival(&live, 1).await;
        live.hub.publish([shelf.add()].iter());
        let first = open(read).await.expect("a connection");
        assert_eq!(told(&first).await, Some(1), "nobody followed the room");

        let read = arrival(&live, 2).await;
        live.hub.publish([shelf.add()].iter());
        let second = open(read).await.expect("a connection");
        assert_eq!(told(&second).await, Some(2), "somebody followed it");

        let read = arrival(&live, 3).await;
        live.hub.publish([shelf.add()].iter());
        drop((first, second));
        let third = open(read).await.expect("a connection");
        assert_eq!(told(&third).await, Some(3), "they had left again");

        let read = arrival(&live, 4).await;
        shelf.dismiss(4);
        live.hub.to_all(&WorkerCommand::LeaveRoom(4, ROOM));
        let fourth = open(read).await.expect("a connection");
        assert_eq!(told(&fourth).await, None, "they were removed meanwhile");
    });
}
