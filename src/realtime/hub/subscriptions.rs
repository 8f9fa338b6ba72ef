//! Who follows which room, and from which change on.

use super::Hub;
use super::change_clock::Timestamp;

impl Hub {
    /// A seat of this worker follows a room from now on. Answers the last change before what reaches it, when that is
    /// known.
    pub fn subscribe(&self, room_id: i64, worker: usize) -> Option<i64> {
        let mut inner = self.lock();
        let room = inner.rooms.entry(room_id).or_default();
        if room.subscribers.len() <= worker {
            room.subscribers.resize(worker + 1, 0);
        }
        room.subscribers[worker] += 1;
        room.last_ver
    }

    /// A seat of this worker follows a room no more.
    pub fn unsubscribe(&self, room_id: i64, worker: usize) {
        let mut inner = self.lock();
        if let Some(room) = inner.rooms.get_mut(&room_id) {
            room.subscribers[worker] -= 1;
            if room.subscribers.iter().all(|subscribers| *subscribers == 0) {
                // What it knew of the room is forgotten: what that was is news to whoever comes.
                self.change_clock.record_room(room_id);
                inner.rooms.remove(&room_id);
            }
        }
    }

    /// The rooms that somebody follows.
    pub fn followed_rooms(&self) -> Vec<i64> {
        self.lock().rooms.keys().copied().collect()
    }

    /// Says what the store had as the room's latest change after a seat joined; the first one counts. Answers whether
    /// everything after it reaches the seat. It does not when somebody else read the room a little later and was the
    /// first: then the store has to be read again.
    pub fn set_baseline(&self, room_id: i64, ver: i64) -> bool {
        let mut inner = self.lock();
        let Some(room) = inner.rooms.get_mut(&room_id) else {
            return true;
        };
        if room.last_ver.is_none() {
            (room.last_ver, room.first_ver) = (Some(ver), ver);
            self.deliver_in_order(&mut inner, room_id, Vec::new());
            return true;
        }
        ver >= room.first_ver
    }

    /// Whether a room was read late enough, at `since` and as of `ver`, by somebody who followed it only afterwards:
    /// everything after `ver` reaches them. `last_ver` is what [`Hub::join`] answered.
    pub fn set_baseline_from_earlier_read(
        &self,
        room_id: i64,
        ver: i64,
        last_ver: Option<i64>,
        since: Timestamp,
    ) -> bool {
        let is_whole = match last_ver {
            Some(last_ver) => last_ver <= ver,
            None => true,
        };
        is_whole
            && self.change_clock.room_unchanged_since(room_id, since)
            && self.set_baseline(room_id, ver)
    }
}
