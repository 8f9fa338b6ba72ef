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
use self::worker_commands::{Audience, EncodedBatch, WorkerReceiver, DeliveryBacklog, WorkerSender, WorkerCommand};
use super::frames::{Message, ServerFrame};
use super::store::Store;
use crate::realtime::connected_sessions::ConnectedSessions;
use crate::realtime::metrics::RealtimeMetrics;
use crate::realtime::websocket::CloseCode;

/// So many hand-overs may wait for a worker. One that is further behind loses its seats, which come back by `sync`.
const MAILBOX: usize = 1024;
/// A room holds so many early changes before it relies on the store alone.
const EARLY_MAX: usize = 1024;

/// Whoever commits waits so long at most for workers that are behind.
const REST: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(super) struct RoomState {
    /// The last delivered change; not known until somebody has read it from the store.
    pub(super) last_ver: Option<i64>,
    /// Where that began: who read the room before this change misses what came until then.
    pub(super) first_ver: i64,
    /// The latest change that is known to be in the store, as far as others wrote it.
    pub(super) end: i64,
    pub(super) early: BTreeMap<i64, Bytes>,
    /// How many seats each worker has here.
    pub(super) seats: Vec<usize>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) rooms: HashMap<i64, RoomState>,
    mailboxes: Vec<WorkerSender>,
    pub(super) holes: HashSet<i64>,
}

/// See the module's description.
pub struct Hub {
    /// Who has connections here.
    pub served: ConnectedSessions,
    /// What those who are coming in may have missed.
    pub news: ChangeClock,
    /// What is counted.
    pub figures: RealtimeMetrics,
    inner: Mutex<State>,
    store: Arc<dyn Store>,
    pub(super) hole: Notify,
    stopping: AtomicBool,
}

impl Hub {
    /// A hub without seats.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            served: ConnectedSessions::default(),
            news: ChangeClock::default(),
            figures: RealtimeMetrics::default(),
            inner: Mutex::default(),
            store,
            hole: Notify::new(),
            stopping: AtomicBool::new(false),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a worker on.
    pub fn open_desk(&self) -> WorkerReceiver {
        let (sender, parcels) = mpsc::channel(MAILBOX);
        let overflowed = Arc::<AtomicBool>::default();
        let load = Arc::<DeliveryBacklog>::default();
        let mut inner = self.lock();
        inner.mailboxes.push(WorkerSender {
            load: load.clone(),
            parcels: sender,
            overflowed: overflowed.clone(),
        });
        WorkerReceiver {
            load,
            index: inner.mailboxes.len() - 1,
            parcels,
            overflowed,
        }
    }

    /// Delivers messages that were committed, in the order of their rooms' changes.
    pub fn publish<'a>(&self, messages: impl Iterator<Item = &'a Message>) {
        let mut by_room: HashMap<i64, (BytesMut, Vec<(i64, usize)>)> = HashMap::new();
        for message in self.followed_of(messages) {
            let (wire, ends) = by_room.entry(message.room_id.0).or_default();
            ServerFrame::Message(message).encode_into(wire);
            ends.push((message.ver, wire.len()));
        }
        let mut inner = self.lock();
        for (room_id, (wire, ends)) in by_room {
            self.publish_burst(
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
    fn followed_of<'a>(&self, messages: impl Iterator<Item = &'a Message>) -> Vec<&'a Message> {
        let inner = self.lock();
        let is_followed = |message: &&Message| {
            let room = inner.rooms.get(&message.room_id.0);
            if room.is_none_or(|room| room.last_ver.is_none()) {
                self.news.tell_room(message.room_id.0);
            }
            room.is_some()
        };
        messages.filter(is_followed).collect()
    }

    fn publish_burst(&self, inner: &mut State, room_id: i64, burst: EncodedBatch) {
        let Some(room) = inner.rooms.get_mut(&room_id) else {
            return;
        };
        let next = room.last_ver.map(|ver| ver + 1);
        let in_order = (burst.ends.iter().zip(next.unwrap_or(0)..))
            .all(|((ver, _), expected)| *ver == expected);
        if next.is_some() && in_order && room.early.is_empty() {
            room.last_ver = burst.ends.last().map(|(ver, _)| *ver).or(room.last_ver);
            inner.hand_over(room_id, Arc::new(burst));
            return;
        }
        let mut start = 0;
        let mut frames = Vec::with_capacity(burst.ends.len());
        for (ver, end) in burst.ends {
            frames.push((ver, burst.wire.slice(start..end)));
            start = end;
        }
        self.deliver(inner, room_id, frames);
    }

    /// Adds frames to what is early, and hands over everything that is in order now.
    pub(super) fn deliver(&self, inner: &mut State, room_id: i64, frames: Vec<(i64, Bytes)>) {
        let Some(room) = inner.rooms.get_mut(&room_id) else {
            return;
        };
        room.early.extend(frames);
        let Some(mut last) = room.last_ver else {
            return;
        };
        room.early = room.early.split_off(&(last + 1));
        let mut wire = BytesMut::new();
        let mut ends = Vec::new();
        while let Some(frame) = room.early.remove(&(last + 1)) {
            last += 1;
            wire.extend_from_slice(&frame);
            ends.push((last, wire.len()));
        }
        room.last_ver = Some(last);
        if room.early.len() > EARLY_MAX {
            let latest = room.early.last_key_value().map_or(0, |(ver, _)| *ver);
            room.end = room.end.max(latest);
            room.early.clear();
        }
        if room.has_hole() {
            inner.holes.insert(room_id);
            self.hole.notify_one();
        }
        if !ends.is_empty() {
            inner.hand_over(
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
    pub fn rest(&self, pressed: bool) {
        let deadline = Instant::now() + REST;
        let loads: Vec<_> = {
            let inner = self.lock();
            (inner.mailboxes.iter())
                .map(|mailbox| mailbox.load.clone())
                .collect()
        };
        for load in loads {
            load.wait(deadline, pressed);
        }
    }

    /// A frame for those who follow a room.
    pub fn to_room(&self, room_id: i64, audience: Audience, frame: Bytes) {
        let parcel = WorkerCommand::SendToRoom(room_id, audience, frame);
        self.lock().send_to_seated(room_id, &parcel);
    }

    /// What rooms and messages are read from.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Says goodbye to everybody, and to whoever comes from now on.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.to_all(&WorkerCommand::CloseAll(CloseCode::GoingAway));
    }

    /// Whether the program is about to end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Something for every worker.
    pub fn to_all(&self, parcel: &WorkerCommand) {
        self.news.tell(parcel);
        for mailbox in &self.lock().mailboxes {
            mailbox.put(parcel.clone());
        }
    }
}

impl State {
    pub(super) fn hand_over(&self, room_id: i64, burst: Arc<EncodedBatch>) {
        self.put_where_seated(room_id, |writes| WorkerCommand::Deliver {
            room_id,
            burst: burst.clone(),
            writes,
        });
    }

    fn send_to_seated(&self, room_id: i64, parcel: &WorkerCommand) {
        self.put_where_seated(room_id, |_| parcel.clone());
    }

    fn put_where_seated(&self, room_id: i64, parcel: impl Fn(usize) -> WorkerCommand) {
        let Some(room) = self.rooms.get(&room_id) else {
            return;
        };
        for (mailbox, seats) in self.mailboxes.iter().zip(&room.seats) {
            if *seats > 0 {
                mailbox.put(parcel(*seats));
            }
        }
    }
}
