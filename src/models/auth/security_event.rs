//! What happened to accounts: sign-ins, failures, changes. Their people see theirs, admins all; numbers are masked.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::now;
use crate::models::schema::{security_events, users};
use crate::models::values::phone_number::PhoneNumber;

/// The most characters that are kept of what a browser calls itself.
const USER_AGENT_CHARS: usize = 255;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An account was made.
    Registered,
    /// Somebody came in.
    SignedIn,
    /// Somebody came in because GitHub said who they are.
    SignedInByGitHub,
    /// Somebody did not know the password.
    SignInFailed,
    /// Somebody left.
    SignedOut,
    /// All sessions were ended, or all others.
    SessionsEnded,
    /// Another password, by somebody who knew the old one.
    PasswordChanged,
    /// Another password, by a code, a link or an admin.
    PasswordReset,
    /// An admin made a link that lets somebody set a password.
    PasswordLinkMade,
    /// Another number.
    PhoneChanged,
    /// From now on GitHub can say who somebody is.
    GitHubJoined,
    /// GitHub said once more who it is.
    GitHubConfirmed,
    /// GitHub can no longer say who somebody is.
    GitHubLeft,
    /// A code went out.
    CodeSent,
    /// A wrong code was typed.
    CodeFailed,
    /// A link was made that signs in another device.
    PairingMade,
    /// A device asked by it.
    PairingAsked,
    /// It may come in.
    PairingAllowed,
    /// It may not.
    PairingRefused,
    /// Somebody may invite others by a link.
    InviteMade,
    /// The link is worth nothing any more.
    InviteRevoked,
    /// Not welcome any more.
    Banned,
    /// Welcome again.
    Unbanned,
    /// Not here any more.
    Deactivated,
    /// Admin, or not any more.
    RoleChanged,
}

impl Kind {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SignedIn => "signed-in",
            Self::SignedInByGitHub => "signed-in-github",
            Self::SignInFailed => "sign-in-failed",
            Self::SignedOut => "signed-out",
            Self::SessionsEnded => "sessions-ended",
            Self::PasswordChanged => "password-changed",
            Self::PasswordReset => "password-reset",
            Self::PasswordLinkMade => "password-link-made",
            Self::PhoneChanged => "phone-changed",
            Self::GitHubJoined => "github-joined",
            Self::GitHubConfirmed => "github-confirmed",
            Self::GitHubLeft => "github-left",
            Self::CodeSent => "code-sent",
            Self::CodeFailed => "code-failed",
            Self::PairingMade => "pairing-made",
            Self::PairingAsked => "pairing-asked",
            Self::PairingAllowed => "pairing-allowed",
            Self::PairingRefused => "pairing-refused",
            Self::InviteMade => "invite-made",
            Self::InviteRevoked => "invite-revoked",
            Self::Banned => "banned",
            Self::Unbanned => "unbanned",
            Self::Deactivated => "deactivated",
            Self::RoleChanged => "role-changed",
        }
    }
}

/// Where something came from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address; empty when it is not known.
    pub ip: String,
    /// What the browser or program calls itself.
    pub user_agent: String,
}

impl Origin {
    /// Somebody at the machine itself.
    pub fn command_line() -> Self {
        Self {
            ip: String::new(),
            user_agent: "teahouse".to_owned(),
        }
    }
}

/// Something that happened, as it is listed.
#[derive(Debug, Clone, Queryable)]
pub struct Entry {
    /// Primary key.
    pub id: i64,
    /// See [`Kind::as_str`].
    pub kind: String,
    /// To whom, when it is known.
    pub username: Option<String>,
    /// The number that it was about, masked.
    pub phone: Option<String>,
    /// From where.
    pub ip: String,
    /// With what.
    pub user_agent: String,
    /// When.
    pub created_at: NaiveDateTime,
}

/// Writes down what happened to somebody. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn record(conn: &mut DbConn, kind: Kind, user_id: i64, origin: &Origin) -> Result<()> {
    write(conn, kind, Some(user_id), None, origin)
}

/// Writes down what happened about a number, which need not be anybody's. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn record_about(
    conn: &mut DbConn,
    kind: Kind,
    user_id: Option<i64>,
    phone: &PhoneNumber,
    origin: &Origin,
) -> Result<()> {
    write(conn, kind, user_id, Some(phone.masked()), origin)
}

fn write(
    conn: &mut DbConn,
    kind: Kind,
    user_id: Option<i64>,
    phone: Option<String>,
    origin: &Origin,
) -> Result<()> {
    let agent: String = origin.user_agent.chars().take(USER_AGENT_CHARS).collect();
    let row = (
        security_events::kind.eq(kind.as_str()),
        security_events::user_id.eq(user_id),
        security_events::phone.eq(phone),
        security_events::ip.eq(&origin.ip),
        security_events::user_agent.eq(agent),
        security_events::created_at.eq(now()),
    );
    on_each!(conn, conn => diesel::insert_into(security_events::table).values(row).execute(conn))
        .map_err(Error::from)?;
    Ok(())
}

/// What happened, latest first: to this person, or to everybody; before the event `before`, if any.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn list(
    conn: &mut DbConn,
    user_id: Option<i64>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let mut wanted = security_events::table
        .left_join(users::table)
        .filter(security_events::id.lt(before.unwrap_or(i64::MAX)))
        .order(security_events::id.desc())
        .limit(limit)
        .select((
            security_events::id,
            security_events::kind,
            users::username.nullable(),
            security_events::phone,
            security_events::ip,
            security_events::user_agent,
            security_events::created_at,
        ))
        .into_boxed();
    if let Some(user_id) = user_id {
        wanted = wanted.filter(security_events::user_id.eq(user_id));
    }
    Ok(wanted.load(conn)?)
}

/// Forgets what is older than so many days; answers how many.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn, days: i64) -> Result<usize> {
    let old = security_events::created_at.lt(now() - TimeDelta::days(days));
    Ok(diesel::delete(security_events::table.filter(old)).execute(conn)?)
}
