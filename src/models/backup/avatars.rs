//! Finds pictures of users that the backup lacks, and pictures that no user has. A restore repairs both.

use std::collections::{BTreeMap, BTreeSet};

use super::Table;
use super::cell::Cell;
use super::faults::Faults;

/// The hashes of pictures in `users` and in `avatars`.
#[derive(Debug, Default)]
pub(super) struct Avatars {
    /// Each hash with the id of a user who has it.
    used: BTreeMap<String, i64>,
    stored: BTreeSet<String>,
}

impl Avatars {
    pub(super) fn visit(&mut self, table: &Table, row: &[Cell]) {
        let cell = |column| table.position(column).and_then(|index| row.get(index));
        match (
            table.name.as_str(),
            cell("id"),
            cell("avatar"),
            cell("hash"),
        ) {
            ("users", Some(Cell::Integer(id)), Some(Cell::Text(hash)), _) => {
                self.used.entry(hash.clone()).or_insert(*id);
            }
            ("avatars", _, _, Some(Cell::Text(hash))) => {
                self.stored.insert(hash.clone());
            }
            _ => {}
        }
    }

    /// After the last row.
    pub(super) fn finish(&self, warnings: &mut Faults) {
        for (hash, id) in &self.used {
            if !self.stored.contains(hash) {
                warnings.add(format!(
                    "users: the picture of user {id} is missing, {hash}"
                ));
            }
        }
        for hash in &self.stored {
            if !self.used.contains_key(hash) {
                warnings.add(format!("avatars: no user has the picture {hash}"));
            }
        }
    }
}
