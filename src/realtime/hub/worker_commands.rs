//! What the hub hands to its workers.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::realtime::websocket::CloseCode;

/// A worker that has to write to fewer sockets than this is as good as free.
const LOW_WATER: usize = 16;

/// Consecutive changes of a room, encoded once, back to back.
#[derive(Debug)]
pub struct EncodedBatch {
    pub(in crate::realtime) wire: Bytes,
    /// The number of each change and where its frame ends.
    pub(in crate::realtime) ends: Vec<(i64, usize)>,
}

impl EncodedBatch {
    /// The frames of the changes after `ver`; `None` when there are none.
    pub fn after(&self, ver: i64) -> Option<Cow<'_, Bytes>> {
        let known = self.ends.partition_point(|(number, _)| *number <= ver);
        if known == self.ends.len() {
            return None;
        }
        Some(match known.checked_sub(1) {
            None => Cow::Borrowed(&self.wire),
            Some(last) => Cow::Owned(self.wire.slice(self.ends[last].1..)),
        })
    }
}

/// Who of those who follow a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// All of them.
    All,
    /// The windows that show it.
    Viewers,
    /// All but this person.
    AllExcept(i64),
}

/// What the hub hands to a worker.
#[derive(Debug, Clone)]
pub enum WorkerCommand {
    /// Changes, for everybody who follows the room.
    Deliver {
        /// The room.
        room_id: i64,
        /// The changes.
        batch: Arc<EncodedBatch>,
        /// How many of the worker's seats followed it at that moment.
        writes: usize,
    },
    /// A frame for those who follow a room.
    SendToRoom(i64, Audience, Bytes),
    /// A frame for all sockets of a person.
    SendToUser(i64, Bytes),
    /// A person came into a room: their sockets follow it.
    JoinRoom(i64, i64),
    /// A person is no longer in a room.
    LeaveRoom(i64, i64),
    /// The pending invitations of a person changed.
    InvitationsChanged(i64),
    /// A room was deleted.
    RoomDeleted(i64),
    /// A room's name, topic or kind changed.
    RoomChanged(i64),
    /// Close the sockets of one session of a person.
    CloseSession(i64, Arc<str>, CloseCode),
    /// Close one connection of a person, by its id.
    CloseConnection(i64, u64, CloseCode),
    /// Close all sockets.
    CloseAll(CloseCode),
}

/// How many sockets a worker has still to write to. Whoever commits waits for it: what is said meanwhile is stored and
/// delivered together, one write to a socket for many messages, and nobody is told of messages much faster than they
/// arrive.
#[derive(Default)]
pub(in crate::realtime) struct DeliveryBacklog {
    writes: Mutex<Counts>,
    drained: Condvar,
}

#[derive(Default)]
struct Counts {
    left: usize,
    /// Those that were added since the last wait.
    added_since_wait: usize,
    /// Whoever waits is content with so many.
    low_water: usize,
}

impl DeliveryBacklog {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many more.
    pub(in crate::realtime) fn add(&self, writes: usize) {
        let mut state = self.lock();
        state.left += writes;
        state.added_since_wait += writes;
    }

    /// So many are done.
    pub(in crate::realtime) fn done(&self, writes: usize) {
        let mut state = self.lock();
        state.left = state.left.saturating_sub(writes);
        if state.left <= state.low_water {
            self.drained.notify_all();
        }
    }

    /// Returns when few are left, or the time is over. Whoever is `pressed` has enough to do meanwhile: few are then as
    /// many as came since the last wait.
    pub(in crate::realtime) fn wait(&self, deadline: Instant, has_full_batch: bool) {
        let most = deadline.saturating_duration_since(Instant::now());
        let mut state = self.lock();
        let added_since_wait = std::mem::take(&mut state.added_since_wait);
        state.low_water = if has_full_batch {
            added_since_wait.max(LOW_WATER)
        } else {
            LOW_WATER
        };
        let is_much = |state: &mut Counts| state.left > state.low_water;
        // Whoever panicked with it left a number all the same.
        drop(self.drained.wait_timeout_while(state, most, is_much));
    }
}

/// Where parcels for a worker go.
pub(in crate::realtime) struct WorkerSender {
    pub(in crate::realtime) backlog: Arc<DeliveryBacklog>,
    pub(in crate::realtime) commands: mpsc::Sender<WorkerCommand>,
    pub(in crate::realtime) overflowed: Arc<AtomicBool>,
}

/// What a worker receives parcels with.
pub struct WorkerReceiver {
    pub(in crate::realtime) backlog: Arc<DeliveryBacklog>,
    /// The worker's number.
    pub index: usize,
    /// The parcels, in order.
    pub commands: mpsc::Receiver<WorkerCommand>,
    /// Set when parcels were lost.
    pub overflowed: Arc<AtomicBool>,
}

impl WorkerSender {
    /// Hands a parcel over, or remembers that there was no room for it.
    pub(in crate::realtime) fn send(&self, command: WorkerCommand) {
        let writes = match &command {
            WorkerCommand::Deliver { writes, .. } => *writes,
            _ => 0,
        };
        // First: the worker may be done with it at once.
        self.backlog.add(writes);
        if let Err(error) = self.commands.try_send(command) {
            self.backlog.done(writes);
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                self.overflowed.store(true, Ordering::Release);
            }
        }
    }
}
