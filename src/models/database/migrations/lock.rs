//! The advisory lock that serializes migrations of a MySQL or MariaDB database. It belongs to the connection, so the server
//! releases it when the program ends, even by a crash.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::TextRow;
use crate::error::{Error, Result};

/// Seconds of one wait for the lock; each is followed by a log line.
const WAIT_SECONDS: i64 = 5;
/// Longest wait for a holder whose connection runs no statement: its program is stopped or unreachable.
const IDLE_HOLDER_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest wait for a new migration record while this account may not see the holder's connection.
const INVISIBLE_HOLDER_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Selects the lock's name. Lock names are global on the server and limited to 64 characters, as are database names, so a
/// long database name is replaced by its hash.
const LOCK_NAME: &str = "SELECT IF(CHAR_LENGTH(DATABASE()) <= 47, CONCAT('teahouse_migrate:', DATABASE()), \
                         CONCAT('teahouse_migrate:', LEFT(SHA2(DATABASE(), 256), 40))) AS value";

#[derive(QueryableByName)]
struct IntegerRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    value: Option<i64>,
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = BigInt)]
    id: i64,
    /// `None` if this account may not see the connection.
    #[diesel(sql_type = Nullable<BigInt>)]
    is_idle: Option<i64>,
}

/// Runs `work` under the lock and releases it. A panic drops the connection, which releases it too.
pub(super) fn with_lock<T>(
    conn: &mut MysqlConnection,
    work: impl FnOnce(&mut MysqlConnection) -> Result<T>,
) -> Result<T> {
    let row: TextRow = diesel::sql_query(LOCK_NAME).get_result(conn)?;
    let name = row.value;
    acquire(conn, &name)?;
    let outcome = work(conn);
    let released = diesel::sql_query("SELECT RELEASE_LOCK(?) AS value")
        .bind::<Text, _>(&name)
        .get_result::<IntegerRow>(conn);
    if let Err(error) = released {
        // The connection is lost, so the server releases the lock.
        tracing::debug!(%error, "cannot release the migration lock");
    }
    outcome
}

/// Waits for the lock while its holder makes progress.
fn acquire(conn: &mut MysqlConnection, name: &str) -> Result<()> {
    let (mut count, mut changed_at) = (count_recorded(conn), Instant::now());
    loop {
        let row: IntegerRow = diesel::sql_query("SELECT GET_LOCK(?, ?) AS value")
            .bind::<Text, _>(name)
            .bind::<BigInt, _>(WAIT_SECONDS)
            .get_result(conn)?;
        match row.value {
            Some(1) => return Ok(()),
            Some(_) => {}
            None => {
                return Err(Error::Unavailable(format!(
                    "the server failed to grant the migration lock {name}: start again"
                )));
            }
        }
        let Some(holder) = holder(conn, name)? else {
            continue;
        };
        let new_count = count_recorded(conn);
        if new_count != count || holder.is_idle == Some(0) {
            (count, changed_at) = (new_count, Instant::now());
        }
        let timeout = match holder.is_idle {
            Some(_) => IDLE_HOLDER_TIMEOUT,
            None => INVISIBLE_HOLDER_TIMEOUT,
        };
        if changed_at.elapsed() >= timeout {
            let id = holder.id;
            return Err(Error::Unavailable(format!(
                "another program (connection {id}) holds the migration lock {name} and makes no progress: \
                 stop that program, or `KILL {id}`, and start again"
            )));
        }
        tracing::info!(
            connection = holder.id,
            "waiting for another program to finish migrating this database"
        );
    }
}

/// Returns the connection that holds the lock; `None` if it was released meanwhile. Without the PROCESS privilege, an
/// account sees only its own connections.
fn holder(conn: &mut MysqlConnection, name: &str) -> Result<Option<Holder>> {
    let sql = "SELECT CAST(used.id AS SIGNED) AS id, CAST(process.command = 'Sleep' AS SIGNED) AS is_idle \
               FROM (SELECT IS_USED_LOCK(?) AS id) AS used \
               LEFT JOIN information_schema.processlist AS process ON process.id = used.id \
               WHERE used.id IS NOT NULL";
    let query = diesel::sql_query(sql).bind::<Text, _>(name);
    Ok(query.get_result(conn).optional()?)
}

/// Returns the number of recorded migrations; `None` before the first.
fn count_recorded(conn: &mut MysqlConnection) -> Option<i64> {
    let sql = "SELECT COUNT(*) AS value FROM __diesel_schema_migrations";
    let row: QueryResult<IntegerRow> = diesel::sql_query(sql).get_result(conn);
    row.ok().and_then(|row| row.value)
}

/// Rolls back a failed migration's transaction and turns autocommit on.
pub(super) fn roll_back(conn: &mut MysqlConnection) {
    let _ = conn.batch_execute("ROLLBACK; SET SESSION autocommit = 1");
}
