//! Verification of phone numbers by SMS codes. A code is valid only in the browser that requested it.

use std::fmt;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use rand::RngExt;

use super::session::KeyHash;
use crate::error::Result;
use crate::models::database::connection::{DbConn, insert_or_update};
use crate::models::now;
use crate::models::schema::verifications;
use crate::models::statement::Statement;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::HmacKey;
use crate::models::values::text_column::text_column;
use crate::protocol::text_enum;

/// Lifetime of a code.
pub const VALID_MINUTES: i64 = 10;
/// Maximum number of attempts per code.
const MAX_ATTEMPTS: i32 = 5;
/// Signature purpose of codes; see [`HmacKey::sign`].
const SIGNATURE_PURPOSE: &str = "code";

text_enum! {
    /// The action that a code confirms.
    pub enum VerificationPurpose {
        /// Registration of a new user.
        Registration = "registration",
        /// Password reset.
        PasswordReset = "password",
        /// Change of a user's phone number.
        PhoneChange = "phone",
    }
}

text_column!(VerificationPurpose);

/// A code of six digits. `Debug` hides it.
pub struct VerificationCode(String);

impl VerificationCode {
    /// Creates a random code.
    pub fn random() -> Self {
        Self(format!("{:06}", rand::rng().random_range(0..1_000_000)))
    }

    /// Returns the digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hash to store, which binds the code to the browser.
    pub fn hash(&self, hmac_key: &HmacKey, browser: &KeyHash) -> String {
        hmac_key.sign(SIGNATURE_PURPOSE, &signed_text(browser, &self.0))
    }
}

fn signed_text(browser: &KeyHash, code: &str) -> String {
    format!("{} {code}", browser.as_str())
}

impl fmt::Debug for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationCode([secret])")
    }
}

/// A pending verification, and the data of the action to perform after it.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = verifications)]
pub struct Verification {
    /// Hash of the key in the browser's cookie.
    pub browser_hash: KeyHash,
    /// The action that the code confirms.
    pub purpose: VerificationPurpose,
    /// The number to verify.
    pub phone: PhoneNumber,
    /// See [`VerificationCode::hash`]; when no code was sent, a hash that matches no code.
    pub code_hash: String,
    /// Number of attempts so far.
    pub tries: i32,
    /// The user whose password or number changes.
    pub user_id: Option<i64>,
    /// Username of the user who registers.
    pub username: Option<String>,
    /// Password hash of the user who registers.
    pub password_hash: Option<String>,
    /// Token of the invite to register with.
    pub invite: Option<String>,
    /// Whether registration as the installation's first user is allowed.
    pub may_be_first: bool,
    /// When the code expires.
    pub expires_at: NaiveDateTime,
}

impl Verification {
    /// Creates a verification without code and data of the action.
    pub fn new(browser: KeyHash, purpose: VerificationPurpose, phone: PhoneNumber) -> Self {
        Self {
            browser_hash: browser,
            purpose,
            phone,
            code_hash: String::new(),
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

/// Returns when a code that is sent now expires.
pub fn expiry() -> NaiveDateTime {
    now() + TimeDelta::minutes(VALID_MINUTES)
}

/// The result of checking a code.
pub enum CodeCheck {
    /// The code is correct; it can be used only once.
    Correct(Box<Verification>),
    /// The code is wrong; with the number of attempts left.
    Incorrect(i32, Box<Verification>),
    /// The code has expired, or no attempts are left.
    Expired,
    /// The browser has no pending verification.
    NotPending,
}

/// Stores a verification, replacing the browser's earlier one.
pub fn save(conn: &mut DbConn, verification: &Verification) -> Result<()> {
    insert_or_update!(conn, verifications::table, verification)
}

/// Returns the browser's verification, even if it has expired.
pub fn find(conn: &mut DbConn, browser: &KeyHash) -> Result<Option<Verification>> {
    let row = verifications::table.find(browser);
    Ok(row.get_result(conn).optional()?)
}

/// Checks a code. The attempt is counted first, so that concurrent guesses cannot exceed the limit.
pub fn check(
    conn: &mut DbConn,
    hmac_key: &HmacKey,
    browser: &KeyHash,
    code: &str,
) -> Result<CodeCheck> {
    let row = verifications::table.find(browser);
    let open = row
        .filter(verifications::tries.lt(MAX_ATTEMPTS))
        .filter(verifications::expires_at.gt(now()));
    let counted = diesel::update(open)
        .set(verifications::tries.eq(verifications::tries + 1))
        .execute(conn)?;
    let Some(verification) = find(conn, browser)? else {
        return Ok(CodeCheck::NotPending);
    };
    if counted == 0 {
        return Ok(CodeCheck::Expired);
    }
    let signed = signed_text(browser, code);
    if hmac_key.verify(SIGNATURE_PURPOSE, &signed, &verification.code_hash) {
        diesel::delete(row).run(conn)?;
        return Ok(CodeCheck::Correct(Box::new(verification)));
    }
    let left = MAX_ATTEMPTS - verification.tries;
    Ok(CodeCheck::Incorrect(left, Box::new(verification)))
}

/// Deletes verifications that expired an hour ago, until when their pages say so; returns their number.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    let old = verifications::expires_at.lt(now() - TimeDelta::hours(1));
    Ok(diesel::delete(verifications::table.filter(old)).execute(conn)?)
}
