//! Checks a backup without any database. Memory grows with rooms, pictures, referenced ids and the versions of one room's
//! messages (a few bits each), not with the size of the file.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use super::archive::{Line, Reader};
use super::avatars::Avatars;
use super::cell::Cell;
use super::faults::Faults;
use super::rooms::{NumberSet, RoomLogs};
use super::{Summary, Table};
use crate::error::{Error, Result};

/// Tables that a backup must have.
const REQUIRED: [&str; 5] = ["installation", "users", "rooms", "memberships", "messages"];

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// What was read until the first error of the file.
    pub summary: Summary,
    /// Why it cannot be restored.
    pub faults: Faults,
    /// What is repaired when it is restored.
    pub warnings: Faults,
    /// Rooms with their `last_seq`.
    pub(super) last_seqs: BTreeMap<i64, i64>,
}

/// Reads a whole backup and checks its form, checksums, counts, keys, references and the log of each room.
///
/// # Errors
/// `Unavailable` if it is not a backup, or its format is unknown. Everything else is in the report.
pub fn check(input: impl BufRead) -> Result<Report> {
    let mut reader = Reader::new(input)?;
    let tables = reader.manifest.tables.clone();
    let mut checker = Checker::new(&tables);
    let mut summary = Summary {
        created_at: reader.manifest.created_at.clone(),
        ..Summary::default()
    };
    let mut remaining = tables.iter();
    let mut table = remaining.next();
    let is_complete = loop {
        match (reader.next(), table) {
            (Ok(Line::Row(row)), Some(table)) => {
                *summary.rows.entry(table.name.clone()).or_default() += 1;
                checker.row(table, row);
            }
            (Ok(Line::TableEnd), _) => {
                checker.last_key.clear();
                table = remaining.next();
            }
            (Ok(Line::End), _) => break true,
            (Ok(Line::Row(_)), None) => {
                checker.faults.add("a row belongs to no table".into());
                break false;
            }
            (Err(Error::Unavailable(error_text)), _) => {
                checker.faults.add(error_text);
                break false;
            }
            (Err(error), _) => return Err(error),
        }
    };
    let mut warnings = Faults::default();
    if is_complete {
        checker.logs.finish(&mut checker.faults);
        checker.avatars.finish(&mut warnings);
    }
    Ok(Report {
        summary,
        faults: checker.faults,
        warnings,
        last_seqs: checker.logs.last_seqs(),
    })
}

struct Checker<'a> {
    faults: Faults,
    logs: RoomLogs,
    avatars: Avatars,
    /// Ids of the rows of each table that other tables reference.
    ids: HashMap<&'a str, NumberSet>,
    /// Primary key of the previous row.
    last_key: Vec<Cell>,
}

impl<'a> Checker<'a> {
    fn new(tables: &'a [Table]) -> Self {
        let mut faults = Faults::default();
        for name in REQUIRED {
            if !tables.iter().any(|table| table.name == name) {
                faults.add(format!("the table {name} is missing"));
            }
        }
        let references = tables.iter().flat_map(|table| &table.references);
        let single = references.filter(|reference| reference.columns.len() == 1);
        let ids = single.map(|reference| (reference.table.as_str(), NumberSet::default()));
        Self {
            faults,
            logs: RoomLogs::default(),
            avatars: Avatars::default(),
            ids: ids.collect(),
            last_key: Vec::new(),
        }
    }

    fn row(&mut self, table: &'a Table, row: Vec<Cell>) {
        if !self.matches_columns(table, &row) {
            return;
        }
        let positions = table.positions(&table.key).unwrap_or_default();
        let key: Vec<Cell> = positions.iter().map(|index| row[*index].clone()).collect();
        if !key.is_empty() && key <= self.last_key {
            let key = format_key(&key);
            self.faults
                .add(format!("{}: {key} comes twice or out of order", table.name));
        }
        if let ([Cell::Integer(id)], Some(ids)) =
            (key.as_slice(), self.ids.get_mut(table.name.as_str()))
        {
            ids.insert(*id);
        }
        self.logs.visit(table, &row, &mut self.faults);
        self.avatars.visit(table, &row);
        self.check_references(table, &row, &key);
        self.last_key = key;
    }

    /// Whether the row has a valid value for each column of its table.
    fn matches_columns(&mut self, table: &Table, row: &[Cell]) -> bool {
        if row.len() != table.columns.len() {
            let name = &table.name;
            self.faults
                .add(format!("{name}: a row has {} columns", row.len()));
            return false;
        }
        for (cell, column) in row.iter().zip(&table.columns) {
            let is_wrong_null = *cell == Cell::Null && !column.nullable;
            if is_wrong_null || !cell.matches_kind(column.kind) {
                let (name, column) = (&table.name, &column.name);
                self.faults
                    .add(format!("{name}: {column} has a value that it cannot have"));
                return false;
            }
        }
        true
    }

    fn check_references(&mut self, table: &Table, row: &[Cell], key: &[Cell]) {
        for reference in &table.references {
            let values = reference.columns.iter().map(|column| {
                let index = table.position(column)?;
                row[index].integer()
            });
            let values: Option<Vec<i64>> = values.collect();
            // Null is no reference.
            let exists = match values.as_deref() {
                None => true,
                Some([id]) => {
                    let ids = self.ids.get(reference.table.as_str());
                    ids.is_some_and(|ids| ids.contains(*id))
                }
                Some([room_id, seq]) if reference.table == "messages" => {
                    self.logs.has_message(*room_id, *seq)
                }
                // Other references are checked by the database during a restore.
                Some(_) => true,
            };
            if !exists {
                let (name, columns) = (&table.name, reference.columns.join(", "));
                self.faults.add(format!(
                    "{name}: {} refers by {columns} to a row of {} that is not there",
                    format_key(key),
                    reference.table
                ));
            }
        }
    }
}

fn format_key(key: &[Cell]) -> String {
    let parts: Vec<String> = key
        .iter()
        .map(|cell| cell.to_parameter().unwrap_or_default())
        .collect();
    format!("({})", parts.join(", "))
}
