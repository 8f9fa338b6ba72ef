//! Tracks which users are online. Changes are sent to windows that show the room, at most ten times a second (counts of
//! large rooms once a second), and in direct rooms to all members.

mod broadcast;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use super::hub::Hub;
use crate::error::outage::warn_unless_outage;
use crate::protocol::{Room, RoomKind, User};

/// Interval within which changes are sent together.
const BATCH_DELAY: Duration = Duration::from_millis(100);

struct UserPresence {
    user: User,
    rooms: HashSet<i64>,
    /// Number of open windows, and of those that are away.
    windows: usize,
    away: usize,
    left_at: Option<Instant>,
}

#[derive(Default)]
struct State {
    users: HashMap<i64, UserPresence>,
    rooms: HashMap<i64, HashSet<i64>>,
    directs: HashSet<i64>,
    viewers: HashMap<i64, usize>,
    changed: HashSet<i64>,
    in_grace_period: HashSet<i64>,
    count_sent_at: HashMap<i64, Instant>,
}

/// The online users and their rooms.
#[derive(Default)]
pub struct Presence {
    inner: Mutex<State>,
    change: Notify,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a window of a user who is a member of these rooms.
    pub fn connect(&self, user: &User, rooms: &[Room]) {
        let mut inner = self.lock();
        let State {
            users,
            rooms: members,
            directs,
            changed,
            in_grace_period,
            ..
        } = &mut *inner;
        let entry = users.entry(user.id.0).or_insert_with(|| UserPresence {
            user: user.clone(),
            rooms: HashSet::new(),
            windows: 0,
            away: 0,
            left_at: None,
        });
        entry.windows += 1;
        let is_back = entry.left_at.take().is_some();
        in_grace_period.remove(&user.id.0);
        for room in rooms {
            let room_id = room.id.0;
            if room.kind == RoomKind::Direct {
                directs.insert(room_id);
            }
            let is_new = entry.rooms.insert(room_id);
            members.entry(room_id).or_default().insert(user.id.0);
            if is_new || is_back || entry.away > 0 {
                changed.insert(room_id);
            }
        }
        self.change.notify_one();
    }

    /// Adds an online user to a room they joined.
    pub fn join(&self, user_id: i64, room_id: i64, is_direct: bool) {
        let mut inner = self.lock();
        if is_direct {
            inner.directs.insert(room_id);
        }
        if let Some(entry) = inner.users.get_mut(&user_id) {
            let is_new = entry.rooms.insert(room_id);
            inner.rooms.entry(room_id).or_default().insert(user_id);
            if is_new {
                inner.changed.insert(room_id);
                self.change.notify_one();
            }
        }
    }

    /// Removes a user from a room they left.
    pub fn leave(&self, user_id: i64, room_id: i64) {
        let mut inner = self.lock();
        if let Some(entry) = inner.users.get_mut(&user_id) {
            entry.rooms.remove(&room_id);
        }
        if let Some(members) = inner.rooms.get_mut(&room_id) {
            let was_here = members.remove(&user_id);
            if members.is_empty() {
                inner.rooms.remove(&room_id);
            }
            if was_here {
                inner.changed.insert(room_id);
                self.change.notify_one();
            }
        }
    }

    /// Removes a deleted room.
    pub fn forget_room(&self, room_id: i64) {
        let mut inner = self.lock();
        for user_id in inner.rooms.remove(&room_id).into_iter().flatten() {
            if let Some(entry) = inner.users.get_mut(&user_id) {
                entry.rooms.remove(&room_id);
            }
        }
        inner.directs.remove(&room_id);
    }

    /// Removes a window, which showed room `view` and may have been away.
    pub fn disconnect(&self, user_id: i64, view: Option<i64>, away: bool) {
        let mut inner = self.lock();
        inner.count_viewer(view, None);
        let Some(entry) = inner.users.get_mut(&user_id) else {
            return;
        };
        entry.windows -= 1;
        entry.away -= usize::from(away);
        if entry.windows == 0 {
            entry.left_at = Some(Instant::now());
            inner.in_grace_period.insert(user_id);
        } else {
            inner.user_changed(user_id);
        }
        self.change.notify_one();
    }

    /// Updates the room that a window shows and whether it is away.
    pub fn set_view(&self, user_id: i64, from: (Option<i64>, bool), to: (Option<i64>, bool)) {
        let mut inner = self.lock();
        inner.count_viewer(from.0, to.0);
        if from.1 != to.1
            && let Some(entry) = inner.users.get_mut(&user_id)
        {
            entry.away = entry.away + usize::from(to.1) - usize::from(from.1);
            inner.user_changed(user_id);
            self.change.notify_one();
        }
    }

    /// Returns a room's presence frame.
    pub fn frame(&self, room_id: i64) -> Bytes {
        self.lock().frame(room_id)
    }

    /// Sends changes until the process ends.
    pub async fn run(&self, hub: Arc<Hub>) {
        loop {
            let waits = {
                let inner = self.lock();
                !inner.in_grace_period.is_empty() || !inner.changed.is_empty()
            };
            if !waits {
                self.change.notified().await;
            }
            tokio::time::sleep(BATCH_DELAY).await;
            let (frames, offline) = self.lock().take_changes(Instant::now());
            for (room_id, audience, frame) in frames {
                hub.send_to_room(room_id, audience, frame);
            }
            for user_id in offline {
                if let Err(error) = hub.store().record_last_seen(user_id).await {
                    warn_unless_outage!(error, "cannot store when a user was last seen");
                }
            }
        }
    }
}

impl State {
    fn count_viewer(&mut self, from: Option<i64>, to: Option<i64>) {
        if let Some(room_id) = from
            && let Some(viewers) = self.viewers.get_mut(&room_id)
        {
            *viewers -= 1;
            if *viewers == 0 {
                self.viewers.remove(&room_id);
            }
        }
        if let Some(room_id) = to {
            *self.viewers.entry(room_id).or_default() += 1;
        }
    }

    fn user_changed(&mut self, user_id: i64) {
        if let Some(entry) = self.users.get(&user_id) {
            self.changed.extend(&entry.rooms);
        }
    }
}
