//! The advisory lock under which a MySQL or MariaDB database is migrated. It belongs to the connection: the server
//! frees it when that ends, however the program ended.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::Word;
use crate::error::{Error, Result};

/// Length of one wait for the lock, in seconds; a log line follows each.
const WAIT_SECONDS: i64 = 5;
/// Longest wait for a holder whose connection runs no statement: its program is stopped or gone.
const IDLE_PATIENCE: Duration = Duration::from_secs(15);
/// Longest wait for a holder that this account may not see, without a new migration recorded.
const UNSEEN_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Lock names are shared by the whole server and have at most 64 characters, as many as a database's name alone may
/// have: a long one is replaced by its hash.
const NAME: &str = "SELECT IF(CHAR_LENGTH(DATABASE()) <= 47, CONCAT('teahouse_migrate:', DATABASE()), \
                    CONCAT('teahouse_migrate:', LEFT(SHA2(DATABASE(), 256), 40))) AS value";

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Nullable<BigInt>)]
    value: Option<i64>,
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    is_idle: Option<i64>,
}

/// Runs `work` under the lock and frees it. A panic drops the connection, which frees it too.
pub(super) fn hold<T>(
    conn: &mut MysqlConnection,
    work: impl FnOnce(&mut MysqlConnection) -> Result<T>,
) -> Result<T> {
    let row: Word = diesel::sql_query(NAME).get_result(conn)?;
    let name = row.value;
    take(conn, &name)?;
    let outcome = work(conn);
    let freed = diesel::sql_query("SELECT RELEASE_LOCK(?) AS value")
        .bind::<Text, _>(&name)
        .get_result::<Answer>(conn);
    if let Err(error) = freed {
        // The lock goes with the connection, which is lost.
        tracing::debug!(%error, "the migration lock was not released");
    }
    outcome
}

/// Waits for the lock as long as its holder makes progress.
fn take(conn: &mut MysqlConnection, name: &str) -> Result<()> {
    let (mut progress, mut changed) = (recorded(conn), Instant::now());
    loop {
        let answer: Answer = diesel::sql_query("SELECT GET_LOCK(?, ?) AS value")
            .bind::<Text, _>(name)
            .bind::<BigInt, _>(WAIT_SECONDS)
            .get_result(conn)?;
        match answer.value {
            Some(1) => return Ok(()),
            Some(_) => {}
            None => {
                return Err(Error::Unavailable(format!(
                    "the server refuses the migration lock {name}: start again"
                )));
            }
        }
        let Some(holder) = holder(conn, name)? else {
            continue;
        };
        let now = recorded(conn);
        if now != progress || holder.is_idle == Some(0) {
            (progress, changed) = (now, Instant::now());
        }
        let patience = match holder.is_idle {
            Some(_) => IDLE_PATIENCE,
            None => UNSEEN_PATIENCE,
        };
        if changed.elapsed() >= patience {
            let id = holder.id;
            return Err(Error::Unavailable(format!(
                "another program (connection {id}) holds the migration lock {name} and makes no progress: \
                 stop that program, or `KILL {id}`, and start again"
            )));
        }
        tracing::info!(
            connection = holder.id,
            "waiting for another program that migrates this database"
        );
    }
}

/// The connection that holds the lock; `None` when it was freed meanwhile. The server shows the connections of one's
/// own account only, unless one has the PROCESS right.
fn holder(conn: &mut MysqlConnection, name: &str) -> Result<Option<Holder>> {
    let sql = "SELECT CAST(used.id AS SIGNED) AS id, CAST(process.command = 'Sleep' AS SIGNED) AS is_idle \
               FROM (SELECT IS_USED_LOCK(?) AS id) AS used \
               LEFT JOIN information_schema.processlist AS process ON process.id = used.id \
               WHERE used.id IS NOT NULL";
    let query = diesel::sql_query(sql).bind::<Text, _>(name);
    Ok(query.get_result(conn).optional()?)
}

/// How many migrations are recorded; `None` before the first.
fn recorded(conn: &mut MysqlConnection) -> Option<i64> {
    let sql = "SELECT COUNT(*) AS value FROM __diesel_schema_migrations";
    let answer: QueryResult<Answer> = diesel::sql_query(sql).get_result(conn);
    answer.ok().and_then(|answer| answer.value)
}

/// Ends a transaction that a failed statement left open.
pub(super) fn roll_back(conn: &mut MysqlConnection) {
    let _ = conn.batch_execute("ROLLBACK; SET SESSION autocommit = 1");
}
