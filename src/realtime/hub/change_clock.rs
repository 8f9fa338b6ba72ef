//! Whether anything happened that somebody who is just coming in may have missed: what was read of them before their
//! seat was there is still true when nothing did. A false alarm costs another look into the store; so people and rooms
//! share a few marks.

use std::sync::atomic::{AtomicU64, Ordering};

use super::worker_commands::WorkerCommand;

/// Marks for people, and for rooms.
const MARKS: usize = 1024;

/// A moment, to be compared with later news. Whatever was committed before it is seen by whoever reads after it.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp(u64);

/// See the module's description.
pub struct ChangeClock {
    clock: AtomicU64,
    /// When the latest change of any of these people was told.
    people: Box<[AtomicU64]>,
    /// The same of rooms.
    rooms: Box<[AtomicU64]>,
    everybody: AtomicU64,
}

impl Default for ChangeClock {
    fn default() -> Self {
        let marks = || (0..MARKS).map(|_| AtomicU64::default()).collect();
        Self {
            clock: AtomicU64::default(),
            people: marks(),
            rooms: marks(),
            everybody: AtomicU64::default(),
        }
    }
}

impl ChangeClock {
    /// This moment. To be asked before anything is read.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    /// A parcel is about to be handed over.
    pub(in crate::realtime) fn tell(&self, parcel: &WorkerCommand) {
        match parcel {
            WorkerCommand::SendToUser(user_id, _)
            | WorkerCommand::JoinRoom(user_id, _)
            | WorkerCommand::LeaveRoom(user_id, _)
            | WorkerCommand::InvitationsChanged(user_id)
            | WorkerCommand::CloseSession(user_id, ..) => self.mark(mark_of(&self.people, *user_id)),
            WorkerCommand::RoomDeleted(room_id) | WorkerCommand::RoomChanged(room_id) => self.tell_room(*room_id),
            WorkerCommand::CloseAll(_) => self.tell_everybody(),
            // These reach seats that follow the room, and are no part of what is read of it.
            WorkerCommand::Deliver { .. } | WorkerCommand::SendToRoom(..) | WorkerCommand::CloseConnection(..) => {}
        }
    }

    /// A room changes; it is about to be found out who follows it.
    pub(in crate::realtime) fn tell_room(&self, room_id: i64) {
        self.mark(mark_of(&self.rooms, room_id));
    }

    /// It is about to be found out whom something concerns that others wrote.
    pub(in crate::realtime) fn tell_everybody(&self) {
        self.mark(&self.everybody);
    }

    fn mark(&self, mark: &AtomicU64) {
        let now = self.clock.fetch_add(1, Ordering::SeqCst) + 1;
        mark.fetch_max(now, Ordering::SeqCst);
    }

    /// Whether nothing was told of this person since, nor of everybody.
    pub(in crate::realtime) fn is_quiet_about(&self, user_id: i64, since: Timestamp) -> bool {
        let everybody = self.everybody.load(Ordering::SeqCst);
        everybody.max(mark_of(&self.people, user_id).load(Ordering::SeqCst)) <= since.0
    }

    /// Whether nothing was told of this room since, but to those who follow it.
    pub(in crate::realtime) fn is_quiet_in(&self, room_id: i64, since: Timestamp) -> bool {
        mark_of(&self.rooms, room_id).load(Ordering::SeqCst) <= since.0
    }
}

fn mark_of(marks: &[AtomicU64], id: i64) -> &AtomicU64 {
    &marks[id.unsigned_abs() as usize % MARKS]
}
