//! Delivers committed messages to subscribers. For each room with subscribers the hub keeps the last delivered version:
//! it delivers the next one, drops older ones, and holds those that arrive out of order. A gap that does not close by
//! itself is read from the store.

pub mod change_clock;
pub(super) mod gap_recovery;
pub(super) mod subscriptions;
pub mod worker_commands;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, mpsc};

use self::change_clock::ChangeClock;
use self::worker_commands::{
    Audience, DeliveryBacklog, EncodedBatch, WorkerCommand, WorkerReceiver, WorkerSender,
};
use crate::protocol::Message;
use crate::protocol::websocket::CloseCode;
use crate::realtime::connected_sessions::ConnectedSessions;
use crate::realtime::metrics::RealtimeMetrics;
use crate::realtime::store::Store;

/// Maximum number of queued commands per worker. When a worker's queue is full, its connections are closed and catch up
/// by `sync`.
const WORKER_QUEUE_CAPACITY: usize = 1024;
/// Number of held out-of-order changes per room; beyond it they are dropped and read from the store.
const MAX_OUT_OF_ORDER: usize = 1024;

/// Longest time the writer waits for workers that are behind.
const MAX_BACKLOG_WAIT: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(super) struct RoomState {
    /// The last delivered version; `None` until a subscriber has read the room.
    pub(super) last_ver: Option<i64>,
    /// First version delivered since tracking began; readers with an older baseline must re-read.
    pub(super) first_ver: i64,
    /// The latest version known to be in the store, from other processes or from dropped changes.
    pub(super) stored_ver: i64,
    pub(super) out_of_order: BTreeMap<i64, Bytes>,
    /// Number of subscribers on each worker.
    pub(super) subscribers: Vec<usize>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) rooms: HashMap<i64, RoomState>,
    workers: Vec<WorkerSender>,
    pub(super) gaps: HashSet<i64>,
}

/// Delivers committed messages and sends commands to the workers.
pub struct Hub {
    /// The sessions connected to this process.
    pub connected_sessions: ConnectedSessions,
    /// Detects changes while a user connects.
    pub change_clock: ChangeClock,
    /// The metrics of the realtime layer.
    pub metrics: RealtimeMetrics,
    inner: Mutex<State>,
    store: Arc<dyn Store>,
    pub(super) gap: Notify,
    stopping: AtomicBool,
}

impl Hub {
    /// Creates a hub without workers.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            connected_sessions: ConnectedSessions::default(),
            change_clock: ChangeClock::default(),
            metrics: RealtimeMetrics::default(),
            inner: Mutex::default(),
            store,
            gap: Notify::new(),
            stopping: AtomicBool::new(false),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a worker thread.
    pub fn register_worker(&self) -> WorkerReceiver {
        let (sender, commands) = mpsc::channel(WORKER_QUEUE_CAPACITY);
        let overflowed = Arc::<AtomicBool>::default();
        let backlog = Arc::<DeliveryBacklog>::default();
        let mut inner = self.lock();
        inner.workers.push(WorkerSender {
            backlog: backlog.clone(),
            commands: sender,
            overflowed: overflowed.clone(),
        });
        WorkerReceiver {
            backlog,
            index: inner.workers.len() - 1,
            commands,
            overflowed,
        }
    }

    /// Delivers committed messages in the order of their rooms' versions.
    pub fn publish<'a>(&self, messages: impl Iterator<Item = &'a Message>) {
        let mut by_room: HashMap<i64, Vec<&Message>> = HashMap::new();
        for message in self.with_subscribers(messages) {
            by_room.entry(message.room_id.0).or_default().push(message);
        }
        let batches = by_room
            .into_iter()
            .map(|(room_id, messages)| (room_id, EncodedBatch::encode(messages)));
        let batches: Vec<_> = batches.collect();
        let mut inner = self.lock();
        for (room_id, batch) in batches {
            self.publish_batch(&mut inner, room_id, batch);
        }
    }

    /// Returns the messages of rooms with subscribers; records the other rooms as changed.
    fn with_subscribers<'a>(
        &self,
        messages: impl Iterator<Item = &'a Message>,
    ) -> Vec<&'a Message> {
        let inner = self.lock();
        let has_subscribers = |message: &&Message| {
            let room = inner.rooms.get(&message.room_id.0);
            if room.is_none_or(|room| room.last_ver.is_none()) {
                self.change_clock.record_room(message.room_id.0);
            }
            room.is_some()
        };
        messages.filter(has_subscribers).collect()
    }

    fn publish_batch(&self, inner: &mut State, room_id: i64, batch: EncodedBatch) {
        let Some(room) = inner.rooms.get_mut(&room_id) else {
            return;
        };
        let next = room.last_ver.map(|ver| ver + 1);
        let in_order = (batch.ends.iter().zip(next.unwrap_or(0)..))
            .all(|((ver, _), expected)| *ver == expected);
        if next.is_some() && in_order && room.out_of_order.is_empty() {
            room.last_ver = batch.ends.last().map(|(ver, _)| *ver).or(room.last_ver);
            inner.send_batch(room_id, Arc::new(batch));
            return;
        }
        let mut start = 0;
        let mut frames = Vec::with_capacity(batch.ends.len());
        for (ver, end) in batch.ends {
            frames.push((ver, batch.wire.slice(start..end)));
            start = end;
        }
        self.deliver_in_order(inner, room_id, frames);
    }

    /// Adds frames to the held ones and delivers those that are in order now.
    pub(super) fn deliver_in_order(
        &self,
        inner: &mut State,
        room_id: i64,
        frames: Vec<(i64, Bytes)>,
    ) {
        let Some(room) = inner.rooms.get_mut(&room_id) else {
            return;
        };
        room.out_of_order.extend(frames);
        let Some(mut last) = room.last_ver else {
            return;
        };
        room.out_of_order = room.out_of_order.split_off(&(last + 1));
        let mut wire = BytesMut::new();
        let mut ends = Vec::new();
        while let Some(frame) = room.out_of_order.remove(&(last + 1)) {
            last += 1;
            wire.extend_from_slice(&frame);
            ends.push((last, wire.len()));
        }
        room.last_ver = Some(last);
        if room.out_of_order.len() > MAX_OUT_OF_ORDER {
            let latest = room
                .out_of_order
                .last_key_value()
                .map_or(0, |(ver, _)| *ver);
            room.stored_ver = room.stored_ver.max(latest);
            room.out_of_order.clear();
        }
        if room.has_gap() {
            inner.gaps.insert(room_id);
            self.gap.notify_one();
        }
        if !ends.is_empty() {
            inner.send_batch(
                room_id,
                Arc::new(EncodedBatch {
                    wire: wire.freeze(),
                    ends,
                }),
            );
        }
    }

    /// Waits (at most 100 ms) until the workers' delivery backlog is below the low-water mark; with `has_full_batch`,
    /// until it is no more than the last batch.
    pub fn wait_for_backlog(&self, has_full_batch: bool) {
        let deadline = Instant::now() + MAX_BACKLOG_WAIT;
        let backlogs: Vec<_> = {
            let inner = self.lock();
            (inner.workers.iter())
                .map(|sender| sender.backlog.clone())
                .collect()
        };
        for backlog in backlogs {
            backlog.wait(deadline, has_full_batch);
        }
    }

    /// Sends a frame to a room's subscribers.
    pub fn send_to_room(&self, room_id: i64, audience: Audience, frame: Bytes) {
        let command = WorkerCommand::SendToRoom(room_id, audience, frame);
        self.lock().send_to_subscribed(room_id, &command);
    }

    /// Returns the store of rooms and messages.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Closes all connections with 1001, and later ones as soon as they are added.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.send_to_workers(&WorkerCommand::CloseAll(CloseCode::GoingAway));
    }

    /// Whether the process is shutting down.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Sends a command to all workers.
    pub fn send_to_workers(&self, command: &WorkerCommand) {
        self.change_clock.record(command);
        for sender in &self.lock().workers {
            sender.send(command.clone());
        }
    }
}

impl State {
    pub(super) fn send_batch(&self, room_id: i64, batch: Arc<EncodedBatch>) {
        self.send_where_subscribed(room_id, |writes| WorkerCommand::Deliver {
            room_id,
            batch: batch.clone(),
            writes,
        });
    }

    fn send_to_subscribed(&self, room_id: i64, command: &WorkerCommand) {
        self.send_where_subscribed(room_id, |_| command.clone());
    }

    fn send_where_subscribed(&self, room_id: i64, command: impl Fn(usize) -> WorkerCommand) {
        let Some(room) = self.rooms.get(&room_id) else {
            return;
        };
        for (sender, subscribers) in self.workers.iter().zip(&room.subscribers) {
            if *subscribers > 0 {
                sender.send(command(*subscribers));
            }
        }
    }
}
