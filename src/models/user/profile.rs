//! Changes to a user's own profile.

use diesel::prelude::*;

use super::{User, reserved_username};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::schema::{memberships, rooms, users};
use crate::models::statement::Statement;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::username::Username;
use crate::models::{change_notice, installation};
use crate::protocol::RoomKind;
use crate::protocol::commands::ChangeNotice;

impl User {
    /// Changes a user's name and reserves the old one for a while. Requires a write transaction.
    ///
    /// # Errors
    /// `Invalid` for `username` when it is in use or reserved.
    pub fn rename(conn: &mut DbConn, id: i64, name: &Username) -> Result<()> {
        // Serializes registrations and renames.
        installation::lock(conn)?;
        Self::require_username_available(conn, name, Some(id))?;
        let user = users::table.find(id);
        let before: String = user.select(users::username_key).get_result(conn)?;
        if before != name.key() {
            reserved_username::reserve(conn, &before, id)?;
            reserved_username::release(conn, name.key())?;
        }
        let names = (
            users::username.eq(name.as_str()),
            users::username_key.eq(name.key()),
        );
        diesel::update(user).set(names).run(conn)?;
        installation::bump_profile_version(conn)?;
        Self::write_direct_room_notices(conn, id)
    }

    /// Changes a user's phone number. Requires a write transaction.
    ///
    /// # Errors
    /// `Invalid` for `phone` when another user has it.
    pub fn set_phone(conn: &mut DbConn, id: i64, phone: &PhoneNumber) -> Result<()> {
        installation::lock(conn)?;
        let owner = Self::find_id_by_phone(conn, phone)?;
        if owner.is_some_and(|owner| owner != id) {
            return Err(Error::field("phone", "error-phone-taken"));
        }
        diesel::update(users::table.find(id))
            .set(users::phone.eq(phone))
            .run(conn)
    }

    /// Returns a user's password hash, if they have a password.
    pub fn password_hash(conn: &mut DbConn, id: i64) -> Result<Option<String>> {
        let user = users::table.find(id);
        Ok(user.select(users::password_hash).get_result(conn)?)
    }

    /// Writes a change notice for each direct room of a user, since the room's name contains the username.
    pub(in crate::models) fn write_direct_room_notices(conn: &mut DbConn, id: i64) -> Result<()> {
        let direct_rooms: Vec<i64> = memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(id))
            .filter(rooms::kind.eq(RoomKind::Direct))
            .select(memberships::room_id)
            .load(conn)?;
        change_notice::record(conn, direct_rooms.into_iter().map(ChangeNotice::Room))
    }
}
