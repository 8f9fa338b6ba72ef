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

/// Restores a backup: checks the file, brings the empty database to the version that the backup has, fills it, counts,
/// brings it up to date, and gives it a new `epoch`. `open` opens the file, which is read twice. A database in which
/// an earlier restore was interrupted is emptied first.
pub fn restore<R: BufRead>(conn: &mut DbConn, open: impl Fn() -> Result<R>) -> Result<Summary> {
    let report = check(open()?)?;
    if let Some(fault) = report.faults.listed.first() {
        let count = report.faults.count;
        return Err(Error::Unavailable(format!(
            "the backup has {count} faults, and nothing was restored. The first: {fault}"
        )));
    }
    let mut reader = Reader::new(open()?)?;
    let migrations = known_migrations(conn, &reader.manifest)?;
    claim(conn)?;
    empty(conn)?;
    marker::set(conn)?;
    conn.migrate_to(Some(&migrations))?;
    let interrupted = |error| match error {
        Error::Unavailable(cause) | Error::SerializationFailure(cause) => Error::Unavailable(
            format!("{cause}. The database is restored only in part: run `teahouse restore` again"),
        ),
        other => other,
    };
    fill(conn, &mut reader, &report).map_err(interrupted)?;
    conn.migrate_to(None)?;
    repair_avatars(conn)?;
    installation::renew_epoch(conn)?;
    marker::forget(conn)?;
    Ok(report.summary)
}

/// The migrations that the backup has. Refuses one that this program does not know.
fn known_migrations(conn: &DbConn, manifest: &Manifest) -> Result<BTreeSet<String>> {
    let known = conn.known_versions()?;
    let wanted: BTreeSet<String> = manifest.migrations.iter().cloned().collect();
    if let Some(unknown) = wanted.difference(&known).next() {
        return Err(Error::Unavailable(format!(
            "the backup was made by a newer program ({}): this one ({}) does not know its migration {unknown}",
            manifest.version,
            env!("CARGO_PKG_VERSION")
        )));
    }
    Ok(wanted)
}

/// Keeps other restores away until the connection ends, and makes the database write faster.
fn claim(conn: &mut DbConn) -> Result<()> {
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

/// Requires that the database is empty. What an interrupted restore left is taken away.
fn empty(conn: &mut DbConn) -> Result<()> {
    if catalog::has_table(conn, super::MARKER)? {
        tracing::info!("removing what an interrupted restore left");
        conn.revert_all_migrations()?;
    }
    let names = catalog::names(conn)?;
    if names.is_empty() {
        return Ok(());
    }
    let holds = match names.iter().any(|name| name == "messages") {
        true => format!(
            "{} people and {} messages",
            count(conn, "users")?,
            count(conn, "messages")?
        ),
        false => format!("the table {}", names[0]),
    };
    Err(Error::Unavailable(format!(
        "the database is not empty, it has {holds}: name a new one in DATABASE_URL \
         (`teahouse migrate --revert-all` deletes everything in this one)"
    )))
}

fn count(conn: &mut DbConn, table: &str) -> Result<i64> {
    let count = format!("SELECT COUNT(*) FROM `{table}`");
    Ok(sql::<BigInt>(&count).get_result(conn)?)
}

/// Fills the migrated tables, and counts what is then in them.
fn fill<R: BufRead>(conn: &mut DbConn, reader: &mut Reader<R>, report: &Report) -> Result<()> {
    let there = catalog::tables(conn)?;
    let files = reader.manifest.tables.clone();
    // The migrations put rows there too.
    for table in there
        .iter()
        .rev()
        .filter(|table| table.name != super::MARKER)
    {
        let sql = format!("DELETE FROM `{}`", table.name);
        on_each!(conn, conn => conn.batch_execute(&sql))?;
    }
    for table in &files {
        let target = there.iter().find(|other| other.name == table.name);
        fill_table(conn, reader, table, target)?;
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
        Line::End => require_whole_rooms(conn, report),
        Line::Row(_) | Line::TableEnd => Err(Error::Unavailable("the file has changed".into())),
    }
}

/// Makes users and pictures agree, which the check only warned about.
fn repair_avatars(conn: &mut DbConn) -> Result<()> {
    let sql = "UPDATE users SET avatar = NULL WHERE avatar NOT IN (SELECT hash FROM avatars); \
               DELETE FROM avatars WHERE hash NOT IN (SELECT avatar FROM users WHERE avatar IS NOT NULL)";
    Ok(on_each!(conn, conn => conn.batch_execute(sql))?)
}

/// Stores one table's rows. What this program's schema does not have was added by hand, and is left out.
fn fill_table<R: BufRead>(
    conn: &mut DbConn,
    reader: &mut Reader<R>,
    table: &Table,
    target: Option<&Table>,
) -> Result<()> {
    let has = |name: &str| target.is_some_and(|target| target.position(name).is_some());
    let places: Vec<usize> = (0..table.columns.len())
        .filter(|place| has(&table.columns[*place].name))
        .collect();
    if places.len() < table.columns.len() {
        tracing::warn!(
            table = table.name,
            "left out columns that this version does not have"
        );
    }
    let limit = STATEMENT_ROWS.min(STATEMENT_PARAMETERS / places.len().max(1));
    let (mut rows, mut bytes, mut statements) = (Vec::new(), 0, 0);
    on_each!(conn, conn => conn.batch_execute("BEGIN"))?;
    while let Line::Row(row) = reader.next()? {
        bytes += row.iter().map(Cell::size).sum::<usize>();
        rows.push(row);
        if rows.len() < limit && bytes < STATEMENT_BYTES {
            continue;
        }
        insert(conn, table, &places, &rows)?;
        rows.clear();
        (bytes, statements) = (0, statements + 1);
        if statements % TRANSACTION_STATEMENTS == 0 {
            on_each!(conn, conn => conn.batch_execute("COMMIT; BEGIN"))?;
        }
    }
    insert(conn, table, &places, &rows)?;
    Ok(on_each!(conn, conn => conn.batch_execute("COMMIT"))?)
}

fn insert(conn: &mut DbConn, table: &Table, places: &[usize], rows: &[Vec<Cell>]) -> Result<()> {
    if rows.is_empty() || places.is_empty() {
        return Ok(());
    }
    let columns = places.iter().map(|place| &table.columns[*place]);
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
            for place in places {
                query = query.bind::<Nullable<Text>, _>(row[*place].to_parameter());
            }
        }
        query.execute(conn)
    })?;
    Ok(())
}

/// Requires that the database itself now has `seq` 1 to `last_seq` of each room.
fn require_whole_rooms(conn: &mut DbConn, report: &Report) -> Result<()> {
    let rooms = sql::<(BigInt, BigInt, BigInt, BigInt)>(
        "SELECT room_id, COUNT(*), MIN(seq), MAX(seq) FROM messages GROUP BY room_id",
    );
    let rooms: Vec<(i64, i64, i64, i64)> = rooms.load(conn)?;
    let mut ends = report.ends.clone();
    for (id, count, first, last) in rooms {
        if first != 1 || count != last || ends.remove(&id) != Some(last) {
            return Err(Error::Unavailable(format!(
                "room {id} has {count} messages, {first} to {last}"
            )));
        }
    }
    match ends.iter().find(|(_, end)| **end > 0) {
        Some((id, _)) => Err(Error::Unavailable(format!("room {id} has no messages"))),
        None => Ok(()),
    }
}
