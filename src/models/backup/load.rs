//! Restores a backup into an empty database of either kind.

use std::collections::BTreeSet;
use std::io::BufRead;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::archive::{Line, Reader};
use super::catalog;
use super::cell::Cell;
use super::check::{Report, check};
use super::{Kind, Manifest, Summary, Table, marker};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::installation;

const STATEMENT_ROWS: usize = 500;
/// Parameters of one statement: SQLite takes 32,766.
const STATEMENT_PARAMETERS: usize = 30_000;
/// Bytes of one statement's values: MySQL's smallest usual `max_allowed_packet` is 16 MiB.
const STATEMENT_BYTES: usize = 4 << 20;
const TRANSACTION_STATEMENTS: usize = 40;

/// Restores a backup: checks the file, migrates the empty database to the backup's version, inserts and counts the rows,
/// migrates to this program's version, and sets a new `epoch`. `open` opens the file, which is read twice. A database in
/// which an earlier restore was interrupted is emptied first.
pub fn restore<R: BufRead>(conn: &mut DbConn, open: impl Fn() -> Result<R>) -> Result<Summary> {
    let report = check(open()?)?;
    if let Some(fault) = report.faults.listed.first() {
        let faults = &report.faults;
        return Err(Error::Unavailable(format!(
            "the backup has {faults}, and nothing was restored. The first: {fault}"
        )));
    }
    let mut reader = Reader::new(open()?)?;
    let migrations = known_migrations(conn, &reader.manifest)?;
    lock_for_restore(conn)?;
    require_empty(conn)?;
    marker::set(conn)?;
    conn.migrate_to(Some(&migrations))?;
    let interrupted = |error| match error {
        Error::Unavailable(cause) | Error::SerializationFailure(cause) => Error::Unavailable(
            format!("{cause}. The database is restored only in part: run `teahouse restore` again"),
        ),
        other => other,
    };
    insert_all(conn, &mut reader, &report).map_err(interrupted)?;
    conn.migrate_to(None)?;
    repair_avatars(conn)?;
    installation::renew_epoch(conn)?;
    marker::remove(conn)?;
    Ok(report.summary)
}

/// Returns the backup's migrations; fails if this program does not know one of them.
fn known_migrations(conn: &DbConn, manifest: &Manifest) -> Result<BTreeSet<String>> {
    let known = conn.known_versions()?;
    let wanted: BTreeSet<String> = manifest.migrations.iter().cloned().collect();
    if let Some(unknown) = wanted.difference(&known).next() {
        return Err(Error::Unavailable(format!(
            "the backup was made by a newer version ({}): this one ({}) does not know its migration {unknown}",
            manifest.version,
            env!("CARGO_PKG_VERSION")
        )));
    }
    Ok(wanted)
}

/// Locks out other restores until the connection closes, and relaxes SQLite's durability.
fn lock_for_restore(conn: &mut DbConn) -> Result<()> {
    match conn {
        DbConn::Sqlite(conn) => Ok(conn.batch_execute(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;",
        )?),
        DbConn::Mysql(conn) => {
            let lock = sql::<BigInt>(
                "SELECT COALESCE(GET_LOCK(CONCAT('teahouse_restore:', LEFT(SHA2(DATABASE(), 256), 40)), 0), 0)",
            );
            match lock.get_result::<i64>(conn)? {
                1 => Ok(()),
                _ => Err(Error::Unavailable("another restore is under way".into())),
            }
        }
    }
}

/// Fails unless the database is empty. Drops what an interrupted restore left behind.
fn require_empty(conn: &mut DbConn) -> Result<()> {
    if catalog::has_table(conn, super::MARKER)? {
        tracing::info!("removing what an interrupted restore left behind");
        conn.revert_all_migrations()?;
    }
    let names = catalog::table_names(conn)?;
    if names.is_empty() {
        return Ok(());
    }
    let contents = match names.iter().any(|name| name == "messages") {
        true => format!(
            "{} people and {} messages",
            count(conn, "users")?,
            count(conn, "messages")?
        ),
        false => format!("the table {}", names[0]),
    };
    Err(Error::Unavailable(format!(
        "the database is not empty, it has {contents}: name a new one in DATABASE_URL \
         (`teahouse migrate --revert-all` deletes everything in this one)"
    )))
}

fn count(conn: &mut DbConn, table: &str) -> Result<i64> {
    let count = format!("SELECT COUNT(*) FROM `{table}`");
    Ok(sql::<BigInt>(&count).get_result(conn)?)
}

/// Inserts all rows and verifies their number.
fn insert_all<R: BufRead>(
    conn: &mut DbConn,
    reader: &mut Reader<R>,
    report: &Report,
) -> Result<()> {
    let existing = catalog::tables(conn)?;
    let tables = reader.manifest.tables.clone();
    // Migrations insert rows too.
    for table in existing
        .iter()
        .rev()
        .filter(|table| table.name != super::MARKER)
    {
        let sql = format!("DELETE FROM `{}`", table.name);
        on_each!(conn, conn => conn.batch_execute(&sql))?;
    }
    for table in &tables {
        let target = existing.iter().find(|other| other.name == table.name);
        insert_table(conn, reader, table, target)?;
        if target.is_some() {
            let (stored, expected) = (count(conn, &table.name)?, report.summary.count(&table.name));
            if u64::try_from(stored) != Ok(expected) {
                return Err(Error::Unavailable(format!(
                    "{} has {stored} rows instead of {expected}",
                    table.name
                )));
            }
        }
    }
    match reader.next()? {
        Line::End => require_complete_logs(conn, report),
        Line::Row(_) | Line::TableEnd => Err(Error::Unavailable("the file has changed".into())),
    }
}

/// Removes missing and unused pictures, which the check only warned about.
fn repair_avatars(conn: &mut DbConn) -> Result<()> {
    let sql = "UPDATE users SET avatar = NULL WHERE avatar NOT IN (SELECT hash FROM avatars); \
               DELETE FROM avatars WHERE hash NOT IN (SELECT avatar FROM users WHERE avatar IS NOT NULL)";
    Ok(on_each!(conn, conn => conn.batch_execute(sql))?)
}

/// Inserts one table's rows, without columns that this program's schema does not have: they were added by hand.
fn insert_table<R: BufRead>(
    conn: &mut DbConn,
    reader: &mut Reader<R>,
    table: &Table,
    target: Option<&Table>,
) -> Result<()> {
    let has = |name: &str| target.is_some_and(|target| target.position(name).is_some());
    let indices: Vec<usize> = (0..table.columns.len())
        .filter(|index| has(&table.columns[*index].name))
        .collect();
    let names = table.columns.iter().map(|column| column.name.as_str());
    let skipped: Vec<&str> = names.filter(|name| !has(name)).collect();
    if !skipped.is_empty() {
        tracing::warn!(
            table = table.name,
            columns = skipped.join(", "),
            "skipping columns that this version does not have"
        );
    }
    let limit = STATEMENT_ROWS.min(STATEMENT_PARAMETERS / indices.len().max(1));
    let (mut rows, mut bytes, mut statements) = (Vec::new(), 0, 0);
    on_each!(conn, conn => conn.batch_execute("BEGIN"))?;
    while let Line::Row(row) = reader.next()? {
        bytes += row.iter().map(Cell::size).sum::<usize>();
        rows.push(row);
        if rows.len() < limit && bytes < STATEMENT_BYTES {
            continue;
        }
        insert(conn, table, &indices, &rows)?;
        rows.clear();
        (bytes, statements) = (0, statements + 1);
        if statements % TRANSACTION_STATEMENTS == 0 {
            on_each!(conn, conn => conn.batch_execute("COMMIT; BEGIN"))?;
        }
    }
    insert(conn, table, &indices, &rows)?;
    Ok(on_each!(conn, conn => conn.batch_execute("COMMIT"))?)
}

fn insert(conn: &mut DbConn, table: &Table, indices: &[usize], rows: &[Vec<Cell>]) -> Result<()> {
    if rows.is_empty() || indices.is_empty() {
        return Ok(());
    }
    let columns = indices.iter().map(|index| &table.columns[*index]);
    let (names, values): (Vec<String>, Vec<&str>) = columns
        .map(|column| {
            let value = match column.kind {
                Kind::Binary => "UNHEX(?)",
                Kind::Integer | Kind::Text | Kind::Time => "?",
            };
            (format!("`{}`", column.name), value)
        })
        .unzip();
    let row = format!("({})", values.join(","));
    let sql = format!(
        "INSERT INTO `{}` ({}) VALUES {}",
        table.name,
        names.join(","),
        vec![row; rows.len()].join(",")
    );
    on_each!(conn, conn => {
        let mut query = diesel::sql_query(sql).into_boxed();
        for row in rows {
            for index in indices {
                query = query.bind::<Nullable<Text>, _>(row[*index].to_parameter());
            }
        }
        query.execute(conn)
    })?;
    Ok(())
}

/// Fails unless the database now has `seq` 1 to `last_seq` of each room.
fn require_complete_logs(conn: &mut DbConn, report: &Report) -> Result<()> {
    let rooms = sql::<(BigInt, BigInt, BigInt, BigInt)>(
        "SELECT room_id, COUNT(*), MIN(seq), MAX(seq) FROM messages GROUP BY room_id",
    );
    let rooms: Vec<(i64, i64, i64, i64)> = rooms.load(conn)?;
    let mut last_seqs = report.last_seqs.clone();
    for (id, count, first, last) in rooms {
        if first != 1 || count != last || last_seqs.remove(&id) != Some(last) {
            return Err(Error::Unavailable(format!(
                "room {id} has {count} messages, {first} to {last}"
            )));
        }
    }
    match last_seqs.iter().find(|(_, last)| **last > 0) {
        Some((id, _)) => Err(Error::Unavailable(format!("room {id} has no messages"))),
        None => Ok(()),
    }
}
