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

use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource};
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::connection::DbConn;
use crate::error::{Error, Result};
use crate::models::backup;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const MYSQL_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/mysql");

/// Selects the versions of the migrations that ran.
const SELECT_RECORDED: &str = "SELECT version FROM __diesel_schema_migrations";

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("migration failed: {error}"))
}

impl DbConn {
    /// Returns whether every migration of this program is recorded.
    pub fn is_migrated(&mut self) -> Result<bool> {
        let applied = self.applied_versions()?;
        Ok(self.known_versions()?.is_subset(&applied))
    }

    /// Versions of every migration of this program.
    pub(in crate::models) fn known_versions(&self) -> Result<BTreeSet<String>> {
        match self {
            Self::Sqlite(_) => versions::<Sqlite>(&SQLITE_MIGRATIONS),
            Self::Mysql(_) => versions::<Mysql>(&MYSQL_MIGRATIONS),
        }
    }

    /// Versions of the migrations that ran.
    pub(in crate::models) fn applied_versions(&mut self) -> Result<BTreeSet<String>> {
        let exists = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
            }
            Self::Mysql(_) => {
                "SELECT table_name FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name = '__diesel_schema_migrations'"
            }
        };
        let tables: Vec<String> = sql::<Text>(exists).load(self)?;
        if tables.is_empty() {
            return Ok(BTreeSet::new());
        }
        let versions: Vec<String> = sql::<Text>(SELECT_RECORDED).load(self)?;
        Ok(versions.into_iter().collect())
    }

    /// Applies pending migrations and returns their number. If several programs start together, one migrates and the
    /// others wait while it makes progress.
    pub fn migrate(&mut self) -> Result<usize> {
        backup::require_complete(self)?;
        self.migrate_to(None)
    }

    /// Like [`DbConn::migrate`], with these migrations only, and also while a backup is restored.
    pub(in crate::models) fn migrate_to(
        &mut self,
        wanted: Option<&BTreeSet<String>>,
    ) -> Result<usize> {
        preflight::require_usable_binlog(self)?;
        if self.is_migrated()? {
            return Ok(0);
        }
        match self {
            Self::Sqlite(conn) => sqlite::migrate(conn, wanted),
            Self::Mysql(_) => mysql::migrate(self, wanted),
        }
    }

    /// Reverts all migrations, which drops all tables. Returns the number of recorded migrations.
    pub fn revert_all_migrations(&mut self) -> Result<usize> {
        preflight::require_usable_binlog(self)?;
        let count = match self {
            Self::Sqlite(conn) => sqlite::revert_all(conn),
            Self::Mysql(_) => mysql::revert_all(self),
        }?;
        backup::remove_marker(self)?;
        Ok(count)
    }
}

fn versions<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<BTreeSet<String>> {
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(failed)?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}
