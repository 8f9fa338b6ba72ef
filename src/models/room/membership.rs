//! Memberships: which users are in which rooms, with read position and notification level.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::now;
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::User;
use crate::protocol::NotificationLevel;

/// The membership of a user in a room.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    /// `seq` of the last message read.
    pub read_seq: i64,
    /// Number of the user's own messages after `read_seq`.
    pub own_unread: i64,
    /// Notification level.
    pub involvement: NotificationLevel,
}

#[derive(Insertable)]
#[diesel(table_name = memberships)]
struct NewMembership {
    room_id: i64,
    user_id: i64,
    read_seq: i64,
    involvement: NotificationLevel,
    joined_at: NaiveDateTime,
}

impl Membership {
    /// Adds a user to a room with all messages read; returns whether they were not yet a member.
    ///
    /// # Errors
    /// `NotFound` when there is no such room.
    pub fn create(
        conn: &mut DbConn,
        room_id: i64,
        user_id: i64,
        involvement: NotificationLevel,
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

    /// Removes a user from a room. When they created it, the member of longest standing takes their place.
    ///
    /// # Errors
    /// `NotFound` when the user is not a member.
    pub fn delete(conn: &mut DbConn, room_id: i64, user_id: i64) -> Result<()> {
        if diesel::delete(memberships::table.find((room_id, user_id))).execute(conn)? == 0 {
            return Err(Error::NotFound);
        }
        let successor: Option<i64> = memberships::table
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
        .set(rooms::created_by.eq(successor))
        .execute(conn)?;
        Ok(())
    }

    /// Returns the membership of a user, if they are a member.
    pub fn find(conn: &mut DbConn, room_id: i64, user_id: i64) -> Result<Option<Self>> {
        let found = on_each!(conn, conn => memberships::table
            .find((room_id, user_id))
            .select(Self::as_select())
            .get_result(conn));
        Ok(found.optional()?)
    }

    /// Returns the members of a room with their `read_seq`, ordered by username.
    pub fn members(conn: &mut DbConn, room_id: i64) -> Result<Vec<(User, i64)>> {
        Ok(on_each!(conn, conn => memberships::table
            .inner_join(users::table)
            .filter(memberships::room_id.eq(room_id))
            .order(users::username_key)
            .select((User::as_select(), memberships::read_seq))
            .load(conn))?)
    }

    /// Sets the notification level of a member.
    ///
    /// # Errors
    /// `NotFound` when the user is not a member; `Invalid` for `involvement` when it is no notification level.
    pub fn set_notification_level(
        conn: &mut DbConn,
        room_id: i64,
        user_id: i64,
        involvement: &str,
    ) -> Result<()> {
        let level = NotificationLevel::parse(involvement)
            .ok_or_else(|| Error::field("involvement", "error-involvement"))?;
        let member = memberships::table.find((room_id, user_id));
        let changed = diesel::update(member)
            .set(memberships::involvement.eq(level))
            .execute(conn)?;
        if changed == 0 {
            Err(Error::NotFound)
        } else {
            Ok(())
        }
    }
}
