//! Publishes changes to the hub in any order, some twice and some never, while clients connect, disconnect, join, leave
//! and sync. Every client must end up with the store's state, without receiving a change twice or missing one
//! unnoticed.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::sleep;

use super::client::{Client, Socket};
use super::memory_store::MemoryStore;
use super::{ROOM, realtime, run, yield_to_tasks};
use crate::protocol::Message;
use crate::realtime::hub::worker_commands::WorkerCommand;
use crate::realtime::service::Realtime;
use crate::realtime::worker_hub::WorkerHub;

/// Minimum number of cases; `PROPTEST_CASES` can raise it.
const CASES: u32 = 2_000;
const CLIENTS: usize = 2;
const WORKERS: usize = 2;
/// Simulated time by which every client must be up to date.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A step of a test case. A `usize` selects a client or an entry, modulo their number.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Commits this many new messages in one batch, without publishing it.
    Commit(usize),
    /// Commits a change of a message, without publishing it.
    Edit(usize),
    /// Publishes a committed batch; `again` keeps it for another time.
    Publish { which: usize, again: bool },
    /// Discards a committed batch without publishing it.
    Discard(usize),
    /// Publishes 300 messages one by one, more than a send queue holds.
    Flood,
    /// Lets milliseconds pass.
    Wait(u64),
    /// Connects a client if it is not connected.
    Connect(usize),
    /// Drops a client's connection.
    Disconnect(usize),
    /// Reads the frames that a client has received.
    Read(usize),
    /// Sends a redundant `sync`.
    Sync(usize),
    /// Sends a `sync` with a version ahead of the store.
    SyncAhead(usize),
    /// Adds a client's user to the room.
    Join(usize),
    /// Removes a client's user from the room.
    Leave(usize),
    /// Delays later reads of the store, in milliseconds.
    Delay(u64),
    /// Makes this many reads of the store fail.
    Fail(usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let client = 0..CLIENTS;
    let event = prop_oneof![
        130 => (1_usize..7).prop_map(Event::Commit),
        80 => any::<usize>().prop_map(Event::Edit),
        200 => any::<(usize, bool)>().prop_map(|(which, again)| Event::Publish { which, again }),
        40 => any::<usize>().prop_map(Event::Discard),
        1 => Just(Event::Flood),
        120 => (0_u64..100).prop_map(Event::Wait),
        90 => client.clone().prop_map(Event::Connect),
        50 => client.clone().prop_map(Event::Disconnect),
        200 => client.clone().prop_map(Event::Read),
        40 => client.clone().prop_map(Event::Sync),
        10 => client.clone().prop_map(Event::SyncAhead),
        60 => client.clone().prop_map(Event::Join),
        60 => client.prop_map(Event::Leave),
        50 => (0_u64..60).prop_map(Event::Delay),
        20 => (0_usize..3).prop_map(Event::Fail),
    ];
    prop::collection::vec(event, 1..50)
}

/// A server with its clients, and committed batches that are not published yet.
struct Simulation {
    store: MemoryStore,
    realtime: Arc<Realtime>,
    workers: Vec<Rc<WorkerHub>>,
    clients: Vec<Client>,
    unpublished: Vec<Vec<Message>>,
}

impl Simulation {
    fn new() -> Self {
        let store = MemoryStore::new(usize::MAX >> 4);
        let realtime = realtime(&store);
        let hub = realtime.hub.clone();
        tokio::task::spawn_local(async move { hub.run_gap_recovery().await });
        let workers = (0..WORKERS).map(|_| WorkerHub::start(realtime.hub.clone()));
        Self {
            workers: workers.collect(),
            clients: (1..=CLIENTS as i64).map(Client::new).collect(),
            unpublished: Vec::new(),
            store,
            realtime,
        }
    }

    async fn apply(&mut self, event: Event) {
        match event {
            Event::Commit(count) => {
                let batch = (0..count).map(|_| self.store.add()).collect();
                self.unpublished.push(batch);
            }
            Event::Edit(index) if self.store.ver() > 0 => {
                self.unpublished.push(vec![self.store.change(index)]);
            }
            Event::Publish { which, again } if !self.unpublished.is_empty() => {
                let which = which % self.unpublished.len();
                self.realtime.hub.publish(self.unpublished[which].iter());
                if !again {
                    self.unpublished.swap_remove(which);
                }
                tokio::task::yield_now().await;
            }
            Event::Discard(which) if !self.unpublished.is_empty() => {
                let which = which % self.unpublished.len();
                self.unpublished.swap_remove(which);
            }
            Event::Flood => {
                for _ in 0..300 {
                    self.realtime.hub.publish([self.store.add()].iter());
                }
                yield_to_tasks().await;
            }
            Event::Wait(ms) => sleep(Duration::from_millis(ms)).await,
            Event::Connect(index) => self.connect(index),
            Event::Disconnect(index) => self.clients[index].disconnect(),
            Event::Read(index) => self.clients[index].read(&self.store),
            Event::Sync(index) if self.clients[index].is_idle() => {
                let ver = self.clients[index].ver;
                self.clients[index].sync_from(ver);
            }
            Event::SyncAhead(index) if self.clients[index].is_idle() => {
                self.clients[index].sync_from(1_000_000);
            }
            Event::Join(index) => self.join(index),
            Event::Leave(index) => self.remove(index).await,
            Event::Delay(ms) => self.store.0.delay_ms.store(ms, Ordering::Relaxed),
            Event::Fail(pages) => self.store.0.failures.store(pages, Ordering::Relaxed),
            _ => {}
        }
    }

    fn join(&mut self, index: usize) {
        let client = &mut self.clients[index];
        client.is_removed = false;
        self.store.add_member(client.user_id);
        self.realtime
            .hub
            .send_to_workers(&WorkerCommand::JoinRoom(client.user_id, ROOM));
    }

    /// Once all tasks have run, the client may receive no more messages.
    async fn remove(&mut self, index: usize) {
        let client = &mut self.clients[index];
        self.store.remove_member(client.user_id);
        self.realtime
            .hub
            .send_to_workers(&WorkerCommand::LeaveRoom(client.user_id, ROOM));
        yield_to_tasks().await;
        client.read(&self.store);
        client.is_removed = true;
    }

    fn connect(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if client.socket.is_none() {
            let worker = self.workers[index % WORKERS].clone();
            let socket = Socket::open(self.realtime.clone(), worker, client.user_id);
            client.socket = Some(socket);
        }
    }

    /// Ends the faults, connects all clients, publishes one more message, and checks that every client catches up.
    async fn end(mut self) {
        self.apply(Event::Delay(0)).await;
        self.apply(Event::Fail(0)).await;
        for index in 0..CLIENTS {
            self.apply(Event::Connect(index)).await;
            self.apply(Event::Join(index)).await;
        }
        sleep(Duration::from_secs(1)).await;
        self.realtime.hub.publish([self.store.add()].iter());
        let (last, expected) = (self.store.ver(), self.store.vers());
        let mut waited = Duration::ZERO;
        while self.clients.iter().any(|client| client.ver < last) {
            assert!(waited < TIME_LIMIT, "a client does not catch up");
            for index in 0..CLIENTS {
                self.clients[index].read(&self.store);
                self.connect(index);
            }
            let pause = Duration::from_millis(50);
            sleep(pause).await;
            waited += pause;
        }
        for client in &self.clients {
            assert_eq!(client.versions, expected, "user {}", client.user_id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(CASES),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_client_receives_every_change_once_and_in_order(events in events()) {
        run(async move {
            let mut simulation = Simulation::new();
            for event in events {
                simulation.apply(event).await;
            }
            simulation.end().await;
        });
    }
}
