//! Who is in which room, and what they have read there.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::LOBBY;
use super::invitation::{self, Void};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::now;
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::User;

/// Every message matters: direct rooms begin so.
pub const EVERYTHING: &str = "everything";
/// Messages that name me matter: other rooms begin so.
pub const MENTIONS: &str = "mentions";
/// All that somebody may choose.
pub const INVOLVEMENTS: [&str; 4] = [EVERYTHING, MENTIONS, "nothing", "hidden"];
/// A person in a room.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    /// Everything up to here is read.
    pub read_seq: i64,
    /// How many messages after that are the person's own.
    pub own_unread: i64,
    /// One of [`INVOLVEMENTS`].
    pub involvement: String,
}

#[derive(Insertable)]
#[diesel(table_name = memberships)]
struct NewMembership<'a> {
    room_id: i64,
    user_id: i64,
    read_seq: i64,
    involvement: &'a str,
    joined_at: NaiveDateTime,
}

impl Membership {
    /// Puts a new person into the Lobby.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn enter_lobby(conn: &mut DbConn, user_id: i64) -> Result<()> {
        Self::create(conn, LOBBY, user_id, MENTIONS).map(|_| ())
    }

    /// Puts a person into a room. What was said before counts as read. Answers whether they were not in it before.
    ///
    /// # Errors
    /// `NotFound` when there is no such room.
    pub fn create(
        conn: &mut DbConn,
        room_id: i64,
        user_id: i64,
        involvement: &str,
    ) -> Result<bool> {
        if Self::find(conn, room_id, user_id)?.is_some() {
            return Ok(false);
        }
        let read_seq = rooms::table
            .find(room_id)
            .select(rooms::last_seq)
            .get_result(conn)?;
        let row = NewMembership {
            room_id,
            user_id,
            read_seq,
            involvement,
            joined_at: now(),
        };
        on_each!(conn, conn => diesel::insert_into(memberships::table).values(row).execute(conn))
            .map_err(Error::from)?;
        Ok(true)
    }

    /// Takes a person out of a room, with the invitations they sent into it. When its creator goes, the longest member
    /// takes over.
    ///
    /// # Errors
    /// `NotFound` when they are not in it.
    pub fn delete(conn: &mut DbConn, room_id: i64, user_id: i64) -> Result<()> {
        if diesel::delete(memberships::table.find((room_id, user_id))).execute(conn)? == 0 {
            return Err(Error::NotFound);
        }
        invitation::withdraw(conn, Void::SentInto(room_id, user_id))?;
        let heir: Option<i64> = memberships::table
            .filter(memberships::room_id.eq(room_id))
            .order((memberships::joined_at, memberships::user_id))
            .select(memberships::user_id)
            .first(conn)
            .optional()?;
        diesel::update(
            rooms::table
                .find(room_id)
                .filter(rooms::created_by.eq(user_id)),
        )
        .set(rooms::created_by.eq(heir))
        .execute(conn)?;
        Ok(())
    }

    /// The person's membership, if they are in the room.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn find(conn: &mut DbConn, room_id: i64, user_id: i64) -> Result<Option<Self>> {
        let found = on_each!(conn, conn => memberships::table
            .find((room_id, user_id))
            .select(Self::as_select())
            .get_result(conn));
        Ok(found.optional()?)
    }

    /// Everybody in a room by name, with what they have read.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn members(conn: &mut DbConn, room_id: i64) -> Result<Vec<(User, i64)>> {
        Ok(on_each!(conn, conn => memberships::table
            .inner_join(users::table)
            .filter(memberships::room_id.eq(room_id))
            .order(users::username_key)
            .select((User::as_select(), memberships::read_seq))
            .load(conn))?)
    }

    /// Sets how much a room matters to a person.
    ///
    /// # Errors
    /// `NotFound` when they are not in it; `Invalid` for `involvement`.
    pub fn involve(conn: &mut DbConn, room_id: i64, user_id: i64, involvement: &str) -> Result<()> {
        if !INVOLVEMENTS.contains(&involvement) {
            return Err(Error::field("involvement", "error-involvement"));
        }
        let member = memberships::table.find((room_id, user_id));
        let changed = diesel::update(member)
            .set(memberships::involvement.eq(involvement))
            .execute(conn)?;
        if changed == 0 {
            Err(Error::NotFound)
        } else {
            Ok(())
        }
    }
}
