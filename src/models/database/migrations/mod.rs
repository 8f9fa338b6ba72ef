//! Applies and reverts schema migrations.
//!
//! On SQLite all pending migrations run in one transaction. MySQL and MariaDB commit each DDL statement separately, so a
//! crash can leave one migration partly applied and not recorded: always the first pending one, because each is recorded
//! before the next begins. `mysql.rs` repeats that migration and skips the statements that were already executed
//! (`script.rs` recognizes them by their errors).
//!
//! # Errors
//! Unless a function says otherwise, `Unavailable` with the remedy.

mod lock;
mod mysql;
mod preflight;
mod script;
mod sqlite;

use std::collections::BTreeSet;

use diesel::migration::{Migration, MigrationSource};
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::connection::{DbConn, on_each};
use crate::error::{Error, Result};

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const MYSQL_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/mysql");

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    value: String,
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("migration failed: {error}"))
}

impl DbConn {
    /// Returns whether every migration of this program is recorded.
    ///
    /// # Errors
    /// `Unavailable` when the database does not respond.
    pub fn is_migrated(&mut self) -> Result<bool> {
        let applied = self.applied_versions()?;
        let known = match self {
            Self::Sqlite(_) => versions::<Sqlite>(&SQLITE_MIGRATIONS),
            Self::Mysql(_) => versions::<Mysql>(&MYSQL_MIGRATIONS),
        };
        Ok(known?.is_subset(&applied))
    }

    fn applied_versions(&mut self) -> Result<BTreeSet<String>> {
        let exists = match self {
            Self::Sqlite(_) => {
                "SELECT name AS value FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
            }
            Self::Mysql(_) => {
                "SELECT table_name AS value FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name = '__diesel_schema_migrations'"
            }
        };
        let tables: Vec<TextRow> = on_each!(self, conn => diesel::sql_query(exists).load(conn))?;
        if tables.is_empty() {
            return Ok(BTreeSet::new());
        }
        let sql = "SELECT version AS value FROM __diesel_schema_migrations";
        let rows: Vec<TextRow> = on_each!(self, conn => diesel::sql_query(sql).load(conn))?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// Applies pending migrations and returns their number. If several programs start together, one migrates and the
    /// others wait while it makes progress.
    pub fn migrate(&mut self) -> Result<usize> {
        preflight::require_usable_binlog(self)?;
        if self.is_migrated()? {
            return Ok(0);
        }
        match self {
            Self::Sqlite(conn) => sqlite::migrate(conn),
            Self::Mysql(_) => mysql::migrate(self),
        }
    }

    /// Reverts all migrations, which drops all tables. Returns the number of recorded migrations.
    pub fn revert_all_migrations(&mut self) -> Result<usize> {
        preflight::require_usable_binlog(self)?;
        match self {
            Self::Sqlite(conn) => sqlite::revert_all(conn),
            Self::Mysql(_) => mysql::revert_all(self),
        }
    }
}

fn versions<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<BTreeSet<String>> {
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(failed)?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}
