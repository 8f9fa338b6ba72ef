//! Who is in which room, and what they have read there.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::connection::DbConn;
use super::now;
use super::room::LOBBY;
use super::schema::{memberships, rooms};
use crate::error::Result;

/// A person in a room.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    /// Everything up to here is read.
    pub read_seq: i64,
    /// `everything`, `mentions`, `nothing` or `hidden`.
    pub involvement: String,
}

#[derive(Insertable)]
#[diesel(table_name = memberships)]
struct NewMembership {
    room_id: i64,
    user_id: i64,
    read_seq: i64,
    joined_at: NaiveDateTime,
}

impl Membership {
    /// Puts a new person into the Lobby. What was said before counts as read.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn enter_lobby(conn: &mut DbConn, user_id: i64) -> Result<()> {
        let read_seq = rooms::table
            .find(LOBBY)
            .select(rooms::last_seq)
            .first(conn)?;
        diesel::insert_into(memberships::table)
            .values(NewMembership {
                room_id: LOBBY,
                user_id,
                read_seq,
                joined_at: now(),
            })
            .execute(conn)?;
        Ok(())
    }

    /// The person's membership, if they are in the room.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn find(conn: &mut DbConn, room_id: i64, user_id: i64) -> Result<Option<Self>> {
        Ok(memberships::table
            .find((room_id, user_id))
            .select(Self::as_select())
            .first(conn)
            .optional()?)
    }
}
