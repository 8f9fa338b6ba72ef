//! Unread counts: those of the server as of a room's `ver`, and the changes received since.

use super::{RoomState, RoomTable};
use crate::frames::{Message, ReadPosition, Room};

/// The number of changes kept for adding them to counts that arrive late.
const RECENT_MAX: usize = 200;

/// What a change adds to the unread count of its room.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnreadChange {
    seq: i64,
    ver: i64,
    /// A new message of the user.
    is_own: bool,
    unread: i64,
}

impl UnreadChange {
    pub(super) fn new(message: &Message, room: &Room, me: &str) -> Self {
        let is_own = message.user.id == me;
        let is_new = message.seq > room.seq;
        let counts_now = !is_own && message.deleted_at.is_none();
        let counted_before = !is_own && !is_new;
        Self {
            seq: message.seq,
            ver: message.ver,
            is_own: is_own && is_new,
            unread: i64::from(counts_now) - i64::from(counted_before),
        }
    }
}

impl RoomState {
    /// Adds a change to the unread count unless the count includes it.
    pub(super) fn count(&mut self, change: &UnreadChange) {
        if change.ver > self.room.ver {
            self.room.ver = change.ver;
            self.recent.push_back(*change);
            if self.recent.len() > RECENT_MAX {
                self.recent.pop_front();
            }
            self.add(change);
        }
        self.room.seq = self.room.seq.max(change.seq);
    }

    fn add(&mut self, change: &UnreadChange) {
        let room = &mut self.room;
        if change.is_own && change.seq == room.read_seq + 1 {
            room.read_seq = change.seq;
        }
        if change.seq > room.read_seq {
            room.unread = (room.unread + change.unread).max(0);
        }
    }

    /// Replaces the room and its counts, and adds the changes that are newer than these.
    pub(super) fn set_counts(&mut self, room: Room) {
        let (seq, ver) = (self.room.seq, self.room.ver);
        self.recent.retain(|change| change.ver > room.ver);
        self.room = room;
        for change in self.recent.clone() {
            self.add(&change);
        }
        self.room.seq = self.room.seq.max(seq);
        self.room.ver = self.room.ver.max(ver);
    }
}

impl RoomTable {
    /// Handles `read`: the user has read further, here or on another device.
    pub(crate) fn set_read_position(&mut self, room_id: &str, position: ReadPosition) {
        if let Some(state) = self.rooms.get_mut(room_id) {
            state.set_counts(Room {
                ver: position.ver,
                read_seq: position.seq,
                unread: position.unread,
                mentions: position.mentions,
                ..state.room.clone()
            });
        }
    }
}
