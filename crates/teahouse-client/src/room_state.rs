//! The user's rooms, and which changes of each have been received: gaps are requested again, duplicates dropped.

mod unread;

use std::collections::{BTreeMap, VecDeque};

use self::unread::UnreadChange;
use crate::frames::{Message, Room, User};

/// A message and the text of its frame.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) message: Message,
    pub(crate) frame: String,
}

/// How a message differs from what was shown before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    New,
    Edited,
    Deleted,
    /// Nothing that a terminal shows.
    Other,
}

/// What to do after a message was received.
#[derive(Debug)]
pub(crate) enum Action {
    Show(Box<Received>, Change),
    /// Changes before it are missing: send `sync` with this `ver`.
    Sync(i64),
    /// It is a duplicate, or kept until the `sync` ends.
    Nothing,
}

/// A room, and what has been received of it.
#[derive(Debug)]
pub(crate) struct RoomState {
    pub(crate) room: Room,
    /// The last change received without a gap.
    ver: i64,
    /// Messages up to this `seq` are not new.
    pub(crate) last_seq: i64,
    /// The changes after the server's latest counts, oldest first.
    recent: VecDeque<UnreadChange>,
    /// The messages received during a `sync`, by `ver`. Its pages and live frames may interleave, so nothing is applied
    /// before `synced` arrives.
    pending: Option<BTreeMap<i64, Received>>,
    /// A script sent a `sync`, so changes that were received before are passed on too.
    is_replaying: bool,
}

impl RoomState {
    /// A room whose present messages are not new.
    fn new(room: Room) -> Self {
        Self {
            ver: room.ver,
            last_seq: room.seq,
            room,
            recent: VecDeque::new(),
            pending: None,
            is_replaying: false,
        }
    }

    /// Begins a `sync`, and returns its `ver`.
    fn begin_sync(&mut self) -> i64 {
        self.pending.get_or_insert_default();
        self.ver
    }

    fn apply(&mut self, received: Received, me: &str) -> (Received, Change) {
        let message = &received.message;
        self.ver = self.ver.max(message.ver);
        self.count(&UnreadChange::new(message, &self.room, me));
        let change = if message.seq > self.last_seq {
            self.last_seq = message.seq;
            Change::New
        } else if message.deleted_at.is_some() {
            Change::Deleted
        } else if message.edited_at.is_some() {
            Change::Edited
        } else {
            Change::Other
        };
        (received, change)
    }
}

/// The user's rooms by id.
#[derive(Debug, Default)]
pub(crate) struct RoomTable {
    epoch: Option<String>,
    me: Option<User>,
    rooms: BTreeMap<String, RoomState>,
}

impl RoomTable {
    /// Handles `hello`. Returns the rooms to `sync`, and from which `ver`.
    pub(crate) fn hello(
        &mut self,
        user: User,
        epoch: String,
        rooms: Vec<Room>,
    ) -> Vec<(String, i64)> {
        self.me = Some(user);
        let is_same_database = self.epoch.as_ref() == Some(&epoch);
        self.epoch = Some(epoch);
        if !is_same_database {
            let rooms = rooms.into_iter();
            self.rooms = rooms
                .map(|room| (room.id.clone(), RoomState::new(room)))
                .collect();
            return Vec::new();
        }
        self.rooms
            .retain(|id, _| rooms.iter().any(|room| room.id == *id));
        let mut behind = Vec::new();
        for room in rooms {
            let id = room.id.clone();
            let sync_from = match self.rooms.get_mut(&id) {
                None => self.update(room),
                Some(state) => {
                    let is_behind = state.ver != room.ver;
                    state.recent.clear();
                    state.room = room;
                    is_behind.then(|| state.begin_sync())
                }
            };
            behind.extend(sync_from.map(|ver| (id, ver)));
        }
        behind
    }

    /// Adds or updates a room. Returns the `ver` to `sync` from if that is necessary.
    pub(crate) fn update(&mut self, room: Room) -> Option<i64> {
        if let Some(state) = self.rooms.get_mut(&room.id) {
            state.set_counts(room);
            return None;
        }
        let id = room.id.clone();
        let state = self.rooms.entry(id).or_insert(RoomState::new(room));
        // The first messages of a direct conversation are new, although the room becomes known only after them.
        if state.room.is_direct() && state.ver > 0 {
            (state.ver, state.last_seq) = (0, 0);
            return Some(state.begin_sync());
        }
        None
    }

    /// Handles a message.
    pub(crate) fn receive(&mut self, received: Received) -> Action {
        let me = self.me.as_ref().map_or("", |me| me.id.as_str());
        let Some(state) = self.rooms.get_mut(&received.message.room_id) else {
            return Action::Nothing;
        };
        let ver = received.message.ver;
        if let Some(pending) = &mut state.pending {
            pending.insert(ver, received);
        } else if ver == state.ver + 1 || state.is_replaying {
            let (received, change) = state.apply(received, me);
            return Action::Show(Box::new(received), change);
        } else if ver > state.ver {
            return Action::Sync(state.begin_sync());
        }
        Action::Nothing
    }

    /// Handles `synced`, the end of a page. Returns its new changes by `ver`, and the `ver` of the next page, if any.
    pub(crate) fn synced(
        &mut self,
        room_id: &str,
        ver: i64,
        more: bool,
    ) -> (Vec<(Received, Change)>, Option<i64>) {
        let me = self.me.as_ref().map_or("", |me| me.id.as_str());
        let Some(state) = self.rooms.get_mut(room_id) else {
            return (Vec::new(), None);
        };
        let Some(mut page) = state.pending.take() else {
            state.is_replaying &= more;
            state.ver = state.ver.max(ver);
            return (Vec::new(), None);
        };
        let rest = page.split_off(&(ver + 1));
        page.retain(|at, _| *at > state.ver);
        let changes = page
            .into_values()
            .map(|received| state.apply(received, me))
            .collect();
        state.ver = state.ver.max(ver);
        if more {
            state.pending = Some(rest);
            return (changes, Some(state.ver));
        }
        (changes, None)
    }

    /// Handles `resync`: the server's database is older than what was received, so the room starts over.
    pub(crate) fn resync(&mut self, room_id: &str) {
        if let Some(state) = self.rooms.get_mut(room_id) {
            state.pending = None;
            state.ver = state.room.ver;
            state.last_seq = state.room.seq;
        }
    }

    /// Passes on all changes that a script's own `sync` returns.
    pub(crate) fn replay(&mut self, room_id: &str) {
        if let Some(state) = self.rooms.get_mut(room_id) {
            state.is_replaying = state.pending.is_none();
        }
    }

    /// Returns the rooms with an unfinished `sync`, and the `ver` to repeat it from.
    pub(crate) fn unfinished_syncs(&self) -> Vec<(String, i64)> {
        let syncing = self
            .rooms
            .iter()
            .filter(|(_, state)| state.pending.is_some());
        syncing.map(|(id, state)| (id.clone(), state.ver)).collect()
    }

    /// Whether a `sync` is unfinished.
    pub(crate) fn is_syncing(&self) -> bool {
        self.rooms.values().any(|state| state.pending.is_some())
    }

    /// Discards unfinished pages after the connection is lost.
    pub(crate) fn disconnected(&mut self) {
        for state in self.rooms.values_mut() {
            state.pending = None;
            state.is_replaying = false;
        }
    }

    /// Removes a room.
    pub(crate) fn remove(&mut self, room_id: &str) -> Option<Room> {
        self.rooms.remove(room_id).map(|state| state.room)
    }

    /// Returns a room by id.
    pub(crate) fn get(&self, room_id: &str) -> Option<&RoomState> {
        self.rooms.get(room_id)
    }

    /// Returns a room by name, ignoring case, or by id.
    pub(crate) fn find(&self, typed: &str) -> Option<&Room> {
        let typed = typed.trim();
        let has_name = |room: &&Room| room.name.to_lowercase() == typed.to_lowercase();
        self.iter()
            .find(has_name)
            .or_else(|| self.get(typed).map(|state| &state.room))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Room> {
        self.rooms.values().map(|state| &state.room)
    }

    /// Whether this is the user of this client.
    pub(crate) fn is_me(&self, user: &User) -> bool {
        self.me.as_ref().is_some_and(|me| me.id == user.id)
    }
}

#[cfg(test)]
mod tests;
