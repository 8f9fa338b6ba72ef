//! One worker thread's part of the hub: its subscribers, their rooms, and the fan-out. Everything here belongs to one
//! thread, so delivery needs no lock and no message per socket.

mod rooms;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::protocol::websocket::CloseCode;
use crate::realtime::hub::Hub;
use crate::realtime::hub::worker_commands::{
    DeliveryBacklog, EncodedBatch, WorkerCommand, WorkerReceiver,
};
use crate::realtime::subscriber::Subscriber;
use crate::realtime::subscriber::subscription::Subscription;

/// Number of subscribers after which the fan-out yields to other tasks.
const FAN_OUT_SLICE: usize = 256;
/// Number of subscribers that are read before the first write.
const PREFETCH: usize = 16;

/// The subscriptions to one room. Each keeps its slot, so that a fan-out can pause between slots.
#[derive(Default)]
struct RoomSubscriptions {
    slots: Vec<Option<Rc<Subscription>>>,
    free_slots: Vec<usize>,
}

/// A worker thread's subscribers and their room subscriptions.
pub struct WorkerHub {
    index: usize,
    hub: Arc<Hub>,
    rooms: RefCell<HashMap<i64, RoomSubscriptions>>,
    subscribers: RefCell<HashMap<i64, Vec<Rc<Subscriber>>>>,
}

impl WorkerHub {
    /// Registers this thread with the hub and starts its deliveries. Must be called in the thread's `LocalSet`.
    pub fn start(hub: Arc<Hub>) -> Rc<Self> {
        let receiver = hub.register_worker();
        let worker = Rc::new(Self {
            index: receiver.index,
            hub,
            rooms: RefCell::default(),
            subscribers: RefCell::default(),
        });
        tokio::task::spawn_local(worker.clone().run(receiver));
        worker
    }

    /// Returns the number of connections of this worker.
    pub fn connection_count(&self) -> usize {
        self.subscribers.borrow().values().map(Vec::len).sum()
    }

    /// Adds a subscriber, which can be addressed by [`WorkerCommand`]s from now on.
    pub fn add(&self, subscriber: &Rc<Subscriber>) {
        let mut subscribers = self.subscribers.borrow_mut();
        subscribers
            .entry(subscriber.user_id)
            .or_default()
            .push(subscriber.clone());
        self.hub
            .connected_sessions
            .add(subscriber.user_id, &subscriber.session);
        self.hub.metrics.opened(subscriber.kind());
        if self.hub.is_stopping() {
            subscriber.close(CloseCode::GoingAway);
        }
    }

    /// Subscribes to a room, buffering live changes. Returns the subscription and the result of [`Hub::subscribe`].
    pub(super) fn subscribe(
        &self,
        subscriber: &Rc<Subscriber>,
        room_id: i64,
    ) -> (Rc<Subscription>, Option<i64>) {
        let mut rooms = self.rooms.borrow_mut();
        let subscriptions = rooms.entry(room_id).or_default();
        let slot = subscriptions.free_slots.pop().unwrap_or_else(|| {
            subscriptions.slots.push(None);
            subscriptions.slots.len() - 1
        });
        let subscription = Subscription::pending(subscriber.clone(), slot);
        subscriptions.slots[slot] = Some(subscription.clone());
        subscriber.add_subscription(room_id, subscription.clone());
        let last_ver = self.hub.subscribe(room_id, self.index);
        (subscription, last_ver)
    }

    /// Removes the subscription to a room.
    pub fn unsubscribe(&self, subscriber: &Rc<Subscriber>, room_id: i64) {
        if let Some(subscription) = subscriber.remove_subscription(room_id) {
            self.release(room_id, &subscription);
        }
    }

    fn release(&self, room_id: i64, subscription: &Subscription) {
        self.hub.unsubscribe(room_id, self.index);
        let mut rooms = self.rooms.borrow_mut();
        if let Some(subscriptions) = rooms.get_mut(&room_id) {
            subscriptions.slots[subscription.slot] = None;
            subscriptions.free_slots.push(subscription.slot);
            if subscriptions.free_slots.len() == subscriptions.slots.len() {
                rooms.remove(&room_id);
            }
        }
    }

    /// Removes a subscriber whose connection ended.
    pub fn remove(&self, subscriber: &Rc<Subscriber>) {
        for (room_id, subscription) in subscriber.remove_all_subscriptions() {
            self.release(room_id, &subscription);
        }
        self.hub
            .connected_sessions
            .remove(subscriber.user_id, &subscriber.session);
        self.hub
            .metrics
            .closed(subscriber.kind(), subscriber.close_code());
        let mut subscribers = self.subscribers.borrow_mut();
        if let Some(connections) = subscribers.get_mut(&subscriber.user_id) {
            connections.retain(|other| !Rc::ptr_eq(other, subscriber));
            if connections.is_empty() {
                subscribers.remove(&subscriber.user_id);
            }
        }
    }

    async fn run(self: Rc<Self>, mut receiver: WorkerReceiver) {
        while let Some(command) = receiver.commands.recv().await {
            self.execute(command, &receiver.backlog).await;
            if receiver.overflowed.swap(false, Ordering::AcqRel) {
                tracing::warn!(
                    "worker command queue overflowed; closing the worker's connections with 4008"
                );
                self.hub.metrics.worker_queue_overflows.inc();
                self.close_all(CloseCode::TooSlow);
            }
        }
    }

    async fn execute(self: &Rc<Self>, command: WorkerCommand, backlog: &DeliveryBacklog) {
        match command {
            WorkerCommand::Deliver {
                room_id,
                batch,
                writes,
            } => self.deliver(room_id, &batch, writes, backlog).await,
            WorkerCommand::SendToRoom(room_id, audience, frame) => {
                let send = |subscription: &Subscription| {
                    if subscription.subscriber.is_in_audience(audience, room_id) {
                        subscription.subscriber.push(frame.clone());
                    }
                };
                self.for_each_subscription(room_id, send, |_| {}).await;
            }
            WorkerCommand::SendToUser(user_id, frame) => {
                self.for_each_subscriber_of(user_id, |subscriber| subscriber.push(frame.clone()));
            }
            WorkerCommand::JoinRoom(user_id, room_id) => {
                self.for_each_subscriber_of(user_id, |subscriber| {
                    self.start_subscribing(subscriber, room_id);
                });
            }
            WorkerCommand::LeaveRoom(user_id, room_id) => {
                self.for_each_subscriber_of(user_id, |subscriber| {
                    self.remove_from_room(subscriber, room_id);
                });
            }
            WorkerCommand::InvitationsChanged(user_id) => {
                tokio::task::spawn_local(self.clone().send_invitations(user_id));
            }
            WorkerCommand::RoomDeleted(room_id) => {
                for subscriber in self.subscribers_in(room_id) {
                    self.remove_from_room(&subscriber, room_id);
                }
            }
            WorkerCommand::RoomChanged(room_id) => {
                tokio::task::spawn_local(self.clone().send_room(room_id));
            }
            WorkerCommand::CloseSession(user_id, session, code) => {
                let mut ended = self.subscribers_of(user_id);
                ended.retain(|subscriber| subscriber.session == session);
                ended.iter().for_each(|subscriber| subscriber.close(code));
            }
            WorkerCommand::CloseConnection(user_id, id, code) => {
                let mut evicted = self.subscribers_of(user_id);
                evicted.retain(|subscriber| subscriber.id == id);
                evicted.iter().for_each(|subscriber| subscriber.close(code));
            }
            WorkerCommand::CloseAll(code) => self.close_all(code),
        }
    }

    fn for_each_subscriber_of(&self, user_id: i64, visit: impl Fn(&Rc<Subscriber>)) {
        self.subscribers_of(user_id).iter().for_each(visit);
    }

    async fn deliver(
        &self,
        room_id: i64,
        batch: &Arc<EncodedBatch>,
        writes: usize,
        backlog: &DeliveryBacklog,
    ) {
        let (sockets, left) = (Cell::new(0), Cell::new(writes));
        let visit = |subscription: &Subscription| {
            let is_sent = subscription.receive(batch);
            sockets.set(sockets.get() + u64::from(is_sent));
        };
        let written = |visited: usize| {
            let done = visited.min(left.get());
            left.set(left.get() - done);
            backlog.complete(done);
        };
        self.for_each_subscription(room_id, visit, written).await;
        backlog.complete(left.get());
        let messages = batch.ends.len() as u64;
        let deliveries = sockets.get() * messages;
        self.hub.metrics.deliveries.inc_by(deliveries);
    }

    fn subscribers_of(&self, user_id: i64) -> Vec<Rc<Subscriber>> {
        let subscribers = self.subscribers.borrow();
        subscribers.get(&user_id).cloned().unwrap_or_default()
    }

    fn subscribers_in(&self, room_id: i64) -> Vec<Rc<Subscriber>> {
        let rooms = self.rooms.borrow();
        let subscriptions = rooms
            .get(&room_id)
            .into_iter()
            .flat_map(|subscriptions| &subscriptions.slots);
        subscriptions
            .flatten()
            .map(|subscription| subscription.subscriber.clone())
            .collect()
    }

    fn close_all(&self, code: CloseCode) {
        for subscriber in self.subscribers.borrow().values().flatten() {
            subscriber.close(code);
        }
    }

    /// Calls `visit` for the subscriptions of a room. Yields after each slice and then reports its length to `visited`.
    /// A subscriber added during a pause reads what is being delivered from the store; one that is removed is skipped.
    async fn for_each_subscription(
        &self,
        room_id: i64,
        visit: impl Fn(&Subscription),
        visited: impl Fn(usize),
    ) {
        let mut start = 0;
        loop {
            {
                let rooms = self.rooms.borrow();
                let Some(subscriptions) = rooms.get(&room_id) else {
                    return;
                };
                let Some(rest) = subscriptions.slots.get(start..) else {
                    return;
                };
                let slice = &rest[..rest.len().min(FAN_OUT_SLICE)];
                for chunk in slice.chunks(PREFETCH) {
                    // Subscriber state is not in the CPU cache. Reading several before the first write overlaps the
                    // cache misses.
                    let is_writable = |subscription: &&Rc<Subscription>| subscription.is_writable();
                    black_box(chunk.iter().flatten().filter(is_writable).count());
                    chunk
                        .iter()
                        .flatten()
                        .for_each(|subscription| visit(subscription));
                }
                if rest.len() <= FAN_OUT_SLICE {
                    return;
                }
                start += FAN_OUT_SLICE;
            }
            tokio::task::yield_now().await;
            visited(FAN_OUT_SLICE);
        }
    }
}
