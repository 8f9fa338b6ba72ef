//! What admins decide about people: who may be here, and as what.

use chrono::NaiveDateTime;
use diesel::dsl::max;
use diesel::prelude::*;
use std::collections::HashMap;

use super::{ACTIVE, ADMIN, User};
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::room::invitation;
use crate::models::room::invitation::Void;
use crate::models::schema::{sessions, users};
use crate::models::values::characters::is_default_ignorable;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::username;

/// A person as admins see them.
#[derive(Debug)]
pub struct Listed {
    /// Who.
    pub user: User,
    /// Their number.
    pub phone: Option<String>,
    /// When they last asked for something, or their last window closed.
    pub seen_at: Option<NaiveDateTime>,
}

impl User {
    /// Everybody, in the order of coming.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn list(conn: &mut DbConn) -> Result<Vec<Listed>> {
        let visits: Vec<(i64, Option<NaiveDateTime>)> = sessions::table
            .group_by(sessions::user_id)
            .select((sessions::user_id, max(sessions::seen_at)))
            .load(conn)?;
        let visits: HashMap<i64, Option<NaiveDateTime>> = visits.into_iter().collect();
        let people: Vec<(Self, Option<String>, Option<NaiveDateTime>)> = users::table
            .order(users::id)
            .select((Self::as_select(), users::phone, users::seen_at))
            .load(conn)?;
        let listed = people.into_iter().map(|(user, phone, seen_at)| Listed {
            seen_at: seen_at.max(visits.get(&user.id).copied().flatten()),
            user,
            phone,
        });
        Ok(listed.collect())
    }

    /// Somebody by username or phone number (with `+` and country code), whatever their status.
    ///
    /// # Errors
    /// `NotFound` when there is nobody.
    pub fn named(conn: &mut DbConn, name: &str) -> Result<Self> {
        Self::named_in(conn, name, "")
    }

    /// Like [`User::named`]; reads a number without `+` as it is dialled within `region` (ISO 3166-1 alpha-2).
    ///
    /// # Errors
    /// `NotFound` when there is nobody.
    pub fn named_in(conn: &mut DbConn, name: &str, region: &str) -> Result<Self> {
        if let Some(phone) = meant_number(name, region) {
            let theirs = users::table.filter(users::phone.eq(phone.as_str()));
            return Ok(theirs.select(Self::as_select()).get_result(conn)?);
        }
        let (name, _) = without_at(name);
        let key = username::key(name).ok_or(Error::NotFound)?;
        let theirs = users::table.filter(users::username_key.eq(key));
        Ok(theirs.select(Self::as_select()).get_result(conn)?)
    }

    /// Says whether somebody may be here: `active`, `banned` or `deactivated`. Whoever may not is signed out everywhere;
    /// answers how many sessions that ended. Runs in a transaction that writes.
    ///
    /// # Errors
    /// `Forbidden` when there would be no admin left.
    pub fn set_status(conn: &mut DbConn, id: i64, status: &str) -> Result<usize> {
        installation::take_turn(conn)?;
        if status == ACTIVE {
            let person = diesel::update(users::table.find(id));
            person.set(users::status.eq(status)).execute(conn)?;
            return Ok(0);
        }
        Self::require_other_admin(conn, id)?;
        let person = diesel::update(users::table.find(id));
        person.set(users::status.eq(status)).execute(conn)?;
        invitation::withdraw(conn, Void::Person(id))?;
        session::end_all(conn, id, None)
    }

    /// Makes somebody an `admin` or a `member`. Runs in a transaction that writes.
    ///
    /// # Errors
    /// `Forbidden` when there would be no admin left.
    pub fn set_role(conn: &mut DbConn, id: i64, role: &str) -> Result<()> {
        installation::take_turn(conn)?;
        if role != ADMIN {
            Self::require_other_admin(conn, id)?;
        }
        let person = diesel::update(users::table.find(id));
        person.set(users::role.eq(role)).execute(conn)?;
        Ok(())
    }

    /// Gives somebody another password, and signs them out everywhere, but for the session `except`; answers how many
    /// sessions that ended. Runs in a transaction that writes.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn set_password(
        conn: &mut DbConn,
        id: i64,
        password_hash: &str,
        except: Option<&KeyHash>,
    ) -> Result<usize> {
        installation::take_turn(conn)?;
        let person = diesel::update(users::table.find(id));
        person
            .set(users::password_hash.eq(password_hash))
            .execute(conn)?;
        session::end_all(conn, id, except)
    }

    /// Somebody must be left to appoint others.
    pub(in crate::models) fn require_other_admin(conn: &mut DbConn, id: i64) -> Result<()> {
        let admins: Vec<i64> = users::table
            .filter(users::role.eq(ADMIN))
            .filter(users::status.eq(ACTIVE))
            .select(users::id)
            .load(conn)?;
        match admins[..] {
            [only] if only == id => Err(Error::Forbidden),
            _ => Ok(()),
        }
    }
}

/// The number that a text is meant as, where somebody may be named by number or username. `@` before a text says that
/// it is a username.
pub(in crate::models) fn meant_number(name: &str, region: &str) -> Option<PhoneNumber> {
    let is_meant = is_number_meant(name);
    is_meant.then(|| PhoneNumber::parse(without_at(name).0, region).ok())?
}

/// Returns whether a text is meant as a number, also one that cannot be read.
pub(in crate::models) fn is_number_meant(name: &str) -> bool {
    matches!(without_at(name), (name, false) if PhoneNumber::is_number_like(name))
}

/// A name without what surrounds it when it is pasted (white space, bidi marks) and without the `@` of a mention, and
/// whether there was one.
pub(in crate::models) fn without_at(name: &str) -> (&str, bool) {
    let name = name.trim_matches(|c: char| c.is_whitespace() || is_default_ignorable(c));
    match name.strip_prefix(['@', '\u{ff20}', '\u{fe6b}']) {
        Some(name) => (name.trim(), true),
        None => (name, false),
    }
}
