//! Invite links, with which people can register while open registration is disabled.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::dsl::{auto_type, exists, select};
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::now;
use crate::models::schema::{invites, users};
use crate::models::statement::Statement;
use crate::models::user::User;
use crate::models::values::signing::{HmacKey, constant_time_eq};
use crate::models::values::user_status::Status;

/// Maximum number of registrations with one invite.
pub const MAX_USES: i32 = 1000;
/// Maximum lifetime of an invite in days.
pub const MAX_DAYS: i64 = 90;
/// Hexadecimal digits of the signature in a token: 128 bits.
const SIGNATURE_CHARS: usize = 32;
/// Signature purpose of tokens; see [`HmacKey::sign`].
const PURPOSE: &str = "invite";

/// Who may create invites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvitePolicy {
    /// Every user.
    Members,
    /// Admins only.
    Admins,
}

impl InvitePolicy {
    /// Returns whether the user may create invites.
    pub fn allows(self, user: &User) -> bool {
        self == Self::Members || user.is_admin()
    }
}

/// An invite.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invites)]
pub struct Invite {
    /// Primary key.
    pub id: i64,
    /// Number of registrations so far.
    pub uses: i32,
    /// Maximum number of registrations.
    pub max_uses: i32,
    /// When the invite expires.
    pub expires_at: NaiveDateTime,
}

/// Returns the token in an invite's link: the id and a signature.
pub fn token(hmac_key: &HmacKey, id: i64) -> String {
    let signature = hmac_key.sign(PURPOSE, &id.to_string());
    format!("{id}-{}", &signature[..SIGNATURE_CHARS])
}

/// Returns the id of the invite if the token's signature is valid.
pub fn verify_token(hmac_key: &HmacKey, text: &str) -> Option<i64> {
    let (id, _) = text.trim().split_once('-')?;
    let id: i64 = id.parse().ok()?;
    constant_time_eq(&token(hmac_key, id), text.trim()).then_some(id)
}

/// Creates an invite.
///
/// # Errors
/// `Invalid` for `uses` and `days` when they are out of range.
pub fn create(conn: &mut DbConn, user_id: i64, uses: i32, days: i64) -> Result<()> {
    let mut errors = Vec::new();
    if !(1..=MAX_USES).contains(&uses) {
        errors.push(("uses", "error-invite-uses".into()));
    }
    if !(1..=MAX_DAYS).contains(&days) {
        errors.push(("days", "error-invite-days".into()));
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let now = now();
    diesel::insert_into(invites::table)
        .values((
            invites::user_id.eq(user_id),
            invites::uses.eq(0),
            invites::max_uses.eq(uses),
            invites::created_at.eq(now),
            invites::expires_at.eq(now + TimeDelta::days(days)),
        ))
        .run(conn)
}

/// The condition that an invite can still be used.
#[auto_type]
fn is_open() -> _ {
    let now: NaiveDateTime = now();
    let is_left = invites::uses.lt(invites::max_uses);
    (invites::revoked_at.is_null())
        .and(invites::expires_at.gt(now))
        .and(is_left)
}

/// Returns the user's invites that can still be used, or everyone's for an admin, each with its creator's username; newest
/// first, at most 100.
pub fn list_for(conn: &mut DbConn, user: &User) -> Result<Vec<(Invite, String)>> {
    let mut open = invites::table
        .inner_join(users::table)
        .filter(is_open())
        .order(invites::id.desc())
        .limit(100)
        .select((Invite::as_select(), users::username))
        .into_boxed();
    if !user.is_admin() {
        open = open.filter(invites::user_id.eq(user.id));
    }
    Ok(open.load(conn)?)
}

/// Revokes an invite.
///
/// # Errors
/// `NotFound` when there is none with this id, or the user is neither its creator nor an admin.
pub fn revoke(conn: &mut DbConn, user: &User, id: i64) -> Result<()> {
    let invite = invites::table.find(id);
    let creator: i64 = invite.select(invites::user_id).get_result(conn)?;
    if creator != user.id && !user.is_admin() {
        return Err(Error::NotFound);
    }
    diesel::update(invite)
        .set(invites::revoked_at.eq(now()))
        .run(conn)
}

/// Returns whether an invite can still be used: it is neither revoked, expired nor used up, and its creator is active.
pub fn is_valid(conn: &mut DbConn, id: i64) -> Result<bool> {
    let invite = invites::table
        .inner_join(users::table)
        .filter(invites::id.eq(id).and(is_open()))
        .filter(users::status.eq(Status::Active));
    Ok(select(exists(invite)).get_result(conn)?)
}

/// Counts a registration with an invite. Checking and counting are atomic, so concurrent registrations cannot exceed the
/// limit.
///
/// # Errors
/// `Invalid` for `invite` when it is missing or can no longer be used.
pub(in crate::models) fn redeem(conn: &mut DbConn, id: Option<i64>) -> Result<()> {
    let rejected = || Error::field("invite", "error-invite");
    let id = id.ok_or_else(rejected)?;
    if !is_valid(conn, id)? {
        return Err(rejected());
    }
    let open = invites::table.find(id).filter(is_open());
    let counted = diesel::update(open)
        .set(invites::uses.eq(invites::uses + 1))
        .execute(conn)?;
    if counted == 0 {
        Err(rejected())
    } else {
        Ok(())
    }
}
