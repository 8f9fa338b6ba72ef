//! Backups: one compressed file with every row of every table, from which either kind of database can be restored.
//!
//! The file is gzip over lines of JSON. The first line is the manifest. The rows of each table follow, one array a
//! line, ordered by primary key, tables after those they reference; then a line that closes the table with its number
//! of rows and the SHA-256 of everything before that line. The last line closes the backup in the same way. Tables and
//! columns are read from the database's own catalog, so a backup includes whatever a migration adds.
//!
//! # Errors
//! `Unavailable` with a sentence that names the cause, unless a function says otherwise.

mod archive;
mod avatars;
mod catalog;
mod cell;
mod check;
mod dump;
mod faults;
mod load;
mod marker;
mod rooms;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use check::{Report, check};
pub use dump::dump;
pub use faults::Faults;
pub use load::restore;
pub(super) use marker::{remove as remove_marker, require_complete};

/// Name of the table that marks a database during a restore.
const MARKER: &str = "__teahouse_restore";

/// Version of the file format.
const FORMAT: u32 = 1;

/// Tables whose rows are not backed up: ended sessions and used links would be valid again, and the others are
/// short-lived. `docs/operations.md` lists the consequences for users.
const OMITTED: [&str; 6] = [
    "sessions",
    "pairings",
    "verifications",
    "password_links",
    "throttles",
    "notices",
];

/// First line of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    /// Version of the file format; its name tells what the file is.
    teahouse_backup: u32,
    /// Version of the program that wrote it.
    version: String,
    /// Kind of database it was read from: `sqlite` or `mysql`.
    database: String,
    /// RFC 3339, UTC: when the snapshot was taken.
    created_at: String,
    /// Epoch of the database that it was read from. A restored one gets a new epoch.
    epoch: String,
    migrations: Vec<String>,
    tables: Vec<Table>,
    /// Tables that exist but whose rows are not included.
    omitted: Vec<String>,
}

/// One table, as the database's catalog describes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Table {
    name: String,
    columns: Vec<Column>,
    /// Columns of the primary key, in its order.
    key: Vec<String>,
    references: Vec<Reference>,
}

impl Table {
    fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|other| other.name == column)
    }

    /// Indices of these columns in a row; `None` if one is missing.
    fn positions(&self, columns: &[String]) -> Option<Vec<usize>> {
        columns.iter().map(|name| self.position(name)).collect()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Column {
    name: String,
    kind: Kind,
    nullable: bool,
}

/// How a column's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// A number of at most 64 bits; booleans are 0 and 1.
    Integer,
    Text,
    /// Hexadecimal.
    Binary,
    /// `YYYY-MM-DD HH:MM:SS[.mmm]`, UTC.
    Time,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Reference {
    columns: Vec<String>,
    table: String,
    to: Vec<String>,
}

/// What a backup contains.
#[derive(Debug, Default, Clone)]
pub struct Summary {
    /// RFC 3339, UTC: when the snapshot was taken.
    pub created_at: String,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
}

impl Summary {
    /// Number of rows of a table.
    pub fn count(&self, table: &str) -> u64 {
        self.rows.get(table).copied().unwrap_or_default()
    }

    /// Number of all rows.
    pub fn total(&self) -> u64 {
        self.rows.values().sum()
    }
}
