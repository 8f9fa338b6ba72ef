//! Users.
//!
//! # Errors
//! `Unavailable` when the database cannot be reached, and `NotFound` when there is no user with the given id; functions
//! name only their other errors.

pub mod account_deletion;
pub mod avatar;
pub mod block;
pub mod data_export;
pub mod direct_message_policy;
pub mod moderation;
pub mod preferences;
pub mod profile;
pub mod registration;
pub mod reserved_username;

use chrono::NaiveDateTime;
use diesel::dsl::{exists, select};
use diesel::prelude::*;

use super::now;
use super::schema::users;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::statement::Statement;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::user_status::{Role, Status};
use crate::protocol::{self, Id};

/// A user.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// Primary key.
    pub id: i64,
    /// Username as typed.
    pub username: String,
    /// Role.
    pub role: Role,
    /// Status.
    pub status: Status,
    /// Key of the user's row in `avatars`.
    pub avatar: Option<String>,
    /// Incremented each time all of the user's sessions are ended at once.
    pub session_epoch: i64,
}

impl User {
    /// Returns whether there is a user, not counting deleted accounts.
    pub fn exists(conn: &mut DbConn) -> Result<bool> {
        let users = users::table.filter(users::deleted_at.is_null());
        Ok(select(exists(users)).get_result(conn)?)
    }

    /// Returns the active user with a phone number, and their password hash.
    pub fn find_by_phone(
        conn: &mut DbConn,
        phone: &PhoneNumber,
    ) -> Result<Option<(Self, Option<String>)>> {
        Ok(users::table
            .filter(users::phone.eq(phone))
            .filter(users::status.eq(Status::Active))
            .select((Self::as_select(), users::password_hash))
            .get_result(conn)
            .optional()?)
    }

    /// Returns the id of the user with a phone number, whatever their status.
    pub fn find_id_by_phone(conn: &mut DbConn, phone: &PhoneNumber) -> Result<Option<i64>> {
        let owner = users::table.filter(users::phone.eq(phone));
        Ok(owner.select(users::id).get_result(conn).optional()?)
    }

    /// Replaces the hash of an unchanged password; does nothing when the stored hash is no longer `old`. Requires a
    /// write transaction.
    pub fn rehash(conn: &mut DbConn, id: i64, old: &str, new: &str) -> Result<()> {
        let unchanged = users::table.find(id).filter(users::password_hash.eq(old));
        diesel::update(unchanged)
            .set(users::password_hash.eq(new))
            .run(conn)
    }

    /// Returns a user's phone number.
    pub fn phone(conn: &mut DbConn, id: i64) -> Result<Option<PhoneNumber>> {
        let user = users::table.find(id);
        Ok(user.select(users::phone).get_result(conn)?)
    }

    /// Returns when a user's last connection closed, if recorded.
    pub fn seen_at(conn: &mut DbConn, id: i64) -> Result<Option<NaiveDateTime>> {
        let user = users::table.find(id);
        Ok(user.select(users::seen_at).get_result(conn)?)
    }

    /// Records that a user's last connection closed now.
    pub fn update_last_seen(conn: &mut DbConn, user_id: i64) -> Result<()> {
        diesel::update(users::table.find(user_id))
            .set(users::seen_at.eq(now()))
            .run(conn)
    }

    /// Returns what other users see of this one.
    pub fn to_public(&self) -> protocol::User {
        protocol::User {
            id: Id(self.id),
            username: self.username.clone(),
            avatar_url: self.avatar.as_deref().map(avatar::url),
        }
    }

    /// Returns whether the user is an admin.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}
