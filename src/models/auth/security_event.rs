//! Security log: sign-ins, failed attempts and account changes. Users see their own events, admins all; phone numbers are
//! masked.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::now;
use crate::models::schema::{security_events, users};
use crate::models::statement::Statement;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::text_column::text_column;
use crate::protocol::text_enum;

const USER_AGENT_MAX_CHARS: usize = 255;

text_enum! {
    /// The kind of a security event.
    pub enum SecurityEventKind {
        /// The user registered.
        Registered = "registered",
        /// Sign-in with password, code or link.
        SignedIn = "signed-in",
        /// Sign-in with GitHub.
        SignedInByGitHub = "signed-in-github",
        /// Sign-in with a wrong password.
        SignInFailed = "sign-in-failed",
        /// Sign-out of one session.
        SignedOut = "signed-out",
        /// All sessions, or all other sessions, were ended.
        SessionsEnded = "sessions-ended",
        /// The password was changed by a user who knew the old one.
        PasswordChanged = "password-changed",
        /// The password was set without the old one, by code, link or admin.
        PasswordReset = "password-reset",
        /// An admin created a password reset link.
        PasswordLinkCreated = "password-link-made",
        /// The phone number was changed.
        PhoneChanged = "phone-changed",
        /// A GitHub account was linked.
        GitHubLinked = "github-joined",
        /// The user reauthenticated with GitHub.
        GitHubConfirmed = "github-confirmed",
        /// The GitHub account was unlinked.
        GitHubUnlinked = "github-left",
        /// A verification code was sent.
        CodeSent = "code-sent",
        /// A wrong verification code was entered.
        CodeFailed = "code-failed",
        /// A link to sign in another device was created.
        PairingCreated = "pairing-made",
        /// A device requested to be signed in.
        PairingRequested = "pairing-asked",
        /// The device was allowed.
        PairingAllowed = "pairing-allowed",
        /// The device was refused.
        PairingRefused = "pairing-refused",
        /// An invite was created.
        InviteCreated = "invite-made",
        /// An invite was revoked.
        InviteRevoked = "invite-revoked",
        /// The user was banned.
        Banned = "banned",
        /// The user was unbanned.
        Unbanned = "unbanned",
        /// The account was deactivated.
        Deactivated = "deactivated",
        /// The user became an admin, or no longer is one.
        RoleChanged = "role-changed",
    }
}

text_column!(SecurityEventKind);

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
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = security_events)]
pub struct SecurityEvent {
    /// Primary key.
    pub id: i64,
    /// The text of its [`SecurityEventKind`], which may be that of another version of the server.
    pub kind: String,
    /// The username of the user concerned, if known.
    #[diesel(select_expression = users::username.nullable())]
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
    record_with_phone(conn, kind, Some(user_id), None, client)
}

/// Records an event concerning a phone number, which need not belong to a user.
pub fn record_with_phone<'a>(
    conn: &mut DbConn,
    kind: SecurityEventKind,
    user_id: Option<i64>,
    phone: impl Into<Option<&'a PhoneNumber>>,
    client: &ClientInfo,
) -> Result<()> {
    diesel::insert_into(security_events::table)
        .values((
            security_events::kind.eq(kind),
            security_events::user_id.eq(user_id),
            security_events::phone.eq(phone.into().map(PhoneNumber::masked)),
            security_events::ip.eq(&client.ip),
            security_events::user_agent.eq(client.truncated_user_agent()),
            security_events::created_at.eq(now()),
        ))
        .run(conn)
}

/// Returns events with ids below `before`, newest first, of one user or all users.
pub fn list(
    conn: &mut DbConn,
    user_id: Option<i64>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<SecurityEvent>> {
    let mut events = security_events::table
        .left_join(users::table)
        .filter(security_events::id.lt(before.unwrap_or(i64::MAX)))
        .order(security_events::id.desc())
        .limit(limit)
        .select(SecurityEvent::as_select())
        .into_boxed();
    if let Some(user_id) = user_id {
        events = events.filter(security_events::user_id.eq(user_id));
    }
    Ok(events.load(conn)?)
}

/// Deletes events older than `days`; returns their number.
pub fn delete_older_than(conn: &mut DbConn, days: i64) -> Result<usize> {
    let old = security_events::created_at.lt(now() - TimeDelta::days(days));
    Ok(diesel::delete(security_events::table.filter(old)).execute(conn)?)
}
