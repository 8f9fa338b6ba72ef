//! What to do with the number of rows that a statement changed.

use diesel::query_dsl::methods::ExecuteDsl;
use diesel::{Connection, RunQueryDsl};

use crate::error::{Error, Result};

/// Executes a statement whose row count is not returned to the caller.
pub(crate) trait Statement<C: Connection>: RunQueryDsl<C> + ExecuteDsl<C> {
    /// Executes the statement, whether it changes a row or not.
    fn run(self, conn: &mut C) -> Result<()> {
        RunQueryDsl::execute(self, conn)?;
        Ok(())
    }

    /// Executes the statement.
    ///
    /// # Errors
    /// `NotFound` when it changes no row.
    fn run_on_row(self, conn: &mut C) -> Result<()> {
        match RunQueryDsl::execute(self, conn)? {
            0 => Err(Error::NotFound),
            _ => Ok(()),
        }
    }
}

impl<C: Connection, S: RunQueryDsl<C> + ExecuteDsl<C>> Statement<C> for S {}
