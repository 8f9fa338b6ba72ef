//! The advisory lock that serializes migrations of a MySQL or MariaDB database. It belongs to the connection, so the server
//! releases it when the program ends, even by a crash.

use std::time::{Duration, Instant};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

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
                         CONCAT('teahouse_migrate:', LEFT(SHA2(DATABASE(), 256), 40)))";

/// Runs `work` under the lock and releases it. A panic drops the connection, which releases it too.
pub(super) fn with_lock<T>(
    conn: &mut MysqlConnection,
    work: impl FnOnce(&mut MysqlConnection) -> Result<T>,
) -> Result<T> {
    let name: String = sql::<Text>(LOCK_NAME).get_result(conn)?;
    acquire(conn, &name)?;
    let outcome = work(conn);
    let release = sql::<Nullable<BigInt>>("SELECT RELEASE_LOCK(")
        .bind::<Text, _>(&name)
        .sql(")");
    if let Err(error) = release.get_result::<Option<i64>>(conn) {
        // The connection is lost, so the server releases the lock.
        tracing::debug!(%error, "cannot release the migration lock");
    }
    outcome
}

/// Waits for the lock while its holder makes progress.
fn acquire(conn: &mut MysqlConnection, name: &str) -> Result<()> {
    let (mut count, mut changed_at) = (count_recorded(conn), Instant::now());
    loop {
        let lock = sql::<Nullable<BigInt>>("SELECT GET_LOCK(").bind::<Text, _>(name);
        let lock = lock.sql(", ").bind::<BigInt, _>(WAIT_SECONDS).sql(")");
        match lock.get_result::<Option<i64>>(conn)? {
            Some(1) => return Ok(()),
            Some(_) => {}
            None => {
                return Err(Error::Unavailable(format!(
                    "the server failed to grant the migration lock {name}: start again"
                )));
            }
        }
        let Some((holder, is_idle)) = holder(conn, name)? else {
            continue;
        };
        let new_count = count_recorded(conn);
        if new_count != count || is_idle == Some(0) {
            (count, changed_at) = (new_count, Instant::now());
        }
        let timeout = match is_idle {
            Some(_) => IDLE_HOLDER_TIMEOUT,
            None => INVISIBLE_HOLDER_TIMEOUT,
        };
        if changed_at.elapsed() >= timeout {
            return Err(Error::Unavailable(format!(
                "another program (connection {holder}) holds the migration lock {name} and makes no progress: \
                 stop that program, or `KILL {holder}`, and start again"
            )));
        }
        tracing::info!(
            connection = holder,
            "waiting for another program to finish migrating this database"
        );
    }
}

/// Returns the connection that holds the lock and whether it is idle (1) or not (0); `None` if it was released meanwhile.
/// Without the PROCESS privilege, an account sees only its own connections.
fn holder(conn: &mut MysqlConnection, name: &str) -> Result<Option<(i64, Option<i64>)>> {
    let query = sql::<(BigInt, Nullable<BigInt>)>(
        "SELECT CAST(used.id AS SIGNED), CAST(process.command = 'Sleep' AS SIGNED) FROM (SELECT IS_USED_LOCK(",
    );
    let query = query.bind::<Text, _>(name).sql(
        ") AS id) AS used LEFT JOIN information_schema.processlist AS process ON process.id = used.id \
         WHERE used.id IS NOT NULL",
    );
    Ok(query.get_result(conn).optional()?)
}

/// Returns the number of recorded migrations; `None` before the first.
fn count_recorded(conn: &mut MysqlConnection) -> Option<i64> {
    let count = sql::<BigInt>("SELECT COUNT(*) FROM __diesel_schema_migrations");
    count.get_result(conn).ok()
}
