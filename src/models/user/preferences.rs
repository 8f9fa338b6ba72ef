//! How a person likes the pages to be.

use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::schema::users;

/// The colours that somebody may choose.
pub const APPEARANCES: [&str; 3] = ["system", "light", "dark"];
/// How somebody may have times written: as their language does, with 12 hours or with 24.
pub const TIME_FORMATS: [&str; 3] = ["language", "12", "24"];

/// How a person likes the pages to be.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
pub struct Preferences {
    /// A language's BCP 47 tag; `None`: the browser's.
    pub locale: Option<String>,
    /// One of [`APPEARANCES`].
    pub appearance: String,
    /// One of [`TIME_FORMATS`].
    pub time_format: String,
}

impl Preferences {
    /// Remembers them.
    ///
    /// # Errors
    /// `Invalid` for the field with a value that nobody may choose.
    pub fn set(&self, conn: &mut DbConn, user_id: i64) -> Result<()> {
        if !APPEARANCES.contains(&self.appearance.as_str()) {
            return Err(Error::field("appearance", "error-choice"));
        }
        if !TIME_FORMATS.contains(&self.time_format.as_str()) {
            return Err(Error::field("time_format", "error-choice"));
        }
        diesel::update(users::table.find(user_id))
            .set(self)
            .execute(conn)?;
        Ok(())
    }
}
