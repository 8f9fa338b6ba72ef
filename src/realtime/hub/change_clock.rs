//! Detects changes between reading a connecting user's state and subscribing them: if nothing was recorded, what was
//! read is still valid. Ids are hashed into 1,024 slots; a collision only causes a redundant read.

use std::sync::atomic::{AtomicU64, Ordering};

use super::worker_commands::WorkerCommand;

/// Number of slots for users, and for rooms.
const SLOTS: usize = 1024;

/// A logical time. A read that starts after it sees everything committed before it.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp(u64);

/// A logical clock, with the time of the latest change per user and room.
pub struct ChangeClock {
    clock: AtomicU64,
    /// Time of the latest change of the users in each slot.
    users: Box<[AtomicU64]>,
    /// Time of the latest change of the rooms in each slot.
    rooms: Box<[AtomicU64]>,
    all_users: AtomicU64,
}

impl Default for ChangeClock {
    fn default() -> Self {
        let slots = || (0..SLOTS).map(|_| AtomicU64::default()).collect();
        Self {
            clock: AtomicU64::default(),
            users: slots(),
            rooms: slots(),
            all_users: AtomicU64::default(),
        }
    }
}

impl ChangeClock {
    /// Returns the current time. Must be called before the read.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    /// Records a command that is about to be sent to workers.
    pub(in crate::realtime) fn record(&self, command: &WorkerCommand) {
        match command {
            WorkerCommand::SendToUser(user_id, _)
            | WorkerCommand::JoinRoom(user_id, _)
            | WorkerCommand::LeaveRoom(user_id, _)
            | WorkerCommand::InvitationsChanged(user_id)
            | WorkerCommand::CloseSession(user_id, ..) => {
                self.record_in(slot(&self.users, *user_id))
            }
            WorkerCommand::RoomDeleted(room_id) | WorkerCommand::RoomChanged(room_id) => {
                self.record_room(*room_id)
            }
            WorkerCommand::CloseAll(_) => self.record_all(),
            // These reach the room's subscribers and do not affect what is read of the room, or only close a
            // connection.
            WorkerCommand::Deliver { .. }
            | WorkerCommand::SendToRoom(..)
            | WorkerCommand::CloseConnection(..) => {}
        }
    }

    /// Records a change of a room, before its subscribers are determined.
    pub(in crate::realtime) fn record_room(&self, room_id: i64) {
        self.record_in(slot(&self.rooms, room_id));
    }

    /// Records changes of other processes, before the affected users are determined.
    pub(in crate::realtime) fn record_all(&self) {
        self.record_in(&self.all_users);
    }

    fn record_in(&self, slot: &AtomicU64) {
        let now = self.clock.fetch_add(1, Ordering::SeqCst) + 1;
        slot.fetch_max(now, Ordering::SeqCst);
    }

    /// Whether no change of this user, or of all users, was recorded since.
    pub(in crate::realtime) fn user_unchanged_since(&self, user_id: i64, since: Timestamp) -> bool {
        let all_users = self.all_users.load(Ordering::SeqCst);
        all_users.max(slot(&self.users, user_id).load(Ordering::SeqCst)) <= since.0
    }

    /// Whether no change of this room was recorded since. Changes delivered to subscribers are not recorded.
    pub(in crate::realtime) fn room_unchanged_since(&self, room_id: i64, since: Timestamp) -> bool {
        slot(&self.rooms, room_id).load(Ordering::SeqCst) <= since.0
    }
}

fn slot(slots: &[AtomicU64], id: i64) -> &AtomicU64 {
    &slots[id.unsigned_abs() as usize % SLOTS]
}
