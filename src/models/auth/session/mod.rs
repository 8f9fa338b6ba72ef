//! Sessions of browsers (cookies) and programs (tokens). A session lasts as long as its row.

mod key;

pub use self::key::{KeyHash, is_key, new_key};

use std::collections::HashSet;
use std::iter;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::security_event::ClientInfo;
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{sessions, users};
use crate::models::statement::Statement;
use crate::models::user::User;
use crate::models::user::preferences::Preferences;
use crate::models::values::text_column::text_column;
use crate::models::values::user_status::Status;
use crate::models::{change_notice, installation, now};
use crate::protocol::commands::ChangeNotice;
use crate::protocol::text_enum;

/// Minimum time between updates of `seen_at`.
const TOUCH_INTERVAL: TimeDelta = TimeDelta::hours(1);
/// Maximum number of sessions evicted by one new session.
const MAX_EVICTED: i64 = 500;
/// How long a GitHub sign-in counts as reauthentication of a user without a password.
const GITHUB_CONFIRMATION_LIFETIME: TimeDelta = TimeDelta::minutes(10);

text_enum! {
    /// How a client sends the key of its session.
    pub enum SessionKind {
        /// In a browser's cookie.
        Cookie = "cookie",
        /// As a program's bearer token.
        Token = "token",
    }
}

text_column!(SessionKind);

/// A session to be created at sign-in.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Cookie or token.
    pub kind: SessionKind,
    /// The user who signs in.
    pub user_id: i64,
    /// [`User::session_epoch`] when the user was authenticated.
    pub epoch: i64,
    /// The session that authorized this one, if any. It must still be active.
    pub by: Option<KeyHash>,
    /// The client that signs in.
    pub client: ClientInfo,
    /// Time until the session expires if it is not used.
    pub lifetime: TimeDelta,
    /// Whether the user signed in with GitHub.
    pub is_github_sign_in: bool,
    /// Maximum number of sessions of the user, including this one.
    pub max_sessions: i64,
}

/// The result of [`create`].
#[derive(Debug, Clone, Copy)]
pub struct CreatedSession {
    /// When the session expires.
    pub expires_at: NaiveDateTime,
    /// Number of other sessions that were ended to stay within the limit. Their sockets are still open.
    pub evicted: usize,
}

#[derive(Insertable)]
#[diesel(table_name = sessions)]
struct SessionRow<'a> {
    key_hash: &'a KeyHash,
    user_id: i64,
    kind: SessionKind,
    user_agent: String,
    ip: &'a str,
    created_at: NaiveDateTime,
    seen_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    github_at: Option<NaiveDateTime>,
}

/// A session that has not expired, and its user.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct ActiveSession {
    /// The signed-in user, who is active.
    #[diesel(embed)]
    pub user: User,
    /// The user's display preferences.
    #[diesel(embed)]
    pub preferences: Preferences,
    seen_at: NaiveDateTime,
}

impl ActiveSession {
    /// Returns whether `seen_at` is old enough to be updated by [`touch`] or [`record_use`].
    pub fn needs_touch(&self) -> bool {
        now() - self.seen_at > TOUCH_INTERVAL
    }
}

/// Stores a new session. Ends the least recently used sessions beyond [`NewSession::max_sessions`].
///
/// # Errors
/// `Unauthorized` when the user was banned or all their sessions were ended since they were authenticated.
pub fn create(
    conn: &mut DbConn,
    key_hash: &KeyHash,
    session: &NewSession,
) -> Result<CreatedSession> {
    // Serializes with functions that end sessions, so that none of them misses this one.
    installation::lock(conn)?;
    let epoch: Option<i64> = users::table
        .find(session.user_id)
        .filter(users::status.eq(Status::Active))
        .select(users::session_epoch)
        .get_result(conn)
        .optional()?;
    if epoch != Some(session.epoch) {
        return Err(Error::Unauthorized);
    }
    if let Some(by) = &session.by {
        find_active(conn, by)?.ok_or(Error::Unauthorized)?;
    }
    let now = now();
    let expires_at = now + session.lifetime;
    diesel::insert_into(sessions::table)
        .values(SessionRow {
            key_hash,
            user_id: session.user_id,
            kind: session.kind,
            user_agent: session.client.truncated_user_agent(),
            ip: &session.client.ip,
            created_at: now,
            seen_at: now,
            expires_at,
            github_at: session.is_github_sign_in.then_some(now),
        })
        .run(conn)?;
    Ok(CreatedSession {
        expires_at,
        evicted: evict_excess(conn, key_hash, session)?,
    })
}

/// Ends the least recently used sessions beyond the limit, except the new one and the one that authorized it; returns
/// their number.
fn evict_excess(conn: &mut DbConn, new: &KeyHash, session: &NewSession) -> Result<usize> {
    let kept: Vec<&KeyHash> = iter::once(new).chain(&session.by).collect();
    let excess: Vec<KeyHash> = sessions::table
        .filter(sessions::user_id.eq(session.user_id))
        .filter(sessions::key_hash.ne_all(kept.iter().copied()))
        .order((sessions::seen_at.desc(), sessions::created_at.desc()))
        .offset((session.max_sessions - kept.len() as i64).max(0))
        .limit(MAX_EVICTED)
        .select(sessions::key_hash)
        .load(conn)?;
    if !excess.is_empty() {
        diesel::delete(sessions::table.filter(sessions::key_hash.eq_any(&excess))).run(conn)?;
        change_notice::record(conn, [ChangeNotice::Sessions(session.user_id)])?;
    }
    Ok(excess.len())
}

/// Returns the session with this key if it has not expired and its user is active.
pub fn find_active(conn: &mut DbConn, key_hash: &KeyHash) -> Result<Option<ActiveSession>> {
    let active = sessions::table
        .find(key_hash)
        .inner_join(users::table)
        .filter(sessions::expires_at.gt(now()))
        .filter(users::status.eq(Status::Active));
    let active = on_each!(conn, conn => active
        .select(ActiveSession::as_select())
        .get_result(conn));
    Ok(active.optional()?)
}

/// Returns whether the session's user signed in with GitHub within the last ten minutes.
///
/// # Errors
/// `NotFound` when the session has ended.
pub fn is_confirmed_by_github(conn: &mut DbConn, key_hash: &KeyHash) -> Result<bool> {
    let session = sessions::table.find(key_hash);
    let at: Option<NaiveDateTime> = session.select(sessions::github_at).get_result(conn)?;
    Ok(at.is_some_and(|at| now() - at < GITHUB_CONFIRMATION_LIFETIME))
}

/// Records that the session's user signed in with GitHub now.
pub fn confirm_by_github(conn: &mut DbConn, key_hash: &KeyHash) -> Result<()> {
    diesel::update(sessions::table.find(key_hash))
        .set(sessions::github_at.eq(now()))
        .run(conn)
}

/// Extends a session by its lifetime. Does nothing when the session has ended.
pub fn touch(conn: &mut DbConn, key_hash: &KeyHash, lifetime: TimeDelta) -> Result<()> {
    diesel::update(sessions::table.find(key_hash))
        .set((
            sessions::seen_at.eq(now()),
            sessions::expires_at.eq(now() + lifetime),
        ))
        .run(conn)
}

/// Records that a token is used, without extending it.
pub fn record_use(conn: &mut DbConn, key_hash: &KeyHash) -> Result<()> {
    diesel::update(sessions::table.find(key_hash))
        .set(sessions::seen_at.eq(now()))
        .run(conn)
}

/// Ends a session.
pub fn end(conn: &mut DbConn, key_hash: &KeyHash) -> Result<()> {
    installation::lock(conn)?;
    let session = sessions::table.find(key_hash);
    let user_id = session.select(sessions::user_id).get_result(conn);
    let user_id: Option<i64> = user_id.optional()?;
    diesel::delete(session).run(conn)?;
    change_notice::record(conn, user_id.map(ChangeNotice::Sessions))
}

/// Ends all sessions of a user, or all but one; returns their number. Sign-ins that were authenticated before, but have
/// not created their session yet, fail.
pub fn end_all(conn: &mut DbConn, user_id: i64, except: Option<&KeyHash>) -> Result<usize> {
    installation::lock(conn)?;
    diesel::update(users::table.find(user_id))
        .set(users::session_epoch.eq(users::session_epoch + 1))
        .run(conn)?;
    let others = sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::key_hash.ne(except.map_or("", KeyHash::as_str)));
    let ended = diesel::delete(others).execute(conn)?;
    change_notice::record(conn, [ChangeNotice::Sessions(user_id)])?;
    Ok(ended)
}

/// Returns the given sessions that have not expired and whose users are active.
pub(in crate::models) fn active_among<'a>(
    conn: &mut DbConn,
    key_hashes: impl Iterator<Item = &'a str>,
) -> Result<HashSet<String>> {
    let active: Vec<String> = sessions::table
        .inner_join(users::table)
        .filter(sessions::key_hash.eq_any(key_hashes))
        .filter(sessions::expires_at.gt(now()))
        .filter(users::status.eq(Status::Active))
        .select(sessions::key_hash)
        .load(conn)?;
    Ok(active.into_iter().collect())
}

/// Deletes expired sessions; returns their number.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    Ok(diesel::delete(sessions::table.filter(sessions::expires_at.le(now()))).execute(conn)?)
}
