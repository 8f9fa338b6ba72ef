//! What the hub hands to its workers.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::realtime::websocket::CloseCode;

/// A worker that has to write to fewer sockets than this is as good as free.
const EASY: usize = 16;

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
        burst: Arc<EncodedBatch>,
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
    writes: Mutex<Writes>,
    eased: Condvar,
}

#[derive(Default)]
struct Writes {
    left: usize,
    /// Those that were added since the last wait.
    fresh: usize,
    /// Whoever waits is content with so many.
    few: usize,
}

impl DeliveryBacklog {
    fn lock(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many more.
    pub(in crate::realtime) fn add(&self, writes: usize) {
        let mut all = self.lock();
        all.left += writes;
        all.fresh += writes;
    }

    /// So many are done.
    pub(in crate::realtime) fn done(&self, writes: usize) {
        let mut all = self.lock();
        all.left = all.left.saturating_sub(writes);
        if all.left <= all.few {
            self.eased.notify_all();
        }
    }

    /// Returns when few are left, or the time is over. Whoever is `pressed` has enough to do meanwhile: few are then as
    /// many as came since the last wait.
    pub(in crate::realtime) fn wait(&self, deadline: Instant, pressed: bool) {
        let most = deadline.saturating_duration_since(Instant::now());
        let mut all = self.lock();
        let fresh = std::mem::take(&mut all.fresh);
        all.few = if pressed { fresh.max(EASY) } else { EASY };
        let is_much = |all: &mut Writes| all.left > all.few;
        // Whoever panicked with it left a number all the same.
        drop(self.eased.wait_timeout_while(all, most, is_much));
    }
}

/// Where parcels for a worker go.
pub(in crate::realtime) struct WorkerSender {
    pub(in crate::realtime) load: Arc<DeliveryBacklog>,
    pub(in crate::realtime) parcels: mpsc::Sender<WorkerCommand>,
    pub(in crate::realtime) overflowed: Arc<AtomicBool>,
}

/// What a worker receives parcels with.
pub struct WorkerReceiver {
    pub(in crate::realtime) load: Arc<DeliveryBacklog>,
    /// The worker's number.
    pub index: usize,
    /// The parcels, in order.
    pub parcels: mpsc::Receiver<WorkerCommand>,
    /// Set when parcels were lost.
    pub overflowed: Arc<AtomicBool>,
}

impl WorkerSender {
    /// Hands a parcel over, or remembers that there was no room for it.
    pub(in crate::realtime) fn put(&self, parcel: WorkerCommand) {
        let writes = match &parcel {
            WorkerCommand::Deliver { writes, .. } => *writes,
            _ => 0,
        };
        // First: the worker may be done with it at once.
        self.load.add(writes);
        if let Err(error) = self.parcels.try_send(parcel) {
            self.load.done(writes);
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                self.overflowed.store(true, Ordering::Release);
            }
        }
    }
}
