//! User management by admins: status, role, password.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::dsl::max;
use diesel::prelude::*;

use super::User;
use crate::error::{Error, Result};
use crate::models::auth::session::{self, KeyHash};
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::room::invitation::{self, InvitationFilter};
use crate::models::schema::{sessions, users};
use crate::models::statement::Statement;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::user_status::{Role, Status};
use crate::models::values::username;
use teahouse_text::characters::is_default_ignorable;

/// A user as shown to admins.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct UserOverview {
    /// The user.
    #[diesel(embed)]
    pub user: User,
    /// Phone number.
    pub phone: Option<PhoneNumber>,
    /// When the user last sent a request, or their last connection closed.
    pub seen_at: Option<NaiveDateTime>,
}

impl User {
    /// Returns all users in the order of registration.
    pub fn list(conn: &mut DbConn) -> Result<Vec<UserOverview>> {
        let sessions_seen: Vec<(i64, Option<NaiveDateTime>)> = sessions::table
            .group_by(sessions::user_id)
            .select((sessions::user_id, max(sessions::seen_at)))
            .load(conn)?;
        let sessions_seen: HashMap<_, _> = sessions_seen.into_iter().collect();
        let users = users::table.order(users::id);
        let mut users: Vec<UserOverview> = users.select(UserOverview::as_select()).load(conn)?;
        for overview in &mut users {
            let in_session = sessions_seen.get(&overview.user.id).copied().flatten();
            overview.seen_at = overview.seen_at.max(in_session);
        }
        Ok(users)
    }

    /// Returns a user by username or phone number, whatever their status. A number without `+` is read as dialled
    /// within `region` (ISO 3166-1 alpha-2); when `region` is empty, `+` is required.
    ///
    /// # Errors
    /// `NotFound` when there is no such user.
    pub fn find_by_username_or_phone(conn: &mut DbConn, name: &str, region: &str) -> Result<Self> {
        if let Some(phone) = parse_phone_identifier(name, region) {
            let found = users::table.filter(users::phone.eq(phone));
            return Ok(found.select(Self::as_select()).get_result(conn)?);
        }
        let (name, _) = strip_at(name);
        let key = username::key(name).ok_or(Error::NotFound)?;
        let found = users::table.filter(users::username_key.eq(key));
        Ok(found.select(Self::as_select()).get_result(conn)?)
    }

    /// Sets a user's status. Unless it is [`Status::Active`], ends all their sessions; returns how many. Requires a
    /// write transaction.
    ///
    /// # Errors
    /// `Forbidden` when no active admin would remain.
    pub fn set_status(conn: &mut DbConn, id: i64, status: Status) -> Result<usize> {
        installation::lock(conn)?;
        let user = users::table.find(id);
        let update = diesel::update(user).set(users::status.eq(status));
        if status == Status::Active {
            update.run(conn)?;
            return Ok(0);
        }
        Self::require_another_admin(conn, id)?;
        update.run(conn)?;
        invitation::withdraw(conn, InvitationFilter::User(id))?;
        session::end_all(conn, id, None)
    }

    /// Sets a user's role. Requires a write transaction.
    ///
    /// # Errors
    /// `Forbidden` when no active admin would remain.
    pub fn set_role(conn: &mut DbConn, id: i64, role: Role) -> Result<()> {
        installation::lock(conn)?;
        if role != Role::Admin {
            Self::require_another_admin(conn, id)?;
        }
        diesel::update(users::table.find(id))
            .set(users::role.eq(role))
            .run(conn)
    }

    /// Sets a user's password and ends all their sessions except `except`; returns how many. Requires a write
    /// transaction.
    pub fn set_password(
        conn: &mut DbConn,
        id: i64,
        password_hash: &str,
        except: Option<&KeyHash>,
    ) -> Result<usize> {
        installation::lock(conn)?;
        diesel::update(users::table.find(id))
            .set(users::password_hash.eq(password_hash))
            .run(conn)?;
        session::end_all(conn, id, except)
    }

    /// Requires that there is an active admin other than this user.
    pub(in crate::models) fn require_another_admin(conn: &mut DbConn, id: i64) -> Result<()> {
        let admins: Vec<i64> = users::table
            .filter(users::role.eq(Role::Admin))
            .filter(users::status.eq(Status::Active))
            .select(users::id)
            .load(conn)?;
        match admins[..] {
            [only] if only == id => Err(Error::Forbidden),
            _ => Ok(()),
        }
    }
}

/// Returns the phone number in a text that is a phone number or a username. A leading `@` marks a username.
pub(in crate::models) fn parse_phone_identifier(name: &str, region: &str) -> Option<PhoneNumber> {
    looks_like_phone(name).then(|| PhoneNumber::parse(strip_at(name).0, region).ok())?
}

/// Returns whether a text is written as a phone number, even an invalid one.
pub(in crate::models) fn looks_like_phone(name: &str) -> bool {
    matches!(strip_at(name), (name, false) if PhoneNumber::is_number_like(name))
}

/// Removes surrounding white space and invisible characters (which pasting adds) and a leading `@`; returns the rest,
/// and whether there was an `@`.
pub(in crate::models) fn strip_at(name: &str) -> (&str, bool) {
    let name = name.trim_matches(|c: char| c.is_whitespace() || is_default_ignorable(c));
    match name.strip_prefix(['@', '\u{ff20}', '\u{fe6b}']) {
        Some(name) => (name.trim(), true),
        None => (name, false),
    }
}
