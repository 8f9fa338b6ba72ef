//! What the hub hands to its workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::wire::CloseCode;

/// Consecutive changes of a room, encoded once, back to back.
#[derive(Debug)]
pub struct Burst {
    pub(super) wire: Bytes,
    /// The number of each change and where its frame ends.
    pub(super) ends: Vec<(i64, usize)>,
}

impl Burst {
    /// The frames of the changes after `ver`; `None` when there are none.
    pub fn after(&self, ver: i64) -> Option<Bytes> {
        let known = self.ends.partition_point(|(number, _)| *number <= ver);
        if known == self.ends.len() {
            return None;
        }
        let start = known.checked_sub(1).map_or(0, |last| self.ends[last].1);
        Some(self.wire.slice(start..))
    }
}

/// Who of those who follow a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// All of them.
    Everybody,
    /// The windows that show it.
    Viewers,
    /// All but this person.
    Others(i64),
}

/// What the hub hands to a worker.
#[derive(Debug, Clone)]
pub enum Parcel {
    /// Changes, for everybody who follows the room.
    Burst(i64, Arc<Burst>),
    /// A frame for those who follow a room.
    ToRoom(i64, Audience, Bytes),
    /// A frame for all sockets of a person.
    ToPerson(i64, Bytes),
    /// A person came into a room: their sockets follow it.
    Enter(i64, i64),
    /// A person is no longer in a room.
    Leave(i64, i64),
    /// A room was deleted.
    RoomGone(i64),
    /// A room's name, topic or kind changed.
    RoomChanged(i64),
    /// Close the sockets of one session of a person.
    CloseSession(i64, Arc<str>, CloseCode),
    /// Close all sockets.
    CloseAll(CloseCode),
}

/// Where parcels for a worker go.
pub(super) struct Mailbox {
    pub(super) parcels: mpsc::Sender<Parcel>,
    pub(super) overflowed: Arc<AtomicBool>,
}

/// What a worker receives parcels with.
pub struct Inbox {
    /// The worker's number.
    pub index: usize,
    /// The parcels, in order.
    pub parcels: mpsc::Receiver<Parcel>,
    /// Set when parcels were lost.
    pub overflowed: Arc<AtomicBool>,
}

impl Mailbox {
    /// Hands a parcel over, or remembers that there was no room for it.
    pub(super) fn put(&self, parcel: Parcel) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.parcels.try_send(parcel) {
            self.overflowed.store(true, Ordering::Release);
        }
    }
}
