//! My rooms, and how far each of them is known here: what was lost is asked for, what comes again is left out.

mod counting;

use std::collections::{BTreeMap, VecDeque};

use self::counting::Counted;
use super::frames::{Message, Room, User};

/// A message and the frame that brought it.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) message: Message,
    pub(super) frame: String,
}

/// What a message is to somebody who reads along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    New,
    Edited,
    Deleted,
    /// Nothing that a terminal shows.
    Other,
}

/// What follows from a message.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is news.
    Show(Box<Heard>, Change),
    /// Something is missing before it: ask for what came after this number.
    Ask(i64),
    /// It is known, or has to wait.
    Nothing,
}

/// A room, and what is known of it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) room: Room,
    /// Every change up to here is known.
    ver: i64,
    /// Messages up to here are not new.
    pub(super) shown: i64,
    /// What the messages after `room.ver` add to `room.unread`, oldest first.
    recent: VecDeque<Counted>,
    /// While a `sync` runs: what came, by `ver`. Its pages and live frames may cross, so nothing counts before
    /// `synced` closes them.
    waiting: Option<BTreeMap<i64, Heard>>,
    /// A script asked for what is known already.
    replaying: bool,
}

impl Place {
    fn new(room: Room, ver: i64, shown: i64) -> Self {
        Self {
            room,
            ver,
            shown,
            recent: VecDeque::new(),
            waiting: None,
            replaying: false,
        }
    }

    fn ask(&mut self) -> i64 {
        self.waiting.get_or_insert_default();
        self.ver
    }

    fn apply(&mut self, heard: Heard, me: &str) -> (Heard, Change) {
        let message = &heard.message;
        self.ver = self.ver.max(message.ver);
        self.count(&Counted::of(message, &self.room, me));
        let change = if message.seq > self.shown {
            self.shown = message.seq;
            Change::New
        } else if message.deleted_at.is_some() {
            Change::Deleted
        } else if message.edited_at.is_some() {
            Change::Edited
        } else {
            Change::Other
        };
        (heard, change)
    }
}

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Book {
    epoch: Option<String>,
    me: Option<User>,
    places: BTreeMap<String, Place>,
}

impl Book {
    /// A connection begins. Answers the rooms to catch up with, and from where.
    pub(super) fn hello(
        &mut self,
        user: User,
        epoch: String,
        rooms: Vec<Room>,
    ) -> Vec<(String, i64)> {
        let is_first = self.epoch.as_ref() != Some(&epoch);
        if is_first {
            self.places.clear();
        }
        self.epoch = Some(epoch);
        self.me = Some(user);
        self.places
            .retain(|id, _| rooms.iter().any(|room| room.id == *id));
        let mut behind = Vec::new();
        for room in rooms {
            let (id, ver) = (room.id.clone(), room.ver);
            if is_first {
                let place = Place::new(room, ver, 0);
                self.places.entry(id).or_insert(place).start_at_end();
            } else if let Some(from) = self.greet(room) {
                behind.push((id, from));
            } else if let Some(place) = self.places.get_mut(&id)
                && place.ver != ver
            {
                behind.push((id, place.ask()));
            }
        }
        behind
    }

    /// A room as a new connection finds it: its counts replace those of the last one.
    fn greet(&mut self, room: Room) -> Option<i64> {
        if let Some(place) = self.places.get_mut(&room.id) {
            place.recent.clear();
            place.room = room;
            return None;
        }
        self.meet(room)
    }

    /// A room appeared or changed. Answers from where to catch up with it, when there is something to.
    pub(super) fn meet(&mut self, room: Room) -> Option<i64> {
        let id = room.id.clone();
        if let Some(place) = self.places.get_mut(&id) {
            place.start(room);
            return None;
        }
        let (ver, is_direct) = (room.ver, room.is_direct());
        let place = self.places.entry(id).or_insert(Place::new(room, ver, 0));
        // What was said in a new conversation before we knew of it is news too.
        if is_direct && ver > 0 {
            place.ver = 0;
            return Some(place.ask());
        }
        place.start_at_end();
        None
    }

    /// A message came.
    pub(super) fn hear(&mut self, heard: Heard) -> Outcome {
        let me = self.me.as_ref().map_or("", |me| me.id.as_str());
        let Some(place) = self.places.get_mut(&heard.message.room_id) else {
            return Outcome::Nothing;
        };
        let ver = heard.message.ver;
        if let Some(waiting) = &mut place.waiting {
            waiting.insert(ver, heard);
        } else if ver == place.ver + 1 || place.replaying {
            let (heard, change) = place.apply(heard, me);
            return Outcome::Show(Box::new(heard), change);
        } else if ver > place.ver {
            return Outcome::Ask(place.ask());
        }
        Outcome::Nothing
    }

    /// A page of `sync` ends. Answers what is news in it, in order, and from where to ask on.
    pub(super) fn synced(
        &mut self,
        room_id: &str,
        ver: i64,
        more: bool,
    ) -> (Vec<(Heard, Change)>, Option<i64>) {
        let me = self.me.as_ref().map_or("", |me| me.id.as_str());
        let Some(place) = self.places.get_mut(room_id) else {
            return (Vec::new(), None);
        };
        let Some(mut page) = place.waiting.take() else {
            place.replaying &= more;
            place.ver = place.ver.max(ver);
            return (Vec::new(), None);
        };
        let rest = page.split_off(&(ver + 1));
        page.retain(|at, _| *at > place.ver);
        let news = page
            .into_values()
            .map(|heard| place.apply(heard, me))
            .collect();
        place.ver = place.ver.max(ver);
        if more {
            place.waiting = Some(rest);
            return (news, Some(place.ver));
        }
        (news, None)
    }

    /// The database is behind what is known here: the room begins anew.
    pub(super) fn resync(&mut self, room_id: &str) {
        if let Some(place) = self.places.get_mut(room_id) {
            place.waiting = None;
            place.ver = place.room.ver;
            place.start_at_end();
        }
    }

    /// A script asks for changes itself: they are passed on, known or not.
    pub(super) fn replay(&mut self, room_id: &str) {
        if let Some(place) = self.places.get_mut(room_id) {
            place.replaying = place.waiting.is_none();
        }
    }

    /// The rooms whose `sync` was not answered, and from where to ask again.
    pub(super) fn unanswered(&self) -> Vec<(String, i64)> {
        let open = self
            .places
            .iter()
            .filter(|(_, place)| place.waiting.is_some());
        open.map(|(id, place)| (id.clone(), place.ver)).collect()
    }

    /// Whether a `sync` is not answered yet.
    pub(super) fn is_catching_up(&self) -> bool {
        self.places.values().any(|place| place.waiting.is_some())
    }

    /// The connection is gone, with what was under way.
    pub(super) fn lost(&mut self) {
        for place in self.places.values_mut() {
            place.waiting = None;
            place.replaying = false;
        }
    }

    /// I am no longer in a room.
    pub(super) fn forget(&mut self, room_id: &str) -> Option<Room> {
        self.places.remove(room_id).map(|place| place.room)
    }

    /// A room of mine, by its id.
    pub(super) fn place(&self, room_id: &str) -> Option<&Place> {
        self.places.get(room_id)
    }

    /// A room of mine, by id or name as typed.
    pub(super) fn find(&self, typed: &str) -> Option<&Room> {
        let typed = typed.trim();
        let named = |room: &&Room| room.name.to_lowercase() == typed.to_lowercase();
        self.rooms()
            .find(named)
            .or_else(|| self.place(typed).map(|place| &place.room))
    }

    /// All my rooms.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.places.values().map(|place| &place.room)
    }

    /// Whether this is me.
    pub(super) fn is_me(&self, user: &User) -> bool {
        self.me.as_ref().is_some_and(|me| me.id == user.id)
    }
}

impl Place {
    /// What is in the room now is not news.
    fn start_at_end(&mut self) {
        self.shown = self.room.seq;
    }
}

#[cfg(test)]
mod tests;
