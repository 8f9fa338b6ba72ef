//! Tracks which workers have subscribers in which room, and the version that each room's delivery starts from.

use super::Hub;
use super::change_clock::Timestamp;

impl Hub {
    /// Adds a subscriber of this worker to a room. Returns the last version delivered before, if known.
    pub fn subscribe(&self, room_id: i64, worker: usize) -> Option<i64> {
        let mut inner = self.lock();
        let room = inner.rooms.entry(room_id).or_default();
        if room.subscribers.len() <= worker {
            room.subscribers.resize(worker + 1, 0);
        }
        room.subscribers[worker] += 1;
        room.last_ver
    }

    /// Removes a subscriber of this worker from a room.
    pub fn unsubscribe(&self, room_id: i64, worker: usize) {
        let mut inner = self.lock();
        if let Some(room) = inner.rooms.get_mut(&room_id) {
            room.subscribers[worker] -= 1;
            if room.subscribers.iter().all(|subscribers| *subscribers == 0) {
                // The room is no longer tracked, so users who are connecting have to read it again.
                self.change_clock.record_room(room_id);
                inner.rooms.remove(&room_id);
            }
        }
    }

    /// Returns the rooms with subscribers.
    pub fn rooms_with_subscribers(&self) -> Vec<i64> {
        self.lock().rooms.keys().copied().collect()
    }

    /// Sets the room's delivered version to `ver`, as read from the store after subscribing; only the first call per
    /// room counts. Returns whether the subscriber receives every change after `ver`. It does not if another
    /// subscriber's later read was the first call; then the room has to be read again.
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

    /// Like [`Hub::set_baseline`], for a room read as of `ver` before subscribing, at `since`. `last_ver` is the result
    /// of [`Hub::subscribe`].
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
