//! Reads a whole database in one snapshot while servers write to it.

use std::io::Write;

use chrono::Utc;
use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::archive::Writer;
use super::cell::{Cell, Values};
use super::marker::require_complete;
use super::{FORMAT, Kind, Manifest, OMITTED, Summary, Table, catalog};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::{installation, rfc3339};

/// Rows of one query to a server, whose client library holds the whole result in memory. SQLite returns row by row.
const PAGE_ROWS: usize = 2_000;
/// The same for tables whose rows can be large.
const PAGE_ROWS_OF_LARGE_TABLES: usize = 50;
const LARGE_TABLE: &str = "avatars";

/// Writes a consistent snapshot of the database; returns the underlying writer and a summary. Holds no lock that a writer
/// waits for, and needs little memory whatever the number of rows.
pub fn dump<W: Write>(conn: &mut DbConn, out: W) -> Result<(W, Summary)> {
    if !catalog::has_table(conn, "installation")? {
        return Err(Error::Unavailable(
            "the database has no Teahouse tables: there is nothing to back up".into(),
        ));
    }
    require_complete(conn)?;
    match conn {
        // The first query takes the snapshot.
        DbConn::Sqlite(conn) => conn.batch_execute("BEGIN")?,
        DbConn::Mysql(conn) => {
            conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            conn.batch_execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")?;
        }
    }
    let outcome = write(conn, out);
    let ended = on_each!(conn, conn => conn.batch_execute("ROLLBACK"));
    let written = outcome?;
    ended?;
    Ok(written)
}

fn write<W: Write>(conn: &mut DbConn, out: W) -> Result<(W, Summary)> {
    let manifest = manifest(conn)?;
    let mut writer = Writer::new(out, &manifest)?;
    let mut summary = Summary {
        created_at: manifest.created_at,
        ..Summary::default()
    };
    for table in manifest.tables {
        let mut rows = 0;
        for_each_row(conn, &table, |row| {
            rows += 1;
            writer.row(row)
        })?;
        writer.end(&table.name, rows)?;
        summary.rows.insert(table.name, rows);
    }
    Ok((writer.finish()?, summary))
}

fn manifest(conn: &mut DbConn) -> Result<Manifest> {
    let epoch = installation::epoch(conn)?;
    let all = catalog::tables(conn)?;
    let is_omitted = |table: &Table| OMITTED.contains(&table.name.as_str());
    let (omitted, tables): (Vec<_>, Vec<_>) = all.into_iter().partition(is_omitted);
    Ok(Manifest {
        teahouse_backup: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: match conn {
            DbConn::Sqlite(_) => "sqlite",
            DbConn::Mysql(_) => "mysql",
        }
        .to_owned(),
        created_at: rfc3339(Utc::now().naive_utc()),
        epoch,
        migrations: conn.applied_versions()?.into_iter().collect(),
        tables,
        omitted: omitted.into_iter().map(|table| table.name).collect(),
    })
}

/// Visits every row in the order of the primary key.
fn for_each_row(
    conn: &mut DbConn,
    table: &Table,
    mut visit: impl FnMut(&[Cell]) -> Result<()>,
) -> Result<()> {
    let key = table.positions(&table.key).unwrap_or_default();
    let page = match (&conn, key.is_empty(), table.name.as_str()) {
        (DbConn::Sqlite(_), _, _) | (_, true, _) => None,
        (DbConn::Mysql(_), _, LARGE_TABLE) => Some(PAGE_ROWS_OF_LARGE_TABLES),
        (DbConn::Mysql(_), ..) => Some(PAGE_ROWS),
    };
    let select = select(table);
    let mut last: Vec<Cell> = Vec::new();
    loop {
        let (condition, parameters) = condition_after(table, &last);
        let limit = page.map_or_else(String::new, |rows| format!(" LIMIT {rows}"));
        let order = order(table);
        let sql = format!("{select}{condition}{order}{limit}");
        let mut rows = 0;
        on_each!(conn, conn => {
            let mut query = diesel::sql_query(&sql).into_boxed();
            for parameter in parameters {
                query = query.bind::<Text, _>(parameter);
            }
            for row in query.load_iter::<Values, DefaultLoadingMode>(conn)? {
                let values = row?.0.into_iter().zip(&table.columns);
                let row: Vec<Cell> = values
                    .map(|(value, column)| Cell::from_database(column.kind, value))
                    .collect::<Result<_>>()?;
                visit(&row)?;
                rows += 1;
                if page == Some(rows) {
                    last = key.iter().map(|index| row[*index].clone()).collect();
                }
            }
        });
        if page != Some(rows) {
            return Ok(());
        }
    }
}

/// Selects every column as text, so that integers, times and hashes look the same from both databases.
fn select(table: &Table) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| match column.kind {
            Kind::Text => format!("`{}`", column.name),
            Kind::Integer | Kind::Time => format!("CAST(`{}` AS CHAR)", column.name),
            // SQLite's hex(NULL) is an empty text.
            Kind::Binary => format!(
                "CASE WHEN `{0}` IS NOT NULL THEN HEX(`{0}`) END",
                column.name
            ),
        })
        .collect();
    format!("SELECT {} FROM `{}`", columns.join(", "), table.name)
}

fn order(table: &Table) -> String {
    if table.key.is_empty() {
        return String::new();
    }
    format!(" ORDER BY `{}`", table.key.join("`, `"))
}

/// The condition for rows after this key, in a form for which MySQL and MariaDB use the index: no comparison of row
/// values. Integers are literals, because a text parameter would be compared as a floating-point number.
fn condition_after(table: &Table, last: &[Cell]) -> (String, Vec<String>) {
    if last.is_empty() {
        return (String::new(), Vec::new());
    }
    let (mut alternatives, mut parameters) = (Vec::new(), Vec::new());
    for length in 0..last.len() {
        let mut parts = Vec::new();
        for (index, (name, value)) in table.key.iter().zip(last).enumerate().take(length + 1) {
            let operator = if index == length { ">" } else { "=" };
            match value {
                Cell::Integer(number) => parts.push(format!("`{name}` {operator} {number}")),
                Cell::Text(text) => {
                    parts.push(format!("`{name}` {operator} ?"));
                    parameters.push(text.clone());
                }
                Cell::Null => {}
            }
        }
        alternatives.push(format!("({})", parts.join(" AND ")));
    }
    (format!(" WHERE {}", alternatives.join(" OR ")), parameters)
}
