//! The commands that the hub sends to its workers, and their channel.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::protocol::Message;
use crate::protocol::frames::ServerFrame;
use crate::protocol::websocket::CloseCode;

/// Number of pending socket writes at which a worker counts as idle.
const LOW_WATER: usize = 16;

/// Consecutive changes of a room, encoded once and concatenated.
#[derive(Debug)]
pub struct EncodedBatch {
    pub(in crate::realtime) wire: Bytes,
    /// The version of each change, and the end of its frame in `wire`.
    pub(in crate::realtime) ends: Vec<(i64, usize)>,
}

impl EncodedBatch {
    /// Encodes changes of one room, in the order of their versions.
    pub(in crate::realtime) fn encode<'a>(changes: impl IntoIterator<Item = &'a Message>) -> Self {
        let (mut wire, mut ends) = (BytesMut::new(), Vec::new());
        for message in changes {
            ServerFrame::Message(message).encode_into(&mut wire);
            ends.push((message.ver, wire.len()));
        }
        let wire = wire.freeze();
        Self { wire, ends }
    }

    /// Returns the frames of the changes after `ver`; `None` when there are none.
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

/// Which subscribers of a room receive a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// All subscribers.
    All,
    /// Windows that show the room.
    Viewers,
    /// All except this user.
    AllExcept(i64),
}

/// A command to a worker. The first `i64` of a variant is the user or room that it names.
#[derive(Debug, Clone)]
pub enum WorkerCommand {
    /// Deliver changes to a room's subscribers.
    Deliver {
        /// The room.
        room_id: i64,
        /// The changes.
        batch: Arc<EncodedBatch>,
        /// The worker's number of subscribers in the room.
        writes: usize,
    },
    /// Send a frame to a room's subscribers.
    SendToRoom(i64, Audience, Bytes),
    /// Send a frame to all connections of a user.
    SendToUser(i64, Bytes),
    /// Subscribe a user's connections to a room they joined: user, room.
    JoinRoom(i64, i64),
    /// Unsubscribe a user's connections from a room they left: user, room.
    LeaveRoom(i64, i64),
    /// Send a user their pending invitations, which changed.
    InvitationsChanged(i64),
    /// Unsubscribe all connections from a deleted room.
    RoomDeleted(i64),
    /// Send the room, whose name, topic or kind changed.
    RoomChanged(i64),
    /// Close the connections of a user's session.
    CloseSession(i64, Arc<str>, CloseCode),
    /// Close a user's connection, by its id.
    CloseConnection(i64, u64, CloseCode),
    /// Close all connections.
    CloseAll(CloseCode),
}

/// Number of socket writes that a worker has not done yet. The writer waits for it between transactions: messages that
/// arrive meanwhile are stored and delivered together, with one write per socket, and clients do not receive messages
/// much faster than they are posted.
#[derive(Default)]
pub(in crate::realtime) struct DeliveryBacklog {
    writes: Mutex<Counts>,
    drained: Condvar,
}

#[derive(Default)]
struct Counts {
    left: usize,
    /// Writes added since the last wait.
    added_since_wait: usize,
    /// Number of remaining writes at which the waiting thread continues.
    low_water: usize,
}

impl DeliveryBacklog {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds pending writes.
    pub(in crate::realtime) fn add(&self, writes: usize) {
        let mut state = self.lock();
        state.left += writes;
        state.added_since_wait += writes;
    }

    /// Removes completed writes.
    pub(in crate::realtime) fn complete(&self, writes: usize) {
        let mut state = self.lock();
        state.left = state.left.saturating_sub(writes);
        if state.left <= state.low_water {
            self.drained.notify_all();
        }
    }

    /// Waits until the low-water mark or the deadline is reached. With `has_full_batch` the mark is the number of
    /// writes added since the last wait.
    pub(in crate::realtime) fn wait(&self, deadline: Instant, has_full_batch: bool) {
        let timeout = deadline.saturating_duration_since(Instant::now());
        let mut state = self.lock();
        let added_since_wait = std::mem::take(&mut state.added_since_wait);
        state.low_water = if has_full_batch {
            added_since_wait.max(LOW_WATER)
        } else {
            LOW_WATER
        };
        let is_above = |state: &mut Counts| state.left > state.low_water;
        // A poisoned lock is harmless here: the counts are still numbers.
        drop(self.drained.wait_timeout_while(state, timeout, is_above));
    }
}

/// The sending end of a worker's command queue.
pub(in crate::realtime) struct WorkerSender {
    pub(in crate::realtime) backlog: Arc<DeliveryBacklog>,
    pub(in crate::realtime) commands: mpsc::Sender<WorkerCommand>,
    pub(in crate::realtime) overflowed: Arc<AtomicBool>,
}

/// The receiving end of a worker's command queue.
pub struct WorkerReceiver {
    pub(in crate::realtime) backlog: Arc<DeliveryBacklog>,
    /// The worker's index in the hub.
    pub index: usize,
    /// The commands, in order.
    pub commands: mpsc::Receiver<WorkerCommand>,
    /// Set when a command did not fit into the queue.
    pub overflowed: Arc<AtomicBool>,
}

impl WorkerSender {
    /// Sends a command, or sets `overflowed` when the queue is full.
    pub(in crate::realtime) fn send(&self, command: WorkerCommand) {
        let writes = match &command {
            WorkerCommand::Deliver { writes, .. } => *writes,
            _ => 0,
        };
        // Counted before sending: the worker may complete the writes at once.
        self.backlog.add(writes);
        if let Err(error) = self.commands.try_send(command) {
            self.backlog.complete(writes);
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                self.overflowed.store(true, Ordering::Release);
            }
        }
    }
}
