//! Reads a database's tables from its catalog.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::MARKER;
use super::{Column, Kind, Reference, Table};
use crate::error::Result;
use crate::models::database::connection::DbConn;

/// Diesel's own table. The migrations that it lists are in the manifest.
const MIGRATIONS: &str = "__diesel_schema_migrations";

const SQLITE_COLUMNS: &str = "SELECT m.name, c.name, c.type, \
     CASE WHEN c.\"notnull\" = 0 AND c.pk = 0 THEN 1 ELSE 0 END, c.pk \
     FROM sqlite_master m JOIN pragma_table_info(m.name) c \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY m.name, c.cid";
const MYSQL_COLUMNS: &str = "SELECT c.table_name, c.column_name, \
     CAST(c.data_type AS CHAR), CAST(c.is_nullable = 'YES' AS SIGNED), \
     CAST(COALESCE(k.ordinal_position, 0) AS SIGNED) \
     FROM information_schema.tables t \
     JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name \
     LEFT JOIN information_schema.key_column_usage k ON k.table_schema = c.table_schema \
     AND k.table_name = c.table_name AND k.column_name = c.column_name AND k.constraint_name = 'PRIMARY' \
     WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' \
     ORDER BY c.table_name, c.ordinal_position";

const SQLITE_REFERENCES: &str = "SELECT m.name, CAST(f.id AS TEXT), f.\"from\", \
     f.\"table\", f.\"to\" \
     FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
     WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq";
const MYSQL_REFERENCES: &str = "SELECT table_name, constraint_name, column_name, \
     referenced_table_name, referenced_column_name \
     FROM information_schema.key_column_usage \
     WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL \
     ORDER BY table_name, constraint_name, ordinal_position";

/// Table, column, declared type, whether it is nullable, and its position in the primary key (0: none).
type ColumnRow = (String, String, String, i64, i64);
/// Table, name of the foreign key, column, referenced table and column.
type ReferenceRow = (String, String, String, String, String);

/// Tables by name, each with its key columns and their positions in the key.
type TablesByName = BTreeMap<String, (Table, Vec<(i64, String)>)>;

/// Returns every table but Diesel's own, each after those it references.
pub(super) fn tables(conn: &mut DbConn) -> Result<Vec<Table>> {
    let (columns, references) = match conn {
        DbConn::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_REFERENCES),
        DbConn::Mysql(_) => (MYSQL_COLUMNS, MYSQL_REFERENCES),
    };
    let columns: Vec<ColumnRow> = sql::<(Text, Text, Text, BigInt, BigInt)>(columns).load(conn)?;
    let references = sql::<(Text, Text, Text, Text, Text)>(references);
    let references: Vec<ReferenceRow> = references.load(conn)?;
    let mut tables: TablesByName = BTreeMap::new();
    for (table_name, name, declared, nullable, key_position) in columns {
        if table_name == MIGRATIONS {
            continue;
        }
        let (table, key) = tables.entry(table_name.clone()).or_insert_with(|| {
            let table = Table {
                name: table_name,
                columns: Vec::new(),
                key: Vec::new(),
                references: Vec::new(),
            };
            (table, Vec::new())
        });
        if key_position > 0 {
            key.push((key_position, name.clone()));
        }
        table.columns.push(Column {
            name,
            kind: kind(&declared),
            nullable: nullable != 0,
        });
    }
    add_references(&mut tables, references);
    let tables = tables.into_values().map(|(mut table, mut key)| {
        key.sort();
        table.key = key.into_iter().map(|(_, name)| name).collect();
        table
    });
    Ok(topological_order(tables.collect()))
}

fn add_references(tables: &mut TablesByName, rows: Vec<ReferenceRow>) {
    let mut last = None;
    for (table_name, key_name, column, target, target_column) in rows {
        let Some((table, _)) = tables.get_mut(&table_name) else {
            continue;
        };
        let this = Some((table_name, key_name));
        if this != last {
            table.references.push(Reference {
                columns: Vec::new(),
                table: target,
                to: Vec::new(),
            });
            last = this;
        }
        if let Some(reference) = table.references.last_mut() {
            reference.columns.push(column);
            reference.to.push(target_column);
        }
    }
}

/// Sorts tables so that each follows those it references; tables in reference cycles come last.
fn topological_order(mut tables: Vec<Table>) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let is_ready = |table: &Table| {
            let mut targets = table.references.iter().map(|reference| &reference.table);
            targets.all(|target| {
                *target == table.name || ordered.iter().any(|other| other.name == *target)
            })
        };
        let next = tables.iter().position(is_ready).unwrap_or(0);
        ordered.push(tables.remove(next));
    }
    ordered
}

/// Parses a column's declared type; unknown types are read as text.
fn kind(declared: &str) -> Kind {
    let declared = declared.to_lowercase();
    let is = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    if is(&["int", "bool"]) {
        Kind::Integer
    } else if is(&["blob", "binary"]) {
        Kind::Binary
    } else if is(&["datetime", "timestamp"]) {
        Kind::Time
    } else {
        Kind::Text
    }
}

pub(super) fn has_table(conn: &mut DbConn, name: &str) -> Result<bool> {
    let select = match conn {
        DbConn::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ",
        DbConn::Mysql(_) => {
            "SELECT COUNT(*) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = "
        }
    };
    let count: i64 = sql::<BigInt>(select)
        .bind::<Text, _>(name)
        .get_result(conn)?;
    Ok(count > 0)
}

/// Returns the names of all tables but the marker.
pub(super) fn table_names(conn: &mut DbConn) -> Result<Vec<String>> {
    let tables = tables(conn)?.into_iter().map(|table| table.name);
    Ok(tables.filter(|name| name != MARKER).collect())
}
