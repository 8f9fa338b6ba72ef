//! What no test through the front door can time: what happens between two steps.

mod client;
mod orders;
mod shelf;

use std::future::poll_fn;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::LocalSet;

use super::connection::Connection;
use super::desk::Desk;
use super::frames::Limits;
use super::hub::Hub;
use super::live::Live;
use super::presence::Presence;
use super::seat::Seat;
use super::store::Store;
use super::throttle::Throttle;
use super::wire::payload;
use super::writer::Writer;
use shelf::{Shelf, person};

const ROOM: i64 = 1;

fn live(shelf: &Shelf) -> Arc<Live> {
    let store: Arc<dyn Store> = Arc::new(shelf.clone());
    let hub = Arc::new(Hub::new(store.clone()));
    Arc::new(Live {
        writer: Writer::start(shelf.clone(), hub.clone(), 8).expect("a thread"),
        hub,
        store,
        presence: Presence::default(),
        throttle: Throttle::new(1, 1, false),
        limits: Limits {
            content_chars: 1,
            posts_per_second: 1,
            burst: 1,
            upload_bytes: 0,
        },
        epoch: String::new(),
        version: "",
    })
}

async fn connect(live: &Arc<Live>) -> Connection {
    let desk = Desk::open(live.hub.clone());
    let sentences = Box::new(|_| String::new());
    let connection = Connection::open(desk, live.clone(), person(1), "".into(), sentences).await;
    connection.expect("a connection")
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
async fn heard(seat: &Seat, until: &str) -> Vec<String> {
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
    runtime.block_on(LocalSet::new().run_until(test));
}

#[test]
fn what_is_said_while_a_page_is_read_comes_after_it() {
    run(async {
        let shelf = Shelf::new(0);
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
