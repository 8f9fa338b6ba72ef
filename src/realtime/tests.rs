//! What no test through the front door can time: what happens between two steps.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::sync::{Notify, Semaphore};
use tokio::task::LocalSet;

use super::connection::Connection;
use super::desk::Desk;
use super::events::{Events, Wanted};
use super::frames::{Code, Id, Limits, Message, Room, User};
use super::hub::Hub;
use super::live::Live;
use super::presence::Presence;
use super::seat::Seat;
use super::store::{Changes, Direct, Draft, Log, Mark, Numbered, Store, Verdict, Write};
use super::throttle::Throttle;
use super::turnstile::Turnstile;
use super::wire::{CloseCode, payload};
use super::writer::Writer;
use crate::error::{Error, Result};

const ROOM: i64 = 1;

/// A store in memory, whose pages come when the test lets them.
#[derive(Clone)]
struct Shelf(Arc<Inner>);

struct Inner {
    log: Mutex<Vec<Message>>,
    pages: Semaphore,
}

impl Shelf {
    fn new(pages: usize) -> Self {
        Self(Arc::new(Inner {
            log: Mutex::default(),
            pages: Semaphore::new(pages),
        }))
    }

    fn add(&self, ver: i64) -> Message {
        let message = message(ver);
        self.0.log.lock().expect("lock").push(message.clone());
        message
    }

    fn room(&self) -> Room {
        let ver = self.0.log.lock().expect("lock").len() as i64;
        Room {
            id: Id(ROOM),
            kind: "open".into(),
            name: "Lobby".into(),
            topic: String::new(),
            seq: ver,
            ver,
            read_seq: 0,
            unread: ver,
            mentions: 0,
            involvement: "mentions".into(),
            last_message_at: None,
            other: None,
        }
    }
}

fn person() -> User {
    User {
        id: Id(1),
        username: "mei".into(),
        avatar_url: None,
    }
}

fn message(ver: i64) -> Message {
    Message {
        room_id: Id(ROOM),
        seq: ver,
        ver,
        id: Id(ver),
        client_id: String::new(),
        user: person(),
        content: ver.to_string(),
        html: String::new(),
        created_at: String::new(),
        edited_at: None,
        deleted_at: None,
    }
}

impl Store for Shelf {
    fn draft(&self, _: i64, _: i64, _: &str, _: &str) -> Result<Draft, Code> {
        Err(Code::BadFrame)
    }

    fn content(&self, _: &str) -> Result<String, Code> {
        Err(Code::Empty)
    }

    fn mark(&self, _: i64, _: i64, _: i64, _: bool) -> BoxFuture<'static, Result<Mark>> {
        async { Err(Error::NotFound) }.boxed()
    }

    fn mark_all(&self, _: i64) -> BoxFuture<'static, Result<Vec<(i64, Mark)>>> {
        async { Err(Error::NotFound) }.boxed()
    }

    fn room_of(&self, _: i64, _: i64) -> BoxFuture<'static, Result<Room>> {
        let room = self.room();
        async { Ok(room) }.boxed()
    }

    fn direct_with(&self, _: i64, _: String) -> BoxFuture<'static, Result<Direct>> {
        async { Err(Error::NotFound) }.boxed()
    }

    fn room_ids_of(&self, _: i64) -> BoxFuture<'static, Result<Vec<(i64, bool)>>> {
        async { Ok(vec![(ROOM, false)]) }.boxed()
    }

    fn rooms_of(&self, _: i64, _: Arc<str>) -> BoxFuture<'static, Result<Vec<Room>>> {
        let rooms = vec![self.room()];
        async { Ok(rooms) }.boxed()
    }

    fn last_seen(&self, _: i64) -> BoxFuture<'static, Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn latest_change(&self) -> BoxFuture<'static, Result<i64>> {
        async { Ok(0) }.boxed()
    }

    fn messages_after(&self, _: i64, _: i64, _: bool) -> BoxFuture<'static, Result<Numbered>> {
        async { Err(Error::NotFound) }.boxed()
    }

    fn changes(&self, _: i64, ver: i64) -> BoxFuture<'static, Result<Changes>> {
        let shelf = self.clone();
        async move {
            let messages: Vec<Message> = {
                let log = shelf.0.log.lock().expect("lock");
                log.iter()
                    .filter(|message| message.ver > ver)
                    .cloned()
                    .collect()
            };
            shelf
                .0
                .pages
                .acquire()
                .await
                .map_err(Error::internal)?
                .forget();
            let last_ver = messages.last().map_or(ver, |message| message.ver);
            Ok(Changes {
                messages,
                ver: last_ver,
                more: false,
                last_ver,
            })
        }
        .boxed()
    }
}

impl Log for Shelf {
    fn append(&mut self, writes: &[Write]) -> Result<Vec<Verdict>> {
        Ok(writes.iter().map(|_| Err(Code::Unavailable)).collect())
    }
}

fn live(shelf: &Shelf) -> Arc<Live> {
    let store: Arc<dyn Store> = Arc::new(shelf.clone());
    let hub = Arc::new(Hub::new(store.clone()));
    Arc::new(Live {
        writer: Writer::start(shelf.clone(), hub.clone(), 8).expect("a thread"),
        hub,
        store,
        presence: Presence::default(),
        throttle: Throttle::new(1, 1, false),
        turnstile: Turnstile::new(None, usize::MAX),
        limits: Limits {
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

async fn connect(live: &Arc<Live>) -> Connection {
    let desk = Desk::open(live.hub.clone());
    let sentences = Box::new(|_| String::new());
    let connection = Connection::open(desk, live.clone(), person(), "".into(), sentences).await;
    connection.expect("a connection")
}

/// The next frames of a seat: a message as its number, others by their type.
async fn heard(seat: &Seat, until: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.last().map(String::as_str) != Some(until) {
        let wire = poll_fn(|cx| seat.poll_wire(cx)).await.expect("more");
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let json = payload(rest).expect("a text frame");
            let mut values = serde_json::Deserializer::from_slice(json).into_iter();
            let frame: serde_json::Value = values.next().expect("a frame").expect("JSON");
            let length = values.byte_offset();
            rest = &json[length..];
            let content = frame["content"].as_str();
            heard.push(
                content
                    .or(frame["type"].as_str())
                    .unwrap_or_default()
                    .to_owned(),
            );
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
        let shelf = Shelf::new(0);
        (1..=3).for_each(|ver| drop(shelf.add(ver)));
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
        let later = [shelf.add(4), shelf.add(5)];
        live.hub.publish(later.iter());
        settle().await;
        shelf.0.pages.add_permits(1);
        let _connection = sync.await.expect("no panic");
        assert_eq!(heard(&seat, "5").await, ["1", "2", "3", "synced", "4", "5"]);
    });
}

#[test]
fn whatever_order_changes_come_in_everybody_hears_all_of_them_once_and_in_order() {
    for seed in 0..300 {
        run(async move {
            let mut random = StdRng::seed_from_u64(seed);
            let shelf = Shelf::new(10_000);
            let live = live(&shelf);
            let mender = live.hub.clone();
            tokio::task::spawn_local(async move { mender.mend().await });
            let connection = connect(&live).await;
            let seat: Rc<Seat> = connection.seat.clone();
            let count = random.random_range(2..60);
            let mut messages: Vec<Message> = (1..=count).map(|ver| shelf.add(ver)).collect();
            let last = messages[messages.len() - 1].clone();
            // Some are lost, some come twice, and all of them anyhow.
            messages.retain(|_| random.random_bool(0.8));
            let again: Vec<Message> = messages.iter().take(5).cloned().collect();
            messages.extend(again);
            // What comes last may have come from another server, which is seen by looking.
            let is_heard = random.random_bool(0.5);
            if is_heard {
                messages.push(last);
            }
            messages.shuffle(&mut random);
            while !messages.is_empty() {
                let size = random.random_range(1..=messages.len().min(4));
                let batch: Vec<Message> = messages.drain(..size).collect();
                live.hub.publish(batch.iter());
                if random.random_bool(0.3) {
                    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
                }
            }
            if !is_heard {
                live.hub.reach(&[(ROOM, count)]);
            }
            let mut expected = vec!["hello".to_owned()];
            expected.extend((1..=count).map(|ver| ver.to_string()));
            assert_eq!(
                heard(&seat, &count.to_string()).await,
                expected,
                "seed {seed}"
            );
        });
    }
}

#[test]
fn what_others_wrote_before_the_room_was_settled_is_not_forgotten() {
    run(async {
        let shelf = Shelf::new(8);
        (1..=3).for_each(|ver| drop(shelf.add(ver)));
        let live = live(&shelf);
        let mender = live.hub.clone();
        tokio::task::spawn_local(async move { mender.mend().await });
        let desk = Desk::open(live.hub.clone());
        let seat = Seat::new(1, "".into());
        desk.admit(&seat);
        desk.join(&seat, ROOM);
        // It read the room at 3; then others wrote, and that was seen before the seat went live.
        (4..=5).for_each(|ver| drop(shelf.add(ver)));
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
        let shelf = Shelf::new(0);
        let live = live(&shelf);
        let mender = live.hub.clone();
        tokio::task::spawn_local(async move { mender.mend().await });
        let connection = connect(&live).await;
        let mine = [shelf.add(1), shelf.add(2)];
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
        let live = live(&Shelf::new(0));
        let connection = connect(&live).await;
        let seat = connection.seat.clone();
        let events = Events::start(connection, Wanted::Everything, None).await;
        let mut events = events.expect("a stream");
        // There is something to be sent, and then the session ends.
        seat.close(CloseCode::SignedOut);
        assert_eq!(events.next().await, None);
    });
}
