//! Display preferences of a user.

use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::schema::users;
use crate::models::statement::Statement;

/// Colour schemes.
pub const APPEARANCES: [&str; 3] = ["system", "light", "dark"];
/// Time formats: by language, 12-hour or 24-hour.
pub const TIME_FORMATS: [&str; 3] = ["language", "12", "24"];

/// Display preferences of a user.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
pub struct Preferences {
    /// BCP 47 language tag; `None` for the browser's language.
    pub locale: Option<String>,
    /// One of [`APPEARANCES`].
    pub appearance: String,
    /// One of [`TIME_FORMATS`].
    pub time_format: String,
}

impl Preferences {
    /// Stores the preferences.
    ///
    /// # Errors
    /// `Invalid` for `appearance` or `time_format` with an unknown value.
    pub fn save(&self, conn: &mut DbConn, user_id: i64) -> Result<()> {
        if !APPEARANCES.contains(&self.appearance.as_str()) {
            return Err(Error::field("appearance", "error-choice"));
        }
        if !TIME_FORMATS.contains(&self.time_format.as_str()) {
            return Err(Error::field("time_format", "error-choice"));
        }
        diesel::update(users::table.find(user_id))
            .set(self)
            .run(conn)
    }
}
