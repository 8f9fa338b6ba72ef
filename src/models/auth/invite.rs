//! Links by which people may register, where not everybody may.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::now;
use crate::models::schema::{invites, users};
use crate::models::user::User;
use crate::models::values::signing::Keyed;
use crate::models::values::user_status::Status;

/// The most people that one link lets in.
pub const MAX_USES: i32 = 1000;
/// The most days that a link is good for.
pub const MAX_DAYS: i64 = 90;
/// So many of its hash's digits a link shows: 128 bits.
const PROOF_CHARS: usize = 32;
/// What [`Keyed`] hashes links for.
const PURPOSE: &str = "invite";

/// Who may make such links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makers {
    /// Everybody who is here.
    Members,
    /// Admins alone.
    Admins,
}

impl Makers {
    /// Whether this person is one of them.
    pub fn include(self, user: &User) -> bool {
        self == Self::Members || user.is_admin()
    }
}

/// A link, and how often it was used.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invites)]
pub struct Invite {
    /// Primary key.
    pub id: i64,
    /// How many have come by it.
    pub uses: i32,
    /// How many may.
    pub max_uses: i32,
    /// When it ends.
    pub expires_at: NaiveDateTime,
}

/// What the end of a link says: which one it is, and the proof that it was made here.
pub fn token(keyed: &Keyed, id: i64) -> Result<String> {
    let hash = keyed.hash(PURPOSE, &id.to_string())?;
    Ok(format!("{id}-{}", &hash[..PROOF_CHARS]))
}

/// Which invite a link names; none when it was not made here.
pub fn id_of(keyed: &Keyed, typed: &str) -> Option<i64> {
    let (id, _) = typed.trim().split_once('-')?;
    let id: i64 = id.parse().ok()?;
    let right = token(keyed, id).ok()?;
    crate::models::values::signing::is_same(&right, typed.trim()).then_some(id)
}

/// Makes a link. Runs in a transaction that writes.
///
/// # Errors
/// `Invalid` for `uses` and `days` when they are none or too many.
pub fn create(conn: &mut DbConn, user_id: i64, uses: i32, days: i64) -> Result<()> {
    let mut wrong = Vec::new();
    if !(1..=MAX_USES).contains(&uses) {
        wrong.push(("uses", "error-invite-uses".into()));
    }
    if !(1..=MAX_DAYS).contains(&days) {
        wrong.push(("days", "error-invite-days".into()));
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let now = now();
    let row = (
        invites::user_id.eq(user_id),
        invites::uses.eq(0),
        invites::max_uses.eq(uses),
        invites::created_at.eq(now),
        invites::expires_at.eq(now + TimeDelta::days(days)),
    );
    on_each!(conn, conn => diesel::insert_into(invites::table).values(row).execute(conn))
        .map_err(Error::from)?;
    Ok(())
}

/// The links that still let somebody in, newest first, with the names of their makers: mine, or all for an admin.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn list_for(conn: &mut DbConn, user: &User) -> Result<Vec<(Invite, String)>> {
    let mut open = invites::table
        .inner_join(users::table)
        .filter(invites::revoked_at.is_null())
        .filter(invites::expires_at.gt(now()))
        .filter(invites::uses.lt(invites::max_uses))
        .order(invites::id.desc())
        .limit(100)
        .select((Invite::as_select(), users::username))
        .into_boxed();
    if !user.is_admin() {
        open = open.filter(invites::user_id.eq(user.id));
    }
    Ok(open.load(conn)?)
}

/// From now on nobody comes in by it. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when there is none of that number that this person may end.
pub fn revoke(conn: &mut DbConn, user: &User, id: i64) -> Result<()> {
    let maker: i64 = invites::table
        .find(id)
        .select(invites::user_id)
        .get_result(conn)?;
    if maker != user.id && !user.is_admin() {
        return Err(Error::NotFound);
    }
    diesel::update(invites::table.find(id))
        .set(invites::revoked_at.eq(now()))
        .execute(conn)?;
    Ok(())
}

/// Whether somebody may still come in by it. The invite of somebody who is not here any more is worth nothing.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn is_open(conn: &mut DbConn, id: i64) -> Result<bool> {
    let found: Option<i64> = invites::table
        .inner_join(users::table)
        .filter(invites::id.eq(id))
        .filter(invites::revoked_at.is_null())
        .filter(invites::expires_at.gt(now()))
        .filter(invites::uses.lt(invites::max_uses))
        .filter(users::status.eq(Status::Active))
        .select(invites::id)
        .get_result(conn)
        .optional()?;
    Ok(found.is_some())
}

/// Somebody comes in by it: counted and checked in one, however many come at once. Runs in a transaction that writes.
///
/// # Errors
/// `Invalid` for `invite` when it lets nobody in any more.
pub(in crate::models) fn use_up(conn: &mut DbConn, id: Option<i64>) -> Result<()> {
    let refused = || Error::field("invite", "error-invite");
    let id = id.ok_or_else(refused)?;
    if !is_open(conn, id)? {
        return Err(refused());
    }
    let open = invites::table
        .find(id)
        .filter(invites::uses.lt(invites::max_uses));
    let counted = diesel::update(open)
        .set(invites::uses.eq(invites::uses + 1))
        .execute(conn)?;
    if counted == 0 { Err(refused()) } else { Ok(()) }
}
