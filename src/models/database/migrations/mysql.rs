//! Migrates MySQL and MariaDB: statement by statement, under the migration lock.

use std::collections::BTreeSet;

use diesel::connection::{BoxableConnection, SimpleConnection};
use diesel::migration::{Migration, MigrationSource};
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::script::{self, Effect};
use super::{MYSQL_MIGRATIONS, TextRow, failed, lock, preflight};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;

/// Diesel's table of applied migrations.
const CREATE_RECORDS: &str = "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\
                              version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";

/// A migration and its SQL.
struct Step {
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

/// Returns all migrations of this program, oldest first.
fn steps() -> Result<Vec<Step>> {
    let migrations: Vec<Box<dyn Migration<Mysql>>> =
        MYSQL_MIGRATIONS.migrations().map_err(failed)?;
    let mut steps = Vec::new();
    for migration in migrations {
        let (mut up, mut down) = (Capture::default(), Capture::default());
        migration.run(&mut up).map_err(failed)?;
        migration.revert(&mut down).map_err(failed)?;
        steps.push(Step {
            version: migration.name().version().to_string(),
            name: migration.name().to_string(),
            up: up.0,
            down: down.0,
        });
    }
    steps.sort_by(|one, other| one.version.cmp(&other.version));
    Ok(steps)
}

/// Applies pending migrations. Returns their number.
pub(super) fn migrate(conn: &mut DbConn, wanted: Option<&BTreeSet<String>>) -> Result<usize> {
    preflight::require_privileges(conn)?;
    let steps = steps()?;
    let DbConn::Mysql(conn) = conn else {
        return Ok(0);
    };
    lock::with_lock(conn, |conn| {
        conn.batch_execute(CREATE_RECORDS)?;
        let applied = recorded_versions(conn)?;
        let is_pending = |version: &String| {
            !applied.contains(version) && wanted.is_none_or(|wanted| wanted.contains(version))
        };
        let pending = steps.iter().filter(|step| is_pending(&step.version));
        let mut count = 0;
        for step in pending {
            // Only the first one can be partly applied: each is recorded before the next begins.
            let resumes = count == 0;
            with_autocommit_off(conn, |conn| {
                run(conn, step, &step.up, resumes)?;
                diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES (?)")
                    .bind::<Text, _>(&step.version)
                    .execute(conn)?;
                Ok(())
            })
            .map_err(|error| preflight::explain(step.name.as_str(), error))?;
            count += 1;
        }
        Ok(count)
    })
}

/// Reverts the recorded migrations, newest first; before that, the first pending one, which may be partly applied.
pub(super) fn revert_all(conn: &mut DbConn) -> Result<usize> {
    let steps = steps()?;
    let DbConn::Mysql(conn) = conn else {
        return Ok(0);
    };
    lock::with_lock(conn, |conn| {
        conn.batch_execute(CREATE_RECORDS)?;
        let applied = recorded_versions(conn)?;
        let partial = steps.iter().find(|step| !applied.contains(&step.version));
        if let Some(step) = partial {
            revert_partial(conn, step)
                .map_err(|error| preflight::explain(step.name.as_str(), error))?;
        }
        let done: Vec<&Step> = steps
            .iter()
            .filter(|step| applied.contains(&step.version))
            .collect();
        for (index, step) in done.iter().rev().enumerate() {
            // The newest may be reverted already, but still recorded.
            let resumes = index == 0;
            with_autocommit_off(conn, |conn| {
                run(conn, step, &step.down, resumes)?;
                diesel::sql_query("DELETE FROM __diesel_schema_migrations WHERE version = ?")
                    .bind::<Text, _>(&step.version)
                    .execute(conn)?;
                Ok(())
            })
            .map_err(|error| preflight::explain(step.name.as_str(), error))?;
        }
        Ok(done.len())
    })
}

/// Reverts a migration that may be partly applied, unless one of its tables belongs to another program.
fn revert_partial(conn: &mut MysqlConnection, step: &Step) -> Result<()> {
    for statement in script::statements(&step.up) {
        if let Effect::Table(name) = script::effect(&statement)
            && !has_expected_columns(conn, &name, &statement)?
        {
            return Ok(());
        }
    }
    run(conn, step, &step.down, true)
}

/// Runs a migration so that rows written after its last DDL statement are committed together with its record.
fn with_autocommit_off(
    conn: &mut MysqlConnection,
    work: impl FnOnce(&mut MysqlConnection) -> Result<()>,
) -> Result<()> {
    conn.batch_execute("SET SESSION autocommit = 0")?;
    let outcome = work(conn);
    match &outcome {
        Ok(()) => conn.batch_execute("COMMIT; SET SESSION autocommit = 1")?,
        Err(_) => lock::roll_back(conn),
    }
    outcome
}

/// Runs a migration's statements; with `resumes`, skips those that were already executed.
fn run(conn: &mut MysqlConnection, step: &Step, sql: &str, resumes: bool) -> Result<()> {
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
            migration = step.name,
            "skipping a statement that was already executed: {cause}"
        );
    }
    Ok(())
}

/// Returns whether a table has exactly the columns of this `CREATE TABLE` statement, or does not exist.
fn has_expected_columns(conn: &mut MysqlConnection, table: &str, statement: &str) -> Result<bool> {
    let sql = "SELECT column_name AS value FROM information_schema.columns \
               WHERE table_schema = DATABASE() AND table_name = ?";
    let rows: Vec<TextRow> = diesel::sql_query(sql).bind::<Text, _>(table).load(conn)?;
    let found: BTreeSet<String> = rows.into_iter().map(|row| row.value).collect();
    Ok(found.is_empty() || found == script::columns(statement))
}

fn recorded_versions(conn: &mut MysqlConnection) -> Result<BTreeSet<String>> {
    let sql = "SELECT version AS value FROM __diesel_schema_migrations";
    let rows: Vec<TextRow> = diesel::sql_query(sql).load(conn)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}
