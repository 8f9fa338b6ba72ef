//! Builds presence frames and decides when to send them.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::State;
use crate::protocol::frames::ServerFrame;
use crate::protocol::{Id, OnlineUser, PresenceState};
use crate::realtime::hub::worker_commands::Audience;

/// Above this number of online users, only the count is sent.
const MAX_LISTED: usize = 100;
/// Minimum interval between counts for one room.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);
/// Time after a user's last window closed until they count as offline, since it may be reloading.
const LEAVE_GRACE: Duration = Duration::from_secs(3);

impl State {
    pub(super) fn frame(&self, room_id: i64) -> Bytes {
        let ids = self.rooms.get(&room_id);
        let count = ids.map_or(0, HashSet::len);
        let room_id = Id(room_id);
        if count > MAX_LISTED {
            return ServerFrame::PresenceCount { room_id, count }.encode();
        }
        let mut online: Vec<OnlineUser> = ids
            .into_iter()
            .flatten()
            .filter_map(|id| self.users.get(id))
            .map(|entry| OnlineUser {
                user: entry.user.clone(),
                // A user between two windows is not away.
                state: if entry.windows > 0 && entry.away == entry.windows {
                    PresenceState::Away
                } else {
                    PresenceState::Online
                },
            })
            .collect();
        online.sort_by_key(|present| present.user.id);
        ServerFrame::Presence {
            room_id,
            online: &online,
        }
        .encode()
    }

    /// Returns the frames to send now, as `(room, audience, frame)`, and the users who went offline. Rooms without
    /// viewers are skipped, and counts may be postponed.
    pub(super) fn take_changes(&mut self, now: Instant) -> (Vec<(i64, Audience, Bytes)>, Vec<i64>) {
        let offline = self.remove_offline(now);
        let changed = std::mem::take(&mut self.changed);
        let mut frames = Vec::new();
        for room_id in changed {
            let audience = match self.directs.contains(&room_id) {
                true => Audience::All,
                false => Audience::Viewers,
            };
            if audience == Audience::Viewers && !self.viewers.contains_key(&room_id) {
                self.count_sent_at.remove(&room_id);
                continue;
            }
            let members = self.rooms.get(&room_id).map_or(0, HashSet::len);
            if members > MAX_LISTED {
                let sent_at = self.count_sent_at.get(&room_id);
                if sent_at.is_some_and(|at| now.duration_since(*at) < COUNT_INTERVAL) {
                    self.changed.insert(room_id);
                    continue;
                }
                self.count_sent_at.insert(room_id, now);
            }
            frames.push((room_id, audience, self.frame(room_id)));
            if members == 0 {
                self.directs.remove(&room_id);
            }
        }
        (frames, offline)
    }

    /// Removes users whose grace period is over, and returns them.
    fn remove_offline(&mut self, now: Instant) -> Vec<i64> {
        let is_offline = |id: &i64| {
            let left_at = self.users.get(id).and_then(|entry| entry.left_at);
            left_at.is_none_or(|at| now.duration_since(at) >= LEAVE_GRACE)
        };
        let offline: Vec<i64> = self
            .in_grace_period
            .iter()
            .copied()
            .filter(is_offline)
            .collect();
        for user_id in &offline {
            self.in_grace_period.remove(user_id);
            let Some(entry) = self.users.remove(user_id) else {
                continue;
            };
            for room_id in entry.rooms {
                if let Some(members) = self.rooms.get_mut(&room_id) {
                    members.remove(user_id);
                    if members.is_empty() {
                        self.rooms.remove(&room_id);
                    }
                }
                self.changed.insert(room_id);
            }
        }
        offline
    }
}
