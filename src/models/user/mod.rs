//! People.

pub mod account_deletion;
pub mod avatar;
pub mod block;
pub mod data_export;
pub mod direct_message_policy;
pub mod moderation;
pub mod preferences;
pub mod profile;
pub mod reserved_username;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::users;
use super::{installation, now};
use crate::error::{Error, Result};
use crate::models::values::github_account::GithubAccount;
use crate::models::auth::invite;
use crate::models::database::connection::DbConn;
use crate::models::room::membership::Membership;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::username::Username;
use crate::realtime::frames::{self, Id};

/// The first person of an installation, and whom they appoint.
pub const ADMIN: &str = "admin";
/// Everybody else.
pub const MEMBER: &str = "member";
/// Who may sign in.
pub const ACTIVE: &str = "active";
/// Whom an admin does not want here.
pub const BANNED: &str = "banned";
/// Who is not here any more.
pub const DEACTIVATED: &str = "deactivated";

/// A person.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// Primary key.
    pub id: i64,
    /// The name as typed.
    pub username: String,
    /// `member` or `admin`.
    pub role: String,
    /// `active`, `banned` or `deactivated`.
    pub status: String,
    /// The name of their picture in `avatars`.
    pub avatar: Option<String>,
    /// How often all their sessions were ended at once.
    pub session_epoch: i64,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct NewUser<'a> {
    phone: Option<&'a str>,
    username: &'a str,
    username_key: &'a str,
    password_hash: Option<&'a str>,
    github_id: Option<i64>,
    github_login: Option<&'a str>,
    role: &'a str,
    status: &'a str,
    created_at: NaiveDateTime,
}

/// Who may register, once there is somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Everybody.
    Open,
    /// Who has an invite.
    Invite,
    /// Nobody.
    Closed,
}

/// What opens the door to somebody.
#[derive(Debug, Clone)]
pub enum Key {
    /// A number and a password.
    Phone {
        /// The number.
        phone: PhoneNumber,
        /// The password, as a PHC string.
        password_hash: String,
    },
    /// What GitHub says.
    GitHub(GithubAccount),
}

impl Key {
    fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Phone { phone, .. } => Some(phone),
            Self::GitHub(_) => None,
        }
    }

    fn password_hash(&self) -> Option<&str> {
        match self {
            Self::Phone { password_hash, .. } => Some(password_hash),
            Self::GitHub(_) => None,
        }
    }

    fn github(&self) -> Option<&GithubAccount> {
        match self {
            Self::Phone { .. } => None,
            Self::GitHub(account) => Some(account),
        }
    }
}

/// Somebody who wants to come in.
#[derive(Debug)]
pub struct Registration {
    /// Who may.
    pub policy: Policy,
    /// The invite that they come with.
    pub invite: Option<i64>,
    /// By what they will be known when they come again.
    pub key: Key,
    /// Their name.
    pub username: Username,
    /// Whether they know the set-up code, where the first person needs one.
    pub may_be_first: bool,
}

impl User {
    /// Makes a person, in the Lobby. The first one of all becomes admin, however many come at once.
    ///
    /// Runs in a transaction that writes.
    ///
    /// # Errors
    /// `Invalid` for `phone` and `username` when taken, for `setup_code` when the first person does not know it, and for
    /// `invite` when one is needed and this is none; `Forbidden` when nobody may register.
    pub fn register(conn: &mut DbConn, registration: &Registration) -> Result<Self> {
        // Everybody who registers waits here for the one before.
        installation::take_turn(conn)?;
        let Registration { key, username, .. } = registration;
        let mut taken = Vec::new();
        if let Some(phone) = key.phone()
            && Self::id_with_phone(conn, phone)?.is_some()
        {
            taken.push(("phone", "error-phone-taken".into()));
        }
        if Self::is_name_taken(conn, username)? {
            taken.push(("username", "error-username-taken".into()));
        }
        if !taken.is_empty() {
            return Err(Error::Invalid(taken));
        }
        let is_first = !Self::any(conn)?;
        if is_first && !registration.may_be_first {
            return Err(Error::field("setup_code", "error-setup-code"));
        }
        match registration.policy {
            Policy::Invite if !is_first => invite::redeem(conn, registration.invite)?,
            Policy::Closed if !is_first => return Err(Error::Forbidden),
            Policy::Open | Policy::Invite | Policy::Closed => {}
        }
        diesel::insert_into(users::table)
            .values(NewUser {
                phone: key.phone().map(PhoneNumber::as_str),
                username: username.as_str(),
                username_key: username.key(),
                password_hash: key.password_hash(),
                github_id: key.github().map(|account| account.id),
                github_login: key.github().map(|account| account.login.as_str()),
                role: if is_first { ADMIN } else { MEMBER },
                status: ACTIVE,
                created_at: now(),
            })
            .execute(conn)?;
        let user: Self = users::table
            .filter(users::username_key.eq(username.key()))
            .select(Self::as_select())
            .get_result(conn)?;
        Membership::enter_lobby(conn, user.id)?;
        Ok(user)
    }

    /// Whether there is anybody yet, not counting those who deleted their accounts.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn any(conn: &mut DbConn) -> Result<bool> {
        let first: Option<i64> = users::table
            .filter(users::deleted_at.is_null())
            .select(users::id)
            .first(conn)
            .optional()?;
        Ok(first.is_some())
    }

    /// The person with this number, if they may sign in, and their password's hash.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn with_phone(
        conn: &mut DbConn,
        phone: &PhoneNumber,
    ) -> Result<Option<(Self, Option<String>)>> {
        Ok(users::table
            .filter(users::phone.eq(phone.as_str()))
            .filter(users::status.eq(ACTIVE))
            .select((Self::as_select(), users::password_hash))
            .get_result(conn)
            .optional()?)
    }

    /// Whether somebody has this name, or gave it up lately.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn is_name_taken(conn: &mut DbConn, username: &Username) -> Result<bool> {
        let same = users::table.filter(users::username_key.eq(username.key()));
        Ok(same.count().get_result::<i64>(conn)? > 0
            || reserved_username::is_reserved(conn, username.key(), None)?)
    }

    /// Refuses a name that nobody new may take.
    ///
    /// # Errors
    /// `Invalid` for `username`.
    pub fn require_free_name(conn: &mut DbConn, username: &Username) -> Result<()> {
        match Self::is_name_taken(conn, username)? {
            true => Err(Error::field("username", "error-username-taken")),
            false => Ok(()),
        }
    }

    /// Whose number this is, whatever their status.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn id_with_phone(conn: &mut DbConn, phone: &PhoneNumber) -> Result<Option<i64>> {
        let theirs = users::table.filter(users::phone.eq(phone.as_str()));
        Ok(theirs.select(users::id).get_result(conn).optional()?)
    }

    /// Keeps another hash of the same password, unless it was changed meanwhile. Runs in a transaction that writes.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn rehash(conn: &mut DbConn, id: i64, old: &str, new: &str) -> Result<()> {
        let same = users::table.find(id).filter(users::password_hash.eq(old));
        diesel::update(same)
            .set(users::password_hash.eq(new))
            .execute(conn)?;
        Ok(())
    }

    /// Somebody's own number.
    ///
    /// # Errors
    /// `NotFound` when there is no such person.
    pub fn phone(conn: &mut DbConn, id: i64) -> Result<Option<String>> {
        Ok(users::table
            .find(id)
            .select(users::phone)
            .get_result(conn)?)
    }

    /// When the last window of somebody closed, as far as that is known.
    ///
    /// # Errors
    /// `NotFound` when there is no such person.
    pub fn seen_at(conn: &mut DbConn, id: i64) -> Result<Option<NaiveDateTime>> {
        Ok(users::table
            .find(id)
            .select(users::seen_at)
            .get_result(conn)?)
    }

    /// Remembers that their last window closed now.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn saw_last(conn: &mut DbConn, user_id: i64) -> Result<()> {
        diesel::update(users::table.find(user_id))
            .set(users::seen_at.eq(now()))
            .execute(conn)?;
        Ok(())
    }

    /// How others see them.
    pub fn public(&self) -> frames::User {
        frames::User {
            id: Id(self.id),
            username: self.username.clone(),
            avatar_url: self.avatar.as_deref().map(avatar::address),
        }
    }

    /// Whether they are an admin.
    pub fn is_admin(&self) -> bool {
        self.role == ADMIN
    }
}
