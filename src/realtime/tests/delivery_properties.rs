//! Changes reach the hub in any order, some twice, some never, while people come, go and ask. Whatever happens, each
//! client ends up with what the store has, and was never told of a change twice or silently not told of one.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::sleep;

use super::client::{Client, Socket};
use super::memory_store::MemoryStore;
use super::{ROOM, realtime, run, yield_to_tasks};
use crate::realtime::frames::Message;
use crate::realtime::hub::worker_commands::WorkerCommand;
use crate::realtime::service::Realtime;
use crate::realtime::worker_hub::WorkerHub;

/// So many at least; `PROPTEST_CASES` may ask for more.
const CASES: u32 = 2_000;
const CLIENTS: usize = 2;
const WORKERS: usize = 2;
/// By then everybody must have everything, in the test's own time.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// So many new messages are committed together, and are on their way to the hub.
    Say(usize),
    /// A message is changed.
    Change(usize),
    /// Something that is on its way arrives; when `again`, it will arrive once more.
    Arrive { which: usize, again: bool },
    /// Something that is on its way gets lost.
    Lose(usize),
    /// So many messages at once, each on its own: more than a seat may have waiting.
    Flood,
    /// Milliseconds pass.
    Wait(u64),
    /// Somebody connects, unless they are.
    Come(usize),
    /// A connection is lost.
    Go(usize),
    /// A client takes what is there for it.
    Read(usize),
    /// A client asks for what it misses, without need.
    Sync(usize),
    /// A client claims to know more than there is.
    Boast(usize),
    /// Somebody enters the room …
    Enter(usize),
    /// … or is removed from it.
    Leave(usize),
    /// From now on the store takes so many milliseconds.
    Lag(u64),
    /// The next pages of the store fail.
    Fail(usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let client = 0..CLIENTS;
    let event = prop_oneof![
        130 => (1_usize..7).prop_map(Event::Say),
        80 => any::<usize>().prop_map(Event::Change),
        200 => any::<(usize, bool)>().prop_map(|(which, again)| Event::Arrive { which, again }),
        40 => any::<usize>().prop_map(Event::Lose),
        1 => Just(Event::Flood),
        120 => (0_u64..100).prop_map(Event::Wait),
        90 => client.clone().prop_map(Event::Come),
        50 => client.clone().prop_map(Event::Go),
        200 => client.clone().prop_map(Event::Read),
        40 => client.clone().prop_map(Event::Sync),
        10 => client.clone().prop_map(Event::Boast),
        60 => client.clone().prop_map(Event::Enter),
        60 => client.prop_map(Event::Leave),
        50 => (0_u64..60).prop_map(Event::Lag),
        20 => (0_usize..3).prop_map(Event::Fail),
    ];
    prop::collection::vec(event, 1..50)
}

/// A server, and what is under way in it.
struct World {
    store: MemoryStore,
    realtime: Arc<Realtime>,
    workers: Vec<Rc<WorkerHub>>,
    clients: Vec<Client>,
    under_way: Vec<Vec<Message>>,
}

impl World {
    fn new() -> Self {
        let store = MemoryStore::new(usize::MAX >> 4);
        let realtime = realtime(&store);
        let mender = realtime.hub.clone();
        tokio::task::spawn_local(async move { mender.run_gap_recovery().await });
        let workers = (0..WORKERS).map(|_| WorkerHub::start(realtime.hub.clone()));
        Self {
            workers: workers.collect(),
            clients: (1..=CLIENTS as i64).map(Client::new).collect(),
            under_way: Vec::new(),
            store,
            realtime,
        }
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Say(count) => {
                let batch = (0..count).map(|_| self.store.add()).collect();
                self.under_way.push(batch);
            }
            Event::Change(index) if self.store.ver() > 0 => {
                self.under_way.push(vec![self.store.change(index)]);
            }
            Event::Arrive { which, again } if !self.under_way.is_empty() => {
                let which = which % self.under_way.len();
                self.realtime.hub.publish(self.under_way[which].iter());
                if !again {
                    self.under_way.swap_remove(which);
                }
                tokio::task::yield_now().await;
            }
            Event::Lose(which) if !self.under_way.is_empty() => {
                let which = which % self.under_way.len();
                self.under_way.swap_remove(which);
            }
            Event::Flood => {
                for _ in 0..300 {
                    self.realtime.hub.publish([self.store.add()].iter());
                }
                yield_to_tasks().await;
            }
            Event::Wait(ms) => sleep(Duration::from_millis(ms)).await,
            Event::Come(who) => self.come(who),
            Event::Go(who) => self.clients[who].lose(),
            Event::Read(who) => self.clients[who].read(&self.store),
            Event::Sync(who) if self.clients[who].is_idle() => {
                let ver = self.clients[who].ver;
                self.clients[who].sync_from(ver);
            }
            Event::Boast(who) if self.clients[who].is_idle() => {
                self.clients[who].sync_from(1_000_000);
            }
            Event::Enter(who) => self.enter(who),
            Event::Leave(who) => self.remove(who).await,
            Event::Lag(ms) => self.store.0.lag.store(ms, Ordering::Relaxed),
            Event::Fail(pages) => self.store.0.failures.store(pages, Ordering::Relaxed),
            _ => {}
        }
    }

    fn enter(&mut self, who: usize) {
        let client = &mut self.clients[who];
        client.is_out = false;
        self.store.admit(client.user_id);
        self.realtime
            .hub
            .send_to_workers(&WorkerCommand::JoinRoom(client.user_id, ROOM));
    }

    /// From the moment when everybody knows of it nothing more may be told.
    async fn remove(&mut self, who: usize) {
        let client = &mut self.clients[who];
        self.store.dismiss(client.user_id);
        self.realtime
            .hub
            .send_to_workers(&WorkerCommand::LeaveRoom(client.user_id, ROOM));
        yield_to_tasks().await;
        client.read(&self.store);
        client.is_out = true;
    }

    fn come(&mut self, who: usize) {
        let client = &mut self.clients[who];
        if client.socket.is_none() {
            let worker = self.workers[who % WORKERS].clone();
            let socket = Socket::open(self.realtime.clone(), worker, client.user_id);
            client.socket = Some(socket);
        }
    }

    /// Everybody comes, the faults end and one more message is said: now nobody may miss anything.
    async fn end(mut self) {
        self.happens(Event::Lag(0)).await;
        self.happens(Event::Fail(0)).await;
        for who in 0..CLIENTS {
            self.happens(Event::Come(who)).await;
            self.happens(Event::Enter(who)).await;
        }
        sleep(Duration::from_secs(1)).await;
        self.realtime.hub.publish([self.store.add()].iter());
        let (last, wanted) = (self.store.ver(), self.store.vers());
        let mut waited = Duration::ZERO;
        while self.clients.iter().any(|client| client.ver < last) {
            assert!(waited < TIME_LIMIT, "somebody misses something for ever");
            for who in 0..CLIENTS {
                self.clients[who].read(&self.store);
                self.come(who);
            }
            let pause = Duration::from_millis(50);
            sleep(pause).await;
            waited += pause;
        }
        for client in &self.clients {
            assert_eq!(client.known, wanted, "person {}", client.user_id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(CASES),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_everybody_hears_every_change_once_and_in_order(events in events()) {
        run(async move {
            let mut world = World::new();
            for event in events {
                world.happens(event).await;
            }
            world.end().await;
        });
    }
}
