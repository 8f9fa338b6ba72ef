//! Whether anything happened that somebody who is just coming in may have missed: what was read of them before their
//! seat was there is still true when nothing did. A false alarm costs another look into the store; so people and rooms
//! share a few marks.

use std::sync::atomic::{AtomicU64, Ordering};

use super::worker_commands::WorkerCommand;

/// Marks for people, and for rooms.
const SLOTS: usize = 1024;

/// A moment, to be compared with later news. Whatever was committed before it is seen by whoever reads after it.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp(u64);

/// See the module's description.
pub struct ChangeClock {
    clock: AtomicU64,
    /// When the latest change of any of these people was told.
    users: Box<[AtomicU64]>,
    /// The same of rooms.
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
    /// This moment. To be asked before anything is read.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    /// A parcel is about to be handed over.
    pub(in crate::realtime) fn record(&self, command: &WorkerCommand) {
        match command {
            WorkerCommand::SendToUser(user_id, _)
            | WorkerCommand::JoinRoom(user_id, _)
            | WorkerCommand::LeaveRoom(user_id, _)
            | WorkerCommand::InvitationsChanged(user_id)
            | WorkerCommand::CloseSession(user_id, ..) => self.stamp(slot(&self.users, *user_id)),
            WorkerCommand::RoomDeleted(room_id) | WorkerCommand::RoomChanged(room_id) => {
                self.record_room(*room_id)
            }
            WorkerCommand::CloseAll(_) => self.record_all(),
            // These reach seats that follow the room, and are no part of what is read of it.
            WorkerCommand::Deliver { .. }
            | WorkerCommand::SendToRoom(..)
            | WorkerCommand::CloseConnection(..) => {}
        }
    }

    /// A room changes; it is about to be found out who follows it.
    pub(in crate::realtime) fn record_room(&self, room_id: i64) {
        self.stamp(slot(&self.rooms, room_id));
    }

    /// It is about to be found out whom something concerns that others wrote.
    pub(in crate::realtime) fn record_all(&self) {
        self.stamp(&self.all_users);
    }

    fn stamp(&self, stamp: &AtomicU64) {
        let now = self.clock.fetch_add(1, Ordering::SeqCst) + 1;
        stamp.fetch_max(now, Ordering::SeqCst);
    }

    /// Whether nothing was told of this person since, nor of everybody.
    pub(in crate::realtime) fn user_unchanged_since(&self, user_id: i64, since: Timestamp) -> bool {
        let all_users = self.all_users.load(Ordering::SeqCst);
        all_users.max(slot(&self.users, user_id).load(Ordering::SeqCst)) <= since.0
    }

    /// Whether nothing was told of this room since, but to those who follow it.
    pub(in crate::realtime) fn room_unchanged_since(&self, room_id: i64, since: Timestamp) -> bool {
        slot(&self.rooms, room_id).load(Ordering::SeqCst) <= since.0
    }
}

fn slot(slots: &[AtomicU64], id: i64) -> &AtomicU64 {
    &slots[id.unsigned_abs() as usize % SLOTS]
}
