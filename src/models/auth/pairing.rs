//! Bringing another device in: a session makes a link, a browser asks by it, and the session lets that browser in, once.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use rand::RngExt;

use super::security_event::Origin;
use super::session::{self, KeyHash};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, insert_or_update};
use crate::models::schema::pairings;
use crate::models::user::User;
use crate::models::values::signing::Keyed;
use crate::models::{installation, now};

/// A link is good for so long, from its making to the session that it leads to.
pub const MINUTES: i64 = 4;
/// Characters of the name of a link: 128 bits.
const ID_CHARS: usize = 32;
/// So many of its hash's digits a link shows: 128 bits.
const TOKEN_CHARS: usize = 32;
/// What [`Keyed`] hashes links for.
const PURPOSE: &str = "pairing";

/// Nobody has asked yet.
const OPEN: &str = "open";
/// A browser asked, and waits.
const ASKED: &str = "asked";
/// It may come in.
const ALLOWED: &str = "allowed";
/// It may not.
const REFUSED: &str = "refused";
/// It is in.
const USED: &str = "used";
/// Too much time has passed: said of a link, never kept.
const OVER: &str = "over";

/// A link, and who has asked by it.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = pairings)]
pub struct Pairing {
    /// The session that made it.
    session_hash: String,
    /// Names it on pages. The link is made of it with the installation's secret.
    pub id: String,
    /// The hash of what the link ends with.
    token_hash: String,
    /// See [`Pairing::state`].
    state: String,
    /// The hash of the browser that asked.
    browser_hash: Option<String>,
    /// Two digits that both devices show, once one has asked.
    pub code: String,
    /// What the browser that asked calls itself.
    pub user_agent: String,
    /// Where it asked from.
    pub ip: String,
    /// When it is worth nothing any more.
    expires_at: NaiveDateTime,
}

impl Pairing {
    /// What becomes of it: `open`, `asked`, `allowed`, `refused`, `used`, or `over`.
    pub fn state(&self) -> &'static str {
        match self.state.as_str() {
            REFUSED => REFUSED,
            USED => USED,
            _ if self.expires_at <= now() => OVER,
            ASKED => ASKED,
            ALLOWED => ALLOWED,
            _ => OPEN,
        }
    }

    /// The same, for whoever has opened the link: to another browser than the one that asked it is over, and so it is once
    /// it was used.
    pub fn state_for(&self, browser: Option<&KeyHash>) -> &'static str {
        let is_theirs = self.browser_hash.as_deref() == browser.map(KeyHash::as_str);
        match self.state() {
            OPEN => OPEN,
            USED | OVER => OVER,
            state if is_theirs => state,
            _ => OVER,
        }
    }

    /// What its link ends with.
    ///
    /// # Errors
    /// `Internal` when it cannot be hashed.
    pub fn token(&self, keyed: &Keyed) -> Result<String> {
        token(keyed, &self.id)
    }
}

fn token(keyed: &Keyed, id: &str) -> Result<String> {
    let hash = keyed.hash(PURPOSE, id)?;
    Ok(hash[..TOKEN_CHARS].to_owned())
}

/// A session makes a link; the one that it made before is worth nothing any more. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn begin(conn: &mut DbConn, keyed: &Keyed, by: &KeyHash) -> Result<()> {
    let id = session::new_key().0[..ID_CHARS].to_owned();
    let pairing = Pairing {
        session_hash: by.as_str().to_owned(),
        token_hash: KeyHash::of(&token(keyed, &id)?).as_str().to_owned(),
        id,
        state: OPEN.to_owned(),
        browser_hash: None,
        code: String::new(),
        user_agent: String::new(),
        ip: String::new(),
        expires_at: now() + TimeDelta::minutes(MINUTES),
    };
    insert_or_update!(conn, pairings::table, pairing)
}

/// The link that a session has made.
///
/// # Errors
/// `NotFound` when there is none.
pub fn of_session(conn: &mut DbConn, by: &KeyHash) -> Result<Pairing> {
    Ok(pairings::table.find(by.as_str()).get_result(conn)?)
}

/// The link that ends with this, and whom it lets in.
///
/// # Errors
/// `NotFound` when there is none, or the session that made it has ended.
pub fn find(conn: &mut DbConn, token: &str) -> Result<(Pairing, User)> {
    let hash = KeyHash::of(token);
    let named = pairings::table.filter(pairings::token_hash.eq(hash.as_str()));
    let pairing: Pairing = named.get_result(conn)?;
    let by = KeyHash::from_stored(pairing.session_hash.clone());
    let live = session::find_live(conn, &by)?.ok_or(Error::NotFound)?;
    Ok((pairing, live.user))
}

/// A browser asks to be let in, the first one that does; asking again changes nothing. Answers whose link it is, unless
/// the browser had asked before. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when another one has asked, too much time has passed, or as for [`find`].
pub fn ask(
    conn: &mut DbConn,
    token: &str,
    browser: &KeyHash,
    origin: &Origin,
) -> Result<Option<User>> {
    let (pairing, user) = find(conn, token)?;
    let agent: String = origin.user_agent.chars().take(255).collect();
    let open = pairings::table
        .filter(pairings::token_hash.eq(&pairing.token_hash))
        .filter(pairings::state.eq(OPEN))
        .filter(pairings::expires_at.gt(now()));
    let asked = diesel::update(open)
        .set((
            pairings::state.eq(ASKED),
            pairings::browser_hash.eq(browser.as_str()),
            pairings::code.eq(rand::rng().random_range(10..100).to_string()),
            pairings::user_agent.eq(agent),
            pairings::ip.eq(&origin.ip),
        ))
        .execute(conn)?;
    if asked == 1 {
        return Ok(Some(user));
    }
    let (pairing, _) = find(conn, token)?;
    match pairing.state_for(Some(browser)) {
        OPEN | OVER => Err(Error::NotFound),
        _ => Ok(None),
    }
}

/// The session that made the link lets in who has asked, or does not. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when nobody waits for that, or it was decided.
pub fn decide(conn: &mut DbConn, by: &KeyHash, id: &str, is_welcome: bool) -> Result<()> {
    let asked = pairings::table
        .find(by.as_str())
        .filter(pairings::id.eq(id))
        .filter(pairings::state.eq(ASKED))
        .filter(pairings::expires_at.gt(now()));
    let state = if is_welcome { ALLOWED } else { REFUSED };
    let decided = diesel::update(asked)
        .set(pairings::state.eq(state))
        .execute(conn)?;
    if decided == 0 {
        Err(Error::NotFound)
    } else {
        Ok(())
    }
}

/// The browser that asked comes in, once. Answers who it is, and the session that let it in. Runs in a transaction that
/// writes.
///
/// # Errors
/// `NotFound` when it was not allowed, or not any more.
pub fn use_up(conn: &mut DbConn, token: &str, browser: &KeyHash) -> Result<(User, KeyHash)> {
    // Whoever ends the first session is done, or waits for this.
    installation::lock(conn)?;
    let (pairing, user) = find(conn, token)?;
    let allowed = pairings::table
        .filter(pairings::token_hash.eq(&pairing.token_hash))
        .filter(pairings::browser_hash.eq(browser.as_str()))
        .filter(pairings::state.eq(ALLOWED))
        .filter(pairings::expires_at.gt(now()));
    let used = diesel::update(allowed)
        .set(pairings::state.eq(USED))
        .execute(conn)?;
    if used == 0 {
        return Err(Error::NotFound);
    }
    Ok((user, KeyHash::from_stored(pairing.session_hash)))
}

/// The session takes its link back. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when there is none of this name.
pub fn withdraw(conn: &mut DbConn, by: &KeyHash, id: &str) -> Result<()> {
    let own = pairings::table.find(by.as_str());
    let taken = diesel::delete(own.filter(pairings::id.eq(id))).execute(conn)?;
    if taken == 0 {
        Err(Error::NotFound)
    } else {
        Ok(())
    }
}

/// Forgets links that are worth nothing since an hour; answers how many. Until then people are told so.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn) -> Result<usize> {
    let old = pairings::expires_at.lt(now() - TimeDelta::hours(1));
    Ok(diesel::delete(pairings::table.filter(old)).execute(conn)?)
}
