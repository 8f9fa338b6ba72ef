//! Tests of interleavings that integration tests cannot time.

mod client;
mod delivery_properties;
mod memory_store;

use std::future::poll_fn;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::connection::{ConnectRequest, Connection};
use super::hub::Hub;
use super::presence::Presence;
use super::writer::Writer;
use crate::protocol::ClientLimits;
use crate::protocol::websocket::{CloseCode, payload};
use crate::realtime::connection_limiter::ConnectionLimiter;
use crate::realtime::event_stream::{EventStream, StreamContent};
use crate::realtime::hub::worker_commands::WorkerCommand;
use crate::realtime::rate_limit::UserRateLimiter;
use crate::realtime::service::Realtime;
use crate::realtime::store::Store;
use crate::realtime::subscriber::Subscriber;
use crate::realtime::worker_hub::WorkerHub;
use memory_store::{MemoryStore, user};

const ROOM: i64 = 1;

fn realtime(memory: &MemoryStore) -> Arc<Realtime> {
    let store: Arc<dyn Store> = Arc::new(memory.clone());
    let hub = Arc::new(Hub::new(store.clone()));
    Arc::new(Realtime {
        writer: Writer::start(memory.clone(), hub.clone(), 8).expect("a thread"),
        hub,
        store,
        presence: Presence::default(),
        rate_limiter: UserRateLimiter::new(1, 1, false),
        connection_limiter: ConnectionLimiter::new(None, usize::MAX),
        limits: ClientLimits {
            content_chars: 1,
            posts_per_second: 1,
            burst: 1,
            upload_bytes: 0,
        },
        epoch: String::new(),
        version: "",
        poll_requested: Notify::new(),
    })
}

async fn connect(realtime: &Arc<Realtime>) -> Connection {
    let worker = WorkerHub::start(realtime.hub.clone());
    let error_texts = Box::new(|_| String::new());
    let request = read_request(realtime, 1).await;
    let connection = Connection::open(
        worker,
        realtime.clone(),
        request,
        Subscriber::new,
        error_texts,
    )
    .await;
    connection.expect("a connection")
}

/// Reads a connecting user's state.
async fn read_request(realtime: &Realtime, user_id: i64) -> ConnectRequest {
    let since = realtime.hub.change_clock.now();
    let rooms = realtime.store.rooms_for(user_id, "".into()).await;
    ConnectRequest {
        user: user(user_id),
        session: "".into(),
        rooms: rooms.expect("the room"),
        invitations: Vec::new(),
        since,
    }
}

/// Parses consecutive text frames as JSON; `null` stands for a close frame.
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

/// Returns the received frames up to `until`: a message by its content, others by their type.
async fn received(subscriber: &Subscriber, until: &str) -> Vec<String> {
    let mut received = Vec::new();
    while received.last().map(String::as_str) != Some(until) {
        let wire = poll_fn(|cx| subscriber.poll_wire(cx)).await.expect("more");
        for frame in frames(&wire) {
            let name = frame["content"].as_str().or(frame["type"].as_str());
            received.push(name.unwrap_or_default().to_owned());
        }
    }
    received
}

async fn yield_to_tasks() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Runs a test with a paused clock, which advances when all tasks are idle.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let time_limit = std::time::Duration::from_secs(600);
    let test = async { tokio::time::timeout(time_limit, test).await };
    let in_time = runtime.block_on(LocalSet::new().run_until(test));
    in_time.expect("the test ran into its time limit");
}

#[test]
fn changes_during_a_sync_page_are_sent_after_it() {
    run(async {
        let store = MemoryStore::new(0);
        (1..=3).for_each(|_| drop(store.add()));
        let realtime = realtime(&store);
        let mut connection = connect(&realtime).await;
        let subscriber = connection.subscriber.clone();
        assert_eq!(received(&subscriber, "hello").await, ["hello"]);
        let sync = tokio::task::spawn_local(async move {
            connection
                .receive(r#"{"type":"sync","roomId":"1","ver":0}"#)
                .await;
            connection
        });
        yield_to_tasks().await;
        // The page has been read but not sent; two more messages are published.
        let later = [store.add(), store.add()];
        realtime.hub.publish(later.iter());
        yield_to_tasks().await;
        store.0.pages.add_permits(1);
        let _connection = sync.await.expect("no panic");
        assert_eq!(
            received(&subscriber, "5").await,
            ["1", "2", "3", "synced", "4", "5"]
        );
    });
}

#[test]
fn external_changes_before_the_baseline_are_delivered() {
    run(async {
        let store = MemoryStore::new(8);
        (1..=3).for_each(|_| drop(store.add()));
        let realtime = realtime(&store);
        let hub = realtime.hub.clone();
        tokio::task::spawn_local(async move { hub.run_gap_recovery().await });
        let worker = WorkerHub::start(realtime.hub.clone());
        let subscriber = Subscriber::new(1, 1, "".into());
        worker.add(&subscriber);
        worker.subscribe(&subscriber, ROOM);
        // The room was read at version 3. Two more changes by others are noticed before the subscriber is live.
        (4..=5).for_each(|_| drop(store.add()));
        realtime.hub.note_latest_versions(&[(ROOM, 5)]);
        subscriber.send_hello(crate::protocol::frames::ServerFrame::Pong.encode());
        realtime.hub.set_baseline(ROOM, 3);
        subscriber.go_live(ROOM, 3);
        assert_eq!(received(&subscriber, "5").await, ["pong", "4", "5"]);
    });
}

#[test]
fn a_gap_that_closed_by_itself_causes_no_store_read() {
    run(async {
        let store = MemoryStore::new(0);
        let realtime = realtime(&store);
        let hub = realtime.hub.clone();
        tokio::task::spawn_local(async move { hub.run_gap_recovery().await });
        let connection = connect(&realtime).await;
        let mine = [store.add(), store.add()];
        // Noticed in the store before this server's writer publishes them.
        realtime.hub.note_latest_versions(&[(ROOM, 2)]);
        realtime.hub.publish(mine.iter());
        assert_eq!(
            received(&connection.subscriber, "2").await,
            ["hello", "1", "2"]
        );
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        // No task is waiting for a page.
        store.0.pages.add_permits(1);
        yield_to_tasks().await;
        assert_eq!(store.0.pages.available_permits(), 1);
    });
}

#[test]
fn event_stream_sends_nothing_after_its_session_ended() {
    run(async {
        let realtime = realtime(&MemoryStore::new(0));
        let connection = connect(&realtime).await;
        let subscriber = connection.subscriber.clone();
        let events = EventStream::start(connection, StreamContent::AllFrames, None).await;
        let mut events = events.expect("a stream");
        // An event is queued when the session ends.
        subscriber.close(CloseCode::SignedOut);
        assert_eq!(events.next().await, None);
    });
}

/// Returns the room's version in `hello`.
async fn hello_ver(connection: &Connection) -> Option<i64> {
    let wire = poll_fn(|cx| connection.subscriber.poll_wire(cx)).await?;
    frames(&wire).first()?["rooms"][0]["ver"].as_i64()
}

#[test]
fn changes_between_read_and_subscription_are_not_missed() {
    run(async {
        let store = MemoryStore::new(8);
        let realtime = realtime(&store);
        let worker = WorkerHub::start(realtime.hub.clone());
        let open = |request| {
            let error_texts = Box::new(|_| String::new());
            Connection::open(
                worker.clone(),
                realtime.clone(),
                request,
                Subscriber::new,
                error_texts,
            )
        };
        let request = read_request(&realtime, 1).await;
        realtime.hub.publish([store.add()].iter());
        let first = open(request).await.expect("a connection");
        assert_eq!(
            hello_ver(&first).await,
            Some(1),
            "the room had no subscribers"
        );

        let request = read_request(&realtime, 2).await;
        realtime.hub.publish([store.add()].iter());
        let second = open(request).await.expect("a connection");
        assert_eq!(
            hello_ver(&second).await,
            Some(2),
            "the room had a subscriber"
        );

        let request = read_request(&realtime, 3).await;
        realtime.hub.publish([store.add()].iter());
        drop((first, second));
        let third = open(request).await.expect("a connection");
        assert_eq!(hello_ver(&third).await, Some(3), "the subscribers had left");

        let request = read_request(&realtime, 4).await;
        store.remove_member(4);
        realtime
            .hub
            .send_to_workers(&WorkerCommand::LeaveRoom(4, ROOM));
        let fourth = open(request).await.expect("a connection");
        assert_eq!(
            hello_ver(&fourth).await,
            None,
            "the user was removed meanwhile"
        );
    });
}
