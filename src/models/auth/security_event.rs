//! Security log: sign-ins, failed attempts and account changes. Users see their own events, admins all; phone numbers are
//! masked.
//!
//! Writing functions must be called in a write transaction. The only error is `Unavailable`.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::now;
use crate::models::schema::{security_events, users};
use crate::models::values::phone_number::PhoneNumber;

const USER_AGENT_MAX_CHARS: usize = 255;

/// The kind of a security event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityEventKind {
    /// The user registered.
    Registered,
    /// Sign-in with password, code or link.
    SignedIn,
    /// Sign-in with GitHub.
    SignedInByGitHub,
    /// Sign-in with a wrong password.
    SignInFailed,
    /// Sign-out of one session.
    SignedOut,
    /// All sessions, or all other sessions, were ended.
    SessionsEnded,
    /// The password was changed by a user who knew the old one.
    PasswordChanged,
    /// The password was set without the old one, by code, link or admin.
    PasswordReset,
    /// An admin created a password reset link.
    PasswordLinkCreated,
    /// The phone number was changed.
    PhoneChanged,
    /// A GitHub account was linked.
    GitHubLinked,
    /// The user reauthenticated with GitHub.
    GitHubConfirmed,
    /// The GitHub account was unlinked.
    GitHubUnlinked,
    /// A verification code was sent.
    CodeSent,
    /// A wrong verification code was entered.
    CodeFailed,
    /// A link to sign in another device was created.
    PairingCreated,
    /// A device requested to be signed in.
    PairingRequested,
    /// The device was allowed.
    PairingAllowed,
    /// The device was refused.
    PairingRefused,
    /// An invite was created.
    InviteCreated,
    /// An invite was revoked.
    InviteRevoked,
    /// The user was banned.
    Banned,
    /// The user was unbanned.
    Unbanned,
    /// The account was deactivated.
    Deactivated,
    /// The user became an admin, or no longer is one.
    RoleChanged,
}

impl SecurityEventKind {
    /// Returns the stored form.
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
            Self::PasswordLinkCreated => "password-link-made",
            Self::PhoneChanged => "phone-changed",
            Self::GitHubLinked => "github-joined",
            Self::GitHubConfirmed => "github-confirmed",
            Self::GitHubUnlinked => "github-left",
            Self::CodeSent => "code-sent",
            Self::CodeFailed => "code-failed",
            Self::PairingCreated => "pairing-made",
            Self::PairingRequested => "pairing-asked",
            Self::PairingAllowed => "pairing-allowed",
            Self::PairingRefused => "pairing-refused",
            Self::InviteCreated => "invite-made",
            Self::InviteRevoked => "invite-revoked",
            Self::Banned => "banned",
            Self::Unbanned => "unbanned",
            Self::Deactivated => "deactivated",
            Self::RoleChanged => "role-changed",
        }
    }
}

/// The client that caused an event.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// IP address; empty if unknown.
    pub ip: String,
    /// `User-Agent` header.
    pub user_agent: String,
}

impl ClientInfo {
    /// Returns the client of commands that are run on the server.
    pub fn command_line() -> Self {
        Self {
            ip: String::new(),
            user_agent: "teahouse".to_owned(),
        }
    }

    /// Returns the user agent, truncated to the 255 characters of its columns.
    pub(super) fn truncated_user_agent(&self) -> String {
        self.user_agent.chars().take(USER_AGENT_MAX_CHARS).collect()
    }
}

/// A stored event.
#[derive(Debug, Clone, Queryable)]
pub struct SecurityEvent {
    /// Primary key.
    pub id: i64,
    /// See [`SecurityEventKind::as_str`].
    pub kind: String,
    /// The user concerned, if known.
    pub username: Option<String>,
    /// The phone number concerned, masked.
    pub phone: Option<String>,
    /// IP address of the client.
    pub ip: String,
    /// User agent of the client.
    pub user_agent: String,
    /// When it happened.
    pub created_at: NaiveDateTime,
}

/// Records an event of a user.
pub fn record(
    conn: &mut DbConn,
    kind: SecurityEventKind,
    user_id: i64,
    client: &ClientInfo,
) -> Result<()> {
    insert(conn, kind, Some(user_id), None, client)
}

/// Records an event concerning a phone number, which need not belong to a user.
pub fn record_with_phone(
    conn: &mut DbConn,
    kind: SecurityEventKind,
    user_id: Option<i64>,
    phone: &PhoneNumber,
    client: &ClientInfo,
) -> Result<()> {
    insert(conn, kind, user_id, Some(phone.masked()), client)
}

fn insert(
    conn: &mut DbConn,
    kind: SecurityEventKind,
    user_id: Option<i64>,
    phone: Option<String>,
    client: &ClientInfo,
) -> Result<()> {
    let row = (
        security_events::kind.eq(kind.as_str()),
        security_events::user_id.eq(user_id),
        security_events::phone.eq(phone),
        security_events::ip.eq(&client.ip),
        security_events::user_agent.eq(client.truncated_user_agent()),
        security_events::created_at.eq(now()),
    );
    on_each!(conn, conn => diesel::insert_into(security_events::table).values(row).execute(conn))
        .map_err(Error::from)?;
    Ok(())
}

/// Returns events with ids below `before`, newest first, of one user or all users.
pub fn list(
    conn: &mut DbConn,
    user_id: Option<i64>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<SecurityEvent>> {
    let mut query = security_events::table
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
        query = query.filter(security_events::user_id.eq(user_id));
    }
    Ok(query.load(conn)?)
}

/// Deletes events older than `days`; returns their number.
pub fn delete_older_than(conn: &mut DbConn, days: i64) -> Result<usize> {
    let old = security_events::created_at.lt(now() - TimeDelta::days(days));
    Ok(diesel::delete(security_events::table.filter(old)).execute(conn)?)
}
