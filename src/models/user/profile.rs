//! What a person changes about themselves.

use diesel::prelude::*;

use super::User;
use super::reserved_username;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::room::DIRECT;
use crate::models::schema::{memberships, rooms, users};
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::username::Username;
use crate::models::{change_notice, installation};
use crate::realtime::change_poller::ChangeNotice;

impl User {
    /// Takes another name. Conversations are called by it from now on, and the old one stays reserved for a while. Runs in
    /// a transaction that writes.
    ///
    /// # Errors
    /// `Invalid` for `username` when somebody else has it, or gave it up lately.
    pub fn rename(conn: &mut DbConn, id: i64, name: &Username) -> Result<()> {
        // Whoever registers or is renamed waits here for the one before.
        installation::take_turn(conn)?;
        let same = users::table
            .filter(users::username_key.eq(name.key()))
            .filter(users::id.ne(id));
        let is_taken = same.count().get_result::<i64>(conn)? > 0
            || reserved_username::is_reserved(conn, name.key(), Some(id))?;
        if is_taken {
            return Err(Error::field("username", "error-username-taken"));
        }
        let before: String = users::table
            .find(id)
            .select(users::username_key)
            .get_result(conn)?;
        if before != name.key() {
            reserved_username::reserve(conn, &before, id)?;
            reserved_username::release(conn, name.key())?;
        }
        diesel::update(users::table.find(id))
            .set((
                users::username.eq(name.as_str()),
                users::username_key.eq(name.key()),
            ))
            .execute(conn)?;
        installation::people_changed(conn)?;
        Self::note_direct_rooms(conn, id)
    }

    /// Takes another phone number. Runs in a transaction that writes.
    ///
    /// # Errors
    /// `Invalid` for `phone` when somebody else has it.
    pub fn set_phone(conn: &mut DbConn, id: i64, phone: &PhoneNumber) -> Result<()> {
        installation::take_turn(conn)?;
        let same = users::table
            .filter(users::phone.eq(phone.as_str()))
            .filter(users::id.ne(id));
        if same.count().get_result::<i64>(conn)? > 0 {
            return Err(Error::field("phone", "error-phone-taken"));
        }
        diesel::update(users::table.find(id))
            .set(users::phone.eq(phone.as_str()))
            .execute(conn)?;
        Ok(())
    }

    /// The hash of somebody's password, if they have one.
    ///
    /// # Errors
    /// `NotFound` when there is no such person.
    pub fn password_hash(conn: &mut DbConn, id: i64) -> Result<Option<String>> {
        let hash = users::table.find(id).select(users::password_hash);
        Ok(hash.get_result(conn)?)
    }

    /// Their direct rooms are called by another name now.
    pub(in crate::models) fn note_direct_rooms(conn: &mut DbConn, id: i64) -> Result<()> {
        let named: Vec<i64> = memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(id))
            .filter(rooms::kind.eq(DIRECT))
            .select(memberships::room_id)
            .load(conn)?;
        change_notice::write(conn, named.into_iter().map(ChangeNotice::Room))
    }
}
