//! Signed-in browsers. A session is a row; without the row the cookie is worth nothing.

use std::collections::HashSet;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use rand::RngExt;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{sessions, users};
use crate::models::user::preferences::Preferences;
use crate::models::user::{ACTIVE, User};
use crate::models::{change_notice, installation, now};
use crate::realtime::change_poller::ChangeNotice;

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// `seen_at` is this exact.
const SEEN_PRECISION: TimeDelta = TimeDelta::hours(1);
/// Of a person who has too many sessions, so many end at most with each new one.
const SURPLUS: i64 = 500;
/// What GitHub said stands so long for the password of somebody who has none.
const CONFIRMED: TimeDelta = TimeDelta::minutes(10);

/// The SHA-256 of a session's key, in hexadecimal. The key itself is only in the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHash(String);

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads a hash that was made here.
    pub fn from_stored(hash: String) -> Self {
        Self(hash)
    }

    /// 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What carries a session's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A browser's cookie.
    Cookie,
    /// A program's token.
    Token,
}

/// A new key, and the hash of it that is kept.
pub fn new_key() -> (String, KeyHash) {
    let mut bytes = [0_u8; KEY_BYTES];
    rand::rng().fill(&mut bytes);
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = KeyHash::of(&key);
    (key, hash)
}

/// Whether this has the form of a key of [`new_key`].
pub fn is_key(text: &str) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 2 * KEY_BYTES && text.bytes().all(is_digit)
}

/// A session that is made at sign-in.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// What carries it.
    pub kind: Kind,
    /// Whose.
    pub user_id: i64,
    /// [`User::session_epoch`] as it was when it became clear who they are.
    pub epoch: i64,
    /// The session by which it is asked for, if any, which must still be alive.
    pub by: Option<KeyHash>,
    /// What the browser calls itself, cut to 255 characters.
    pub user_agent: String,
    /// Where it came from.
    pub ip: String,
    /// How long it lives without a visit.
    pub lifetime: TimeDelta,
    /// Whether GitHub said so just now.
    pub by_github: bool,
    /// How many sessions the person may have, this one included.
    pub most: i64,
}

/// A session that was stored.
#[derive(Debug, Clone, Copy)]
pub struct Created {
    /// When it ends.
    pub expires_at: NaiveDateTime,
    /// How many others ended because of it. Their sockets are still open.
    pub ended: usize,
}

#[derive(Insertable)]
#[diesel(table_name = sessions)]
struct Row<'a> {
    key_hash: &'a str,
    user_id: i64,
    kind: &'static str,
    user_agent: String,
    ip: &'a str,
    created_at: NaiveDateTime,
    seen_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    github_at: Option<NaiveDateTime>,
}

/// A session that is alive, and its person.
#[derive(Debug, Clone)]
pub struct Live {
    /// Who.
    pub user: User,
    /// How they like the pages.
    pub preferences: Preferences,
    /// Whether `seen_at` should be brought up to date.
    pub is_stale: bool,
}

/// Stores a new session. Past [`NewSession::most`] the least recently used ones end. Runs in a transaction that writes.
///
/// # Errors
/// `Unauthorized` when what let the person in is over meanwhile: they were banned, or all their sessions were ended.
pub fn create(conn: &mut DbConn, key_hash: &KeyHash, session: &NewSession) -> Result<Created> {
    // Whoever ends sessions is done, or waits for this one.
    installation::take_turn(conn)?;
    let epoch: Option<i64> = users::table
        .find(session.user_id)
        .filter(users::status.eq(ACTIVE))
        .select(users::session_epoch)
        .get_result(conn)
        .optional()?;
    if epoch != Some(session.epoch) {
        return Err(Error::Unauthorized);
    }
    if let Some(by) = &session.by {
        find_live(conn, by)?.ok_or(Error::Unauthorized)?;
    }
    let now = now();
    let expires_at = now + session.lifetime;
    diesel::insert_into(sessions::table)
        .values(Row {
            key_hash: key_hash.as_str(),
            user_id: session.user_id,
            kind: match session.kind {
                Kind::Cookie => "cookie",
                Kind::Token => "token",
            },
            user_agent: session.user_agent.chars().take(255).collect(),
            ip: &session.ip,
            created_at: now,
            seen_at: now,
            expires_at,
            github_at: session.by_github.then_some(now),
        })
        .execute(conn)?;
    let ended = end_least_recent(conn, key_hash, session)?;
    Ok(Created { expires_at, ended })
}

/// Ends the least recently used sessions of a person who has too many, but neither the new one nor the one that asked for
/// it; answers how many.
fn end_least_recent(conn: &mut DbConn, new: &KeyHash, session: &NewSession) -> Result<usize> {
    let by = session.by.as_ref().map_or("", KeyHash::as_str);
    let kept = if by.is_empty() { 1 } else { 2 };
    let surplus: Vec<String> = sessions::table
        .filter(sessions::user_id.eq(session.user_id))
        .filter(sessions::key_hash.ne_all([new.as_str(), by]))
        .order((sessions::seen_at.desc(), sessions::created_at.desc()))
        .offset((session.most - kept).max(0))
        .limit(SURPLUS)
        .select(sessions::key_hash)
        .load(conn)?;
    if surplus.is_empty() {
        return Ok(0);
    }
    let ended = diesel::delete(sessions::table.filter(sessions::key_hash.eq_any(surplus)));
    let ended = ended.execute(conn)?;
    change_notice::write(conn, [ChangeNotice::Sessions(session.user_id)])?;
    Ok(ended)
}

/// The session with this key, if it is alive and its person may be here.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn find_live(conn: &mut DbConn, key_hash: &KeyHash) -> Result<Option<Live>> {
    let now = now();
    let found: Option<(User, Preferences, NaiveDateTime)> = on_each!(conn, conn => sessions::table
        .find(key_hash.as_str())
        .inner_join(users::table)
        .filter(sessions::expires_at.gt(now))
        .filter(users::status.eq(ACTIVE))
        .select((
            User::as_select(),
            Preferences::as_select(),
            sessions::seen_at,
        ))
        .get_result(conn))
    .optional()?;
    Ok(found.map(|(user, preferences, seen_at)| Live {
        user,
        preferences,
        is_stale: now - seen_at > SEEN_PRECISION,
    }))
}

/// Whether GitHub has said lately whose session this is.
///
/// # Errors
/// `NotFound` when it is over.
pub fn is_confirmed(conn: &mut DbConn, key_hash: &KeyHash) -> Result<bool> {
    let session = sessions::table.find(key_hash.as_str());
    let at: Option<NaiveDateTime> = session.select(sessions::github_at).get_result(conn)?;
    Ok(at.is_some_and(|at| now() - at < CONFIRMED))
}

/// GitHub has said now whose session this is. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn confirm(conn: &mut DbConn, key_hash: &KeyHash) -> Result<()> {
    diesel::update(sessions::table.find(key_hash.as_str()))
        .set(sessions::github_at.eq(now()))
        .execute(conn)?;
    Ok(())
}

/// Prolongs a session. One that is gone stays gone.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn touch(conn: &mut DbConn, key_hash: &KeyHash, lifetime: TimeDelta) -> Result<()> {
    let now = now();
    diesel::update(sessions::table.find(key_hash.as_str()))
        .set((
            sessions::seen_at.eq(now),
            sessions::expires_at.eq(now + lifetime),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that a token is used, without prolonging it.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn see(conn: &mut DbConn, key_hash: &KeyHash) -> Result<()> {
    diesel::update(sessions::table.find(key_hash.as_str()))
        .set(sessions::seen_at.eq(now()))
        .execute(conn)?;
    Ok(())
}

/// Ends a session. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn end(conn: &mut DbConn, key_hash: &KeyHash) -> Result<()> {
    installation::take_turn(conn)?;
    let session = sessions::table.find(key_hash.as_str());
    let user_id: Option<i64> = session
        .select(sessions::user_id)
        .get_result(conn)
        .optional()?;
    diesel::delete(session).execute(conn)?;
    change_notice::write(conn, user_id.map(ChangeNotice::Sessions))
}

/// Ends all sessions of a person, or all but one; answers how many. Who is signing in by what was true before is not let
/// in any more. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn end_all(conn: &mut DbConn, user_id: i64, except: Option<&KeyHash>) -> Result<usize> {
    installation::take_turn(conn)?;
    diesel::update(users::table.find(user_id))
        .set(users::session_epoch.eq(users::session_epoch + 1))
        .execute(conn)?;
    let theirs = sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::key_hash.ne(except.map_or("", KeyHash::as_str)));
    let ended = diesel::delete(theirs).execute(conn)?;
    change_notice::write(conn, [ChangeNotice::Sessions(user_id)])?;
    Ok(ended)
}

/// Those of these sessions that have not ended, and whose people may be here.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub(in crate::models) fn alive<'a>(
    conn: &mut DbConn,
    key_hashes: impl Iterator<Item = &'a str>,
) -> Result<HashSet<String>> {
    let alive: Vec<String> = sessions::table
        .inner_join(users::table)
        .filter(sessions::key_hash.eq_any(key_hashes))
        .filter(sessions::expires_at.gt(now()))
        .filter(users::status.eq(ACTIVE))
        .select(sessions::key_hash)
        .load(conn)?;
    Ok(alive.into_iter().collect())
}

/// Forgets sessions that ended by themselves; answers how many.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    Ok(diesel::delete(sessions::table.filter(sessions::expires_at.le(now()))).execute(conn)?)
}
