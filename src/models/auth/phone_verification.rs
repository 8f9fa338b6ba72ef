//! Codes that are sent to a number, to see whether it is somebody's own. Each is bound to the browser that asked.

use std::fmt;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use rand::RngExt;

use super::session::KeyHash;
use crate::error::Result;
use crate::models::database::connection::{DbConn, insert_or_update};
use crate::models::now;
use crate::models::schema::verifications;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::Keyed;

/// A code is good for so long.
pub const MINUTES: i64 = 10;
/// So often it may be typed wrong.
pub const TRIES: i32 = 5;
/// What [`Keyed`] hashes codes for.
const PURPOSE: &str = "code";

/// Somebody wants an account.
pub const REGISTRATION: &str = "registration";
/// Somebody has forgotten their password.
pub const PASSWORD: &str = "password";
/// Somebody has another number.
pub const PHONE: &str = "phone";

/// Six digits. `Debug` hides them.
pub struct Code(String);

impl Code {
    /// One that nobody can guess.
    pub fn random() -> Self {
        Self(format!("{:06}", rand::rng().random_range(0..1_000_000)))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it: it is worth something in one browser only.
    ///
    /// # Errors
    /// `Internal` when it cannot be hashed.
    pub fn hash(&self, keyed: &Keyed, browser: &KeyHash) -> Result<String> {
        keyed.hash(PURPOSE, &format!("{} {}", browser.as_str(), self.0))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code([secret])")
    }
}

/// A code on its way, and what happens when it comes back.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = verifications)]
pub struct Verification {
    /// The hash of what the browser keeps.
    pub browser_hash: String,
    /// `registration`, `password` or `phone`.
    pub purpose: String,
    /// The number it goes to, as E.164.
    pub phone: String,
    /// See [`Code::hash`]; when no code was sent, a hash of nothing.
    pub code_hash: String,
    /// How often a code was typed.
    pub tries: i32,
    /// Whose number it is, or will be.
    pub user_id: Option<i64>,
    /// The name of somebody who registers.
    pub username: Option<String>,
    /// Their password's hash.
    pub password_hash: Option<String>,
    /// The invite that they came with.
    pub invite: Option<String>,
    /// Whether they may be the first one here.
    pub may_be_first: bool,
    /// When the code is worth nothing any more.
    pub expires_at: NaiveDateTime,
}

impl Verification {
    /// A code for a number; nobody knows yet what for.
    pub fn new(browser: &KeyHash, purpose: &str, phone: &PhoneNumber, code_hash: String) -> Self {
        Self {
            browser_hash: browser.as_str().to_owned(),
            purpose: purpose.to_owned(),
            phone: phone.as_str().to_owned(),
            code_hash,
            tries: 0,
            user_id: None,
            username: None,
            password_hash: None,
            invite: None,
            may_be_first: false,
            expires_at: expiry(),
        }
    }
}

/// When a code that is sent now is worth nothing any more.
pub fn expiry() -> NaiveDateTime {
    now() + TimeDelta::minutes(MINUTES)
}

/// What a typed code is worth.
pub enum Outcome {
    /// It is the one. It will not be again.
    Right(Box<Verification>),
    /// It is another one; so many tries are left.
    Wrong(i32, Box<Verification>),
    /// It was typed wrong too often, or too much time has passed.
    Over,
    /// This browser waits for no code.
    Nothing,
}

/// A code is on its way to this browser; one before it is worth nothing any more. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn begin(conn: &mut DbConn, verification: &Verification) -> Result<()> {
    insert_or_update!(conn, verifications::table, verification)
}

/// What this browser waits for, also when it is too late.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn find(conn: &mut DbConn, browser: &KeyHash) -> Result<Option<Verification>> {
    let row = verifications::table.find(browser.as_str());
    Ok(row.get_result(conn).optional()?)
}

/// Holds a typed code against the one that was sent. A try counts before it is known what it is worth. Runs in a
/// transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn check(conn: &mut DbConn, keyed: &Keyed, browser: &KeyHash, typed: &str) -> Result<Outcome> {
    let row = verifications::table.find(browser.as_str());
    let open = row
        .filter(verifications::tries.lt(TRIES))
        .filter(verifications::expires_at.gt(now()));
    let counted = diesel::update(open)
        .set(verifications::tries.eq(verifications::tries + 1))
        .execute(conn)?;
    let Some(verification) = find(conn, browser)? else {
        return Ok(Outcome::Nothing);
    };
    if counted == 0 {
        return Ok(Outcome::Over);
    }
    let typed = format!("{} {typed}", browser.as_str());
    if keyed.made(PURPOSE, &typed, &verification.code_hash) {
        diesel::delete(row).execute(conn)?;
        return Ok(Outcome::Right(Box::new(verification)));
    }
    let left = TRIES - verification.tries;
    Ok(Outcome::Wrong(left, Box::new(verification)))
}

/// Forgets codes that are worth nothing since an hour; answers how many. Until then people are told so.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn) -> Result<usize> {
    let old = verifications::expires_at.lt(now() - TimeDelta::hours(1));
    Ok(diesel::delete(verifications::table.filter(old)).execute(conn)?)
}
