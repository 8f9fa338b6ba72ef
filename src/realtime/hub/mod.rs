//! Where committed messages become deliveries. The hub knows, for each room that somebody follows, the number of its
//! last delivered change: it delivers the next one, drops what was delivered, and holds what comes early. A hole that
//! does not close by itself is filled from the store.

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
use super::frames::{Message, ServerFrame};
use super::store::Store;
use crate::realtime::connected_sessions::ConnectedSessions;
use crate::realtime::metrics::RealtimeMetrics;
use crate::realtime::websocket::CloseCode;

/// So many hand-overs may wait for a worker. One that is further behind loses its seats, which come back by `sync`.
const WORKER_QUEUE_CAPACITY: usize = 1024;
/// A room holds so many early changes before it relies on the store alone.
const MAX_OUT_OF_ORDER: usize = 1024;

/// Whoever commits waits so long at most for workers that are behind.
const MAX_BACKLOG_WAIT: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(super) struct RoomState {
    /// The last delivered change; not known until somebody has read it from the store.
    pub(super) last_ver: Option<i64>,
    /// Where that began: who read the room before this change misses what came until then.
    pub(super) first_ver: i64,
    /// The latest change that is known to be in the store, as far as others wrote it.
    pub(super) stored_ver: i64,
    pub(super) out_of_order: BTreeMap<i64, Bytes>,
    /// How many seats each worker has here.
    pub(super) subscribers: Vec<usize>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) rooms: HashMap<i64, RoomState>,
    workers: Vec<WorkerSender>,
    pub(super) gaps: HashSet<i64>,
}

/// See the module's description.
pub struct Hub {
    /// Who has connections here.
    pub connected_sessions: ConnectedSessions,
    /// What those who are coming in may have missed.
    pub change_clock: ChangeClock,
    /// What is counted.
    pub metrics: RealtimeMetrics,
    inner: Mutex<State>,
    store: Arc<dyn Store>,
    pub(super) gap: Notify,
    stopping: AtomicBool,
}

impl Hub {
    /// A hub without seats.
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

    /// Takes a worker on.
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

    /// Delivers messages that were committed, in the order of their rooms' changes.
    pub fn publish<'a>(&self, messages: impl Iterator<Item = &'a Message>) {
        let mut by_room: HashMap<i64, (BytesMut, Vec<(i64, usize)>)> = HashMap::new();
        for message in self.with_subscribers(messages) {
            let (wire, ends) = by_room.entry(message.room_id.0).or_default();
            ServerFrame::Message(message).encode_into(wire);
            ends.push((message.ver, wire.len()));
        }
        let mut inner = self.lock();
        for (room_id, (wire, ends)) in by_room {
            self.publish_batch(
                &mut inner,
                room_id,
                EncodedBatch {
                    wire: wire.freeze(),
                    ends,
                },
            );
        }
    }

    /// Those of these messages whose rooms somebody follows. The others are news.
    fn with_subscribers<'a>(
        &self,
        messages: impl Iterator<Item = &'a Message>,
    ) -> Vec<&'a Message> {
        let inner = self.lock();
        let is_followed = |message: &&Message| {
            let room = inner.rooms.get(&message.room_id.0);
            if room.is_none_or(|room| room.last_ver.is_none()) {
                self.change_clock.record_room(message.room_id.0);
            }
            room.is_some()
        };
        messages.filter(is_followed).collect()
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

    /// Adds frames to what is early, and hands over everything that is in order now.
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

    /// Returns when the workers have written most of what they were handed, or after a moment. Whoever is `pressed` by
    /// what waits already goes on while they write what they were handed last.
    pub fn wait_for_backlog(&self, has_full_batch: bool) {
        let deadline = Instant::now() + MAX_BACKLOG_WAIT;
        let loads: Vec<_> = {
            let inner = self.lock();
            (inner.workers.iter())
                .map(|sender| sender.backlog.clone())
                .collect()
        };
        for backlog in loads {
            backlog.wait(deadline, has_full_batch);
        }
    }

    /// A frame for those who follow a room.
    pub fn send_to_room(&self, room_id: i64, audience: Audience, frame: Bytes) {
        let command = WorkerCommand::SendToRoom(room_id, audience, frame);
        self.lock().send_to_subscribed(room_id, &command);
    }

    /// What rooms and messages are read from.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Says goodbye to everybody, and to whoever comes from now on.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.send_to_workers(&WorkerCommand::CloseAll(CloseCode::GoingAway));
    }

    /// Whether the program is about to end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Something for every worker.
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
