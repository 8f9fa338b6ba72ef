//! Registration of users.

use chrono::NaiveDateTime;
use diesel::dsl::{exists, select};
use diesel::prelude::*;

use super::{User, reserved_username};
use crate::error::{Error, Result};
use crate::models::auth::invite;
use crate::models::database::connection::DbConn;
use crate::models::room::LOBBY;
use crate::models::room::membership::Membership;
use crate::models::schema::users;
use crate::models::statement::Statement;
use crate::models::values::github_account::GithubAccount;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::user_status::{Role, Status};
use crate::models::values::username::Username;
use crate::models::{installation, now};
use crate::protocol::NotificationLevel;

/// Who may register. The first user may register under any policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationPolicy {
    /// Registration is open to all.
    Open,
    /// Registration requires an invite.
    Invite,
    /// Registration is closed.
    Closed,
}

/// What a user signs in with.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A phone number and a password.
    Phone {
        /// The phone number.
        phone: PhoneNumber,
        /// Password hash as a PHC string.
        password_hash: String,
    },
    /// A GitHub account.
    GitHub(GithubAccount),
}

/// A request to register.
#[derive(Debug)]
pub struct Registration {
    /// Who may register.
    pub policy: RegistrationPolicy,
    /// Id of the invite used.
    pub invite: Option<i64>,
    /// What the user will sign in with.
    pub credential: Credential,
    /// The chosen username.
    pub username: Username,
    /// Whether the request carries the set-up code, or none is needed.
    pub may_be_first: bool,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct NewUser<'a> {
    phone: Option<&'a PhoneNumber>,
    username: &'a str,
    username_key: &'a str,
    password_hash: Option<&'a String>,
    github_id: Option<i64>,
    github_login: Option<&'a String>,
    role: Role,
    status: Status,
    created_at: NaiveDateTime,
}

impl User {
    /// Returns whether a username is in use by, or reserved for, a user other than `user_id`.
    pub(in crate::models) fn is_username_taken(
        conn: &mut DbConn,
        username: &Username,
        user_id: Option<i64>,
    ) -> Result<bool> {
        let others = users::table
            .filter(users::username_key.eq(username.key()))
            .filter(users::id.ne(user_id.unwrap_or_default()));
        Ok(select(exists(others)).get_result(conn)?
            || reserved_username::is_reserved(conn, username.key(), user_id)?)
    }

    /// Requires that a username is neither in use by, nor reserved for, a user other than `user_id`.
    ///
    /// # Errors
    /// `Invalid` for `username`.
    pub fn require_username_available(
        conn: &mut DbConn,
        username: &Username,
        user_id: Option<i64>,
    ) -> Result<()> {
        match Self::is_username_taken(conn, username, user_id)? {
            true => Err(Error::field("username", "error-username-taken")),
            false => Ok(()),
        }
    }

    /// Creates a user and adds them to the Lobby. The first user becomes admin, even when several register at once.
    /// Requires a write transaction.
    ///
    /// # Errors
    /// `Invalid` for `phone` and `username` when taken, for `setup_code` when the first user needs one, and for
    /// `invite` when a valid one is required; `Forbidden` when registration is closed.
    pub fn register(conn: &mut DbConn, registration: &Registration) -> Result<Self> {
        // Serializes registrations, so that only one user can be the first.
        installation::lock(conn)?;
        let username = &registration.username;
        let (phone, password_hash, github) = match &registration.credential {
            Credential::Phone {
                phone,
                password_hash,
            } => (Some(phone), Some(password_hash), None),
            Credential::GitHub(account) => (None, None, Some(account)),
        };
        let mut taken = Vec::new();
        if let Some(phone) = phone
            && Self::find_id_by_phone(conn, phone)?.is_some()
        {
            taken.push(("phone", "error-phone-taken".into()));
        }
        if Self::is_username_taken(conn, username, None)? {
            taken.push(("username", "error-username-taken".into()));
        }
        if !taken.is_empty() {
            return Err(Error::Invalid(taken));
        }
        let is_first = !Self::exists(conn)?;
        if is_first && !registration.may_be_first {
            return Err(Error::field("setup_code", "error-setup-code"));
        }
        match registration.policy {
            RegistrationPolicy::Invite if !is_first => invite::redeem(conn, registration.invite)?,
            RegistrationPolicy::Closed if !is_first => return Err(Error::Forbidden),
            RegistrationPolicy::Open | RegistrationPolicy::Invite | RegistrationPolicy::Closed => {}
        }
        diesel::insert_into(users::table)
            .values(NewUser {
                phone,
                username: username.as_str(),
                username_key: username.key(),
                password_hash,
                github_id: github.map(|account| account.id),
                github_login: github.map(|account| &account.login),
                role: if is_first { Role::Admin } else { Role::Member },
                status: Status::Active,
                created_at: now(),
            })
            .run(conn)?;
        let user: Self = users::table
            .filter(users::username_key.eq(username.key()))
            .select(Self::as_select())
            .get_result(conn)?;
        Membership::create(conn, LOBBY, user.id, NotificationLevel::Mentions)?;
        Ok(user)
    }
}
