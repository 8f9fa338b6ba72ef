//! Sign-in of another device by link: a session creates a pairing, a browser that opens its link requests access, and
//! the session allows or refuses it. Each pairing signs in at most one browser.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use rand::RngExt;

use super::security_event::ClientInfo;
use super::session::{self, KeyHash};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, insert_or_update};
use crate::models::schema::pairings;
use crate::models::statement::Statement;
use crate::models::user::User;
use crate::models::values::signing::HmacKey;
use crate::models::values::text_column::text_column;
use crate::models::{installation, now};
use crate::protocol::text_enum;

/// Lifetime of a pairing, until the new session is created.
pub const VALID_MINUTES: i64 = 4;
/// Hexadecimal digits of an id: 128 bits.
const ID_CHARS: usize = 32;
/// Hexadecimal digits of a token: 128 bits.
const TOKEN_CHARS: usize = 32;
/// Signature purpose of tokens; see [`HmacKey::sign`].
const PURPOSE: &str = "pairing";

text_enum! {
    /// The state of a pairing.
    pub enum PairingState {
        /// No browser has requested access yet.
        Open = "open",
        /// A browser waits for a decision.
        Requested = "asked",
        /// The browser may sign in.
        Allowed = "allowed",
        /// The browser may not sign in.
        Refused = "refused",
        /// The browser has signed in.
        Used = "used",
        /// Expired. Derived from `expires_at`, never stored.
        Expired = "over",
    }
}

text_column!(PairingState);

/// A pairing, and the browser that requested access.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = pairings)]
pub struct Pairing {
    /// Key hash of the session that created the pairing.
    session_hash: KeyHash,
    /// Public id, from which only this installation can derive the token.
    pub id: String,
    /// Hash of the token in the link.
    token_hash: KeyHash,
    /// The stored state; see [`Pairing::state`].
    state: PairingState,
    /// Key hash of the browser that requested access.
    browser_hash: Option<KeyHash>,
    /// Two digits that both devices show for comparison; empty until access is requested.
    pub code: String,
    /// The browser's `User-Agent`.
    pub user_agent: String,
    /// The browser's IP address.
    pub ip: String,
    /// When the pairing expires.
    expires_at: NaiveDateTime,
}

impl Pairing {
    /// Returns the state at this time.
    pub fn state(&self) -> PairingState {
        match self.state {
            PairingState::Refused | PairingState::Used => self.state,
            _ if self.expires_at <= now() => PairingState::Expired,
            state => state,
        }
    }

    /// Returns the state as the link's page shows it: a used pairing is expired, and so is a pairing that another browser
    /// requested.
    pub fn state_for(&self, browser: Option<&KeyHash>) -> PairingState {
        let is_requester = self.browser_hash.as_ref() == browser;
        match self.state() {
            PairingState::Used => PairingState::Expired,
            state if is_requester || state == PairingState::Open => state,
            _ => PairingState::Expired,
        }
    }

    /// Returns the token in the link.
    pub fn token(&self, hmac_key: &HmacKey) -> String {
        token(hmac_key, &self.id)
    }
}

fn token(hmac_key: &HmacKey, id: &str) -> String {
    hmac_key.sign(PURPOSE, id)[..TOKEN_CHARS].to_owned()
}

/// Creates a pairing for a session, replacing its earlier one.
pub fn create(conn: &mut DbConn, hmac_key: &HmacKey, by: &KeyHash) -> Result<()> {
    let id = session::new_key().0[..ID_CHARS].to_owned();
    let pairing = Pairing {
        session_hash: by.clone(),
        token_hash: KeyHash::of(&token(hmac_key, &id)),
        id,
        state: PairingState::Open,
        browser_hash: None,
        code: String::new(),
        user_agent: String::new(),
        ip: String::new(),
        expires_at: now() + TimeDelta::minutes(VALID_MINUTES),
    };
    insert_or_update!(conn, pairings::table, pairing)
}

/// Returns the pairing that a session created.
///
/// # Errors
/// `NotFound` when there is none.
pub fn find_by_session(conn: &mut DbConn, by: &KeyHash) -> Result<Pairing> {
    Ok(pairings::table.find(by).get_result(conn)?)
}

/// Returns the pairing with this token, and its user.
///
/// # Errors
/// `NotFound` when there is none, or the session that created it has ended.
pub fn find(conn: &mut DbConn, token: &str) -> Result<(Pairing, User)> {
    let pairing: Pairing = pairings::table
        .filter(pairings::token_hash.eq(KeyHash::of(token)))
        .get_result(conn)?;
    let session = session::find_active(conn, &pairing.session_hash)?.ok_or(Error::NotFound)?;
    Ok((pairing, session.user))
}

/// Requests access for a browser, and returns the pairing's user; `None` when the same browser requested it before.
///
/// # Errors
/// `NotFound` when another browser requested it before, the pairing has expired, or as for [`find`].
pub fn request(
    conn: &mut DbConn,
    token: &str,
    browser: &KeyHash,
    client: &ClientInfo,
) -> Result<Option<User>> {
    let (pairing, user) = find(conn, token)?;
    let open = pairings::table
        .filter(pairings::token_hash.eq(&pairing.token_hash))
        .filter(pairings::state.eq(PairingState::Open))
        .filter(pairings::expires_at.gt(now()));
    let updated = diesel::update(open)
        .set((
            pairings::state.eq(PairingState::Requested),
            pairings::browser_hash.eq(browser),
            pairings::code.eq(rand::rng().random_range(10..100).to_string()),
            pairings::user_agent.eq(client.truncated_user_agent()),
            pairings::ip.eq(&client.ip),
        ))
        .execute(conn)?;
    if updated == 1 {
        return Ok(Some(user));
    }
    let (pairing, _) = find(conn, token)?;
    match pairing.state_for(Some(browser)) {
        PairingState::Open | PairingState::Expired => Err(Error::NotFound),
        _ => Ok(None),
    }
}

/// Allows or refuses the request, as the session that created the pairing.
///
/// # Errors
/// `NotFound` when there is no undecided request.
pub fn decide(conn: &mut DbConn, by: &KeyHash, id: &str, is_allowed: bool) -> Result<()> {
    let requested = pairings::table
        .find(by)
        .filter(pairings::id.eq(id))
        .filter(pairings::state.eq(PairingState::Requested))
        .filter(pairings::expires_at.gt(now()));
    let state = match is_allowed {
        true => PairingState::Allowed,
        false => PairingState::Refused,
    };
    diesel::update(requested)
        .set(pairings::state.eq(state))
        .run_on_row(conn)
}

/// Marks an allowed pairing as used. Returns the user to sign in, and the session that allowed it.
///
/// # Errors
/// `NotFound` when this browser was not allowed, or the pairing was used or has expired.
pub fn redeem(conn: &mut DbConn, token: &str, browser: &KeyHash) -> Result<(User, KeyHash)> {
    // Serializes with functions that end the allowing session.
    installation::lock(conn)?;
    let (pairing, user) = find(conn, token)?;
    let allowed = pairings::table
        .filter(pairings::token_hash.eq(&pairing.token_hash))
        .filter(pairings::browser_hash.eq(browser))
        .filter(pairings::state.eq(PairingState::Allowed))
        .filter(pairings::expires_at.gt(now()));
    diesel::update(allowed)
        .set(pairings::state.eq(PairingState::Used))
        .run_on_row(conn)?;
    Ok((user, pairing.session_hash))
}

/// Deletes a session's pairing.
///
/// # Errors
/// `NotFound` when it has none with this id.
pub fn cancel(conn: &mut DbConn, by: &KeyHash, id: &str) -> Result<()> {
    let own = pairings::table.find(by).filter(pairings::id.eq(id));
    diesel::delete(own).run_on_row(conn)
}

/// Deletes pairings that expired an hour ago, until when their pages say so; returns their number.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    let old = pairings::expires_at.lt(now() - TimeDelta::hours(1));
    Ok(diesel::delete(pairings::table.filter(old)).execute(conn)?)
}
