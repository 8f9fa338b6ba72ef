//! Migrates MySQL and MariaDB: statement by statement, under the migration lock.

use std::collections::BTreeSet;

use diesel::connection::{BoxableConnection, SimpleConnection};
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource};
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::script::{self, Effect};
use super::{MYSQL_MIGRATIONS, SELECT_RECORDED, failed, lock, preflight};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;

/// Diesel's table of applied migrations.
const CREATE_RECORDS: &str = "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\
                              version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";

/// A migration and its SQL.
struct MigrationSql {
    version: String,
    name: String,
    up: String,
    down: String,
}

/// A connection that records SQL instead of executing it: Diesel's migrations do not expose theirs.
#[derive(Default)]
struct Capture(String);

impl SimpleConnection for Capture {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.0.push_str(query);
        Ok(())
    }
}

impl BoxableConnection<Mysql> for Capture {
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

fn scripts() -> Result<Vec<MigrationSql>> {
    let migrations: Vec<Box<dyn Migration<Mysql>>> =
        MYSQL_MIGRATIONS.migrations().map_err(failed)?;
    let mut scripts = Vec::new();
    for migration in migrations {
        let (mut up, mut down) = (Capture::default(), Capture::default());
        migration.run(&mut up).map_err(failed)?;
        migration.revert(&mut down).map_err(failed)?;
        scripts.push(MigrationSql {
            version: migration.name().version().to_string(),
            name: migration.name().to_string(),
            up: up.0,
            down: down.0,
        });
    }
    scripts.sort_by(|one, other| one.version.cmp(&other.version));
    Ok(scripts)
}

/// Applies pending migrations. Returns their number.
pub(super) fn migrate(conn: &mut DbConn, wanted: Option<&BTreeSet<String>>) -> Result<usize> {
    preflight::require_privileges(conn)?;
    let scripts = scripts()?;
    let DbConn::Mysql(conn) = conn else {
        return Ok(0);
    };
    lock::with_lock(conn, |conn| {
        conn.batch_execute(CREATE_RECORDS)?;
        let applied = recorded_versions(conn)?;
        let is_pending = |version: &String| {
            !applied.contains(version) && wanted.is_none_or(|wanted| wanted.contains(version))
        };
        let pending = scripts.iter().filter(|script| is_pending(&script.version));
        let mut count = 0;
        for script in pending {
            // Only the first one can be partly applied: each is recorded before the next begins.
            let record = "INSERT INTO __diesel_schema_migrations (version) VALUES (?)";
            run_and_record(conn, script, &script.up, count == 0, record)?;
            count += 1;
        }
        Ok(count)
    })
}

/// Reverts the recorded migrations, newest first; before that, the first pending one, which may be partly applied.
pub(super) fn revert_all(conn: &mut DbConn) -> Result<usize> {
    let scripts = scripts()?;
    let DbConn::Mysql(conn) = conn else {
        return Ok(0);
    };
    lock::with_lock(conn, |conn| {
        conn.batch_execute(CREATE_RECORDS)?;
        let applied = recorded_versions(conn)?;
        let partial = scripts
            .iter()
            .find(|script| !applied.contains(&script.version));
        if let Some(script) = partial {
            revert_partial(conn, script)
                .map_err(|error| preflight::explain(&script.name, error))?;
        }
        let recorded: Vec<&MigrationSql> = scripts
            .iter()
            .filter(|script| applied.contains(&script.version))
            .collect();
        for (index, script) in recorded.iter().rev().enumerate() {
            // The newest may be reverted already, but still recorded.
            let forget = "DELETE FROM __diesel_schema_migrations WHERE version = ?";
            run_and_record(conn, script, &script.down, index == 0, forget)?;
        }
        Ok(recorded.len())
    })
}

/// Reverts a migration that may be partly applied, unless one of its tables belongs to another program.
fn revert_partial(conn: &mut MysqlConnection, script: &MigrationSql) -> Result<()> {
    for statement in script::statements(&script.up) {
        if let Effect::Table(name) = script::effect(&statement)
            && !has_expected_columns(conn, &name, &statement)?
        {
            return Ok(());
        }
    }
    run(conn, script, &script.down, true)
}

/// Runs a migration's SQL and then `record` with its version, without autocommit: rows written after the last DDL statement
/// are committed together with the record.
fn run_and_record(
    conn: &mut MysqlConnection,
    script: &MigrationSql,
    sql: &str,
    resumes: bool,
    record: &str,
) -> Result<()> {
    conn.batch_execute("SET SESSION autocommit = 0")?;
    let recorded = run(conn, script, sql, resumes).and_then(|()| {
        let record = diesel::sql_query(record).bind::<Text, _>(&script.version);
        Ok(record.execute(conn)?)
    });
    match recorded {
        Ok(_) => Ok(conn.batch_execute("COMMIT; SET SESSION autocommit = 1")?),
        Err(error) => {
            let _ = conn.batch_execute("ROLLBACK; SET SESSION autocommit = 1");
            Err(preflight::explain(&script.name, error))
        }
    }
}

/// Runs a migration's statements; with `resumes`, skips those that were already executed.
fn run(conn: &mut MysqlConnection, script: &MigrationSql, sql: &str, resumes: bool) -> Result<()> {
    for statement in script::statements(sql) {
        let Err(error) = conn.batch_execute(&statement) else {
            continue;
        };
        let cause = error.to_string();
        if !resumes || !script::is_already_done(&statement, &cause) {
            return Err(error.into());
        }
        if let Effect::Table(name) = script::effect(&statement)
            && !has_expected_columns(conn, &name, &statement)?
        {
            return Err(Error::Unavailable(format!(
                "the table `{name}` belongs to another program: use a separate database for Teahouse"
            )));
        }
        tracing::info!(
            migration = script.name,
            "skipping a statement that was already executed: {cause}"
        );
    }
    Ok(())
}

/// Returns whether a table has exactly the columns of this `CREATE TABLE` statement, or does not exist.
fn has_expected_columns(conn: &mut MysqlConnection, table: &str, statement: &str) -> Result<bool> {
    let select = "SELECT column_name FROM information_schema.columns \
                  WHERE table_schema = DATABASE() AND table_name = ";
    let found: Vec<String> = sql::<Text>(select).bind::<Text, _>(table).load(conn)?;
    let found = BTreeSet::from_iter(found);
    Ok(found.is_empty() || found == script::columns(statement))
}

fn recorded_versions(conn: &mut MysqlConnection) -> Result<BTreeSet<String>> {
    let versions: Vec<String> = sql::<Text>(SELECT_RECORDED).load(conn)?;
    Ok(versions.into_iter().collect())
}
