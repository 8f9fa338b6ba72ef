//! Checks that the log of each room is complete: `seq` 1 to `last_seq`, each once, and `ver` within its limits.

use std::collections::{BTreeMap, HashMap};

use super::Table;
use super::cell::Cell;
use super::faults::Faults;

/// A set of positive numbers that needs little memory where they are consecutive.
#[derive(Debug, Default)]
pub(super) struct NumberSet(HashMap<i64, u64>);

impl NumberSet {
    pub(super) fn insert(&mut self, number: i64) -> bool {
        let bits = self.0.entry(number >> 6).or_default();
        let bit = 1 << (number & 63);
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }

    pub(super) fn contains(&self, number: i64) -> bool {
        let bits = self.0.get(&(number >> 6));
        bits.is_some_and(|bits| bits & (1 << (number & 63)) != 0)
    }
}

#[derive(Debug)]
struct Room {
    last_seq: i64,
    last_ver: i64,
    seq: i64,
}

/// State of the check of `installation`, `rooms` and `messages`. Messages are ordered by room and `seq`.
#[derive(Debug, Default)]
pub(super) struct RoomLogs {
    rooms: BTreeMap<i64, Room>,
    /// The room whose messages are being read, and their versions.
    current: Option<(i64, NumberSet)>,
    /// The installation's counter: no message has a higher id.
    counter: Option<i64>,
}

impl RoomLogs {
    pub(super) fn visit(&mut self, table: &Table, row: &[Cell], faults: &mut Faults) {
        let columns: &[&str] = match table.name.as_str() {
            "installation" => &["counter"],
            "rooms" => &["id", "last_seq", "last_ver"],
            "messages" => &["room_id", "seq", "ver", "id", "change_id"],
            _ => return,
        };
        let numbers = columns
            .iter()
            .map(|name| row.get(table.position(name)?)?.integer());
        let numbers: Option<Vec<i64>> = numbers.collect();
        match numbers.as_deref() {
            Some(&[counter]) if self.counter.is_none() => self.counter = Some(counter),
            Some(&[id, last_seq, last_ver]) => {
                let room = Room {
                    last_seq,
                    last_ver,
                    seq: 0,
                };
                self.rooms.insert(id, room);
            }
            Some(&[room_id, seq, ver, id, change_id]) => {
                self.message([room_id, seq, ver, id, change_id], faults);
            }
            Some(_) => faults.add("installation: there must be only one row".into()),
            None => {
                let (name, columns) = (&table.name, columns.join(", "));
                faults.add(format!("{name}: a row lacks one of {columns}"));
            }
        }
    }

    fn message(&mut self, [room_id, seq, ver, id, change_id]: [i64; 5], faults: &mut Faults) {
        let message = format!("room {room_id}, message {seq}");
        if self
            .counter
            .is_none_or(|counter| id.max(change_id) > counter)
        {
            faults.add(format!(
                "{message}: its number is above the installation's counter"
            ));
        }
        // A message without its room is reported as a broken reference.
        let Some(room) = self.rooms.get_mut(&room_id) else {
            return;
        };
        if seq > room.last_seq {
            let last = room.last_seq;
            faults.add(format!("{message}: the room should end at message {last}"));
        } else if seq > room.seq + 1 {
            faults.add(missing(room_id, room.seq + 1, seq - 1));
        }
        room.seq = room.seq.max(seq);
        if ver < seq || ver > room.last_ver {
            let last = room.last_ver;
            faults.add(format!(
                "{message}: its version {ver} is not between {seq} and {last}"
            ));
        }
        if !matches!(&self.current, Some((current, _)) if *current == room_id) {
            self.current = Some((room_id, NumberSet::default()));
        }
        if let Some((_, versions)) = &mut self.current
            && !versions.insert(ver)
        {
            faults.add(format!(
                "{message}: another message has the version {ver} too"
            ));
        }
    }

    /// Checks what is known only after the last row.
    pub(super) fn finish(&self, faults: &mut Faults) {
        if self.counter.is_none() {
            faults.add("installation: its row is missing".into());
        }
        for (id, room) in &self.rooms {
            if room.seq < room.last_seq {
                faults.add(missing(*id, room.seq + 1, room.last_seq));
            }
        }
    }

    /// Whether there is such a message, provided that each log is complete.
    pub(super) fn has_message(&self, room_id: i64, seq: i64) -> bool {
        let room = self.rooms.get(&room_id);
        room.is_some_and(|room| (1..=room.last_seq).contains(&seq))
    }

    /// Rooms with their `last_seq`.
    pub(super) fn last_seqs(&self) -> BTreeMap<i64, i64> {
        let last_seqs = self.rooms.iter().map(|(id, room)| (*id, room.last_seq));
        last_seqs.collect()
    }
}

fn missing(room_id: i64, first: i64, last: i64) -> String {
    match first == last {
        true => format!("room {room_id}: message {first} is missing"),
        false => format!("room {room_id}: messages {first} to {last} are missing"),
    }
}
