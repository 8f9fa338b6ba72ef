//! Unread counts: the server's as of a room's `ver`, and what arrived after it.

use super::{Book, Place};
use crate::chat::frames::{Mark, Message, Room};

/// The most changes that counts which arrive late are completed with.
const RECENT: usize = 200;

/// What a change of a room adds to its unread count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    seq: i64,
    ver: i64,
    is_mine: bool,
    unread: i64,
}

impl Counted {
    pub(super) fn of(message: &Message, room: &Room, me: &str) -> Self {
        let is_mine = message.user.id == me;
        let is_new = message.seq > room.seq;
        let counts = !is_mine && message.deleted_at.is_none();
        let counted = !is_mine && !is_new;
        Self {
            seq: message.seq,
            ver: message.ver,
            is_mine: is_mine && is_new,
            unread: i64::from(counts) - i64::from(counted),
        }
    }
}

impl Place {
    /// Adds a change to the unread count, unless the server's count includes it.
    pub(super) fn count(&mut self, counted: &Counted) {
        let is_included = counted.ver <= self.room.ver;
        if !is_included {
            self.room.ver = counted.ver;
            self.recent.push_back(*counted);
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
            self.add(counted);
        }
        self.room.seq = self.room.seq.max(counted.seq);
    }

    fn add(&mut self, counted: &Counted) {
        let Counted { seq, is_mine, .. } = *counted;
        if is_mine && seq == self.room.read_seq + 1 {
            self.room.read_seq = seq;
        }
        if seq > self.room.read_seq {
            self.room.unread = (self.room.unread + counted.unread).max(0);
        }
    }

    /// Takes the server's counts as of `ver`, and adds the changes after it again.
    pub(super) fn start(&mut self, room: Room) {
        let (seq, ver) = (self.room.seq, self.room.ver);
        self.recent.retain(|counted| counted.ver > room.ver);
        self.room = room;
        for counted in self.recent.clone() {
            self.add(&counted);
        }
        self.room.seq = self.room.seq.max(seq);
        self.room.ver = self.room.ver.max(ver);
    }
}

impl Book {
    /// My mark moved, here or on another device.
    pub(in crate::chat) fn mark(&mut self, room_id: &str, mark: Mark) {
        if let Some(place) = self.places.get_mut(room_id) {
            let mut room = place.room.clone();
            room.ver = mark.ver;
            room.read_seq = mark.seq;
            room.unread = mark.unread;
            room.mentions = mark.mentions;
            place.start(room);
        }
    }
}
