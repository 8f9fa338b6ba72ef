//! Rooms. Each is a log of messages, numbered by `seq`, and of changes, numbered by `ver`.
//!
//! # Errors
//! `Unavailable` when the database cannot be reached; functions name only their other errors.

pub(super) mod bulk_read_positions;
pub mod conversation;
pub mod direct;
pub mod direct_limits;
pub mod directory;
pub mod invitation;
pub mod management;
mod members;
pub mod membership;
pub(super) mod name_key;
pub(super) mod read_position;
pub mod summary;
pub(super) mod unread;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use self::membership::Membership;
use super::now;
use super::schema::{memberships, rooms};
use super::user::User;
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::protocol::RoomKind;

/// Id of the room that every user joins on registration. The migration creates it.
pub const LOBBY: i64 = 1;
/// Pattern of the `direct_key` of a direct room with more than two members.
pub(super) const MORE_THAN_TWO: &str = "%-%-%";
/// Days that the page of a room which became open says so to its members.
const OPENED_DAYS: i64 = 7;

/// A room.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = rooms)]
pub struct Room {
    /// Primary key.
    pub id: i64,
    /// Kind.
    pub kind: RoomKind,
    /// Name; empty for direct rooms.
    pub name: String,
    /// Topic.
    pub topic: String,
    /// Sorted user ids of a direct room's members, joined with `-`.
    pub direct_key: Option<String>,
    /// `seq` of the latest message.
    pub last_seq: i64,
    /// `ver` of the latest change.
    pub last_ver: i64,
    /// When the latest message was posted.
    pub last_message_at: Option<NaiveDateTime>,
    /// Largest `seq` of a deleted message, or 0.
    pub last_deleted_seq: i64,
    /// User who may manage the room besides admins.
    pub created_by: Option<i64>,
}

impl Room {
    /// Returns a room that a user may read, with their membership if they are a member.
    ///
    /// # Errors
    /// `NotFound` when there is no such room, or the user may not know of it.
    pub fn find_for(conn: &mut DbConn, user: &User, id: i64) -> Result<(Self, Option<Membership>)> {
        let room: Self = on_each!(conn, conn => rooms::table
            .find(id)
            .filter(rooms::deleted_at.is_null())
            .select(Self::as_select())
            .get_result(conn))?;
        let membership = Membership::find(conn, id, user.id)?;
        if membership.is_none() && room.kind != RoomKind::Open {
            return Err(Error::NotFound);
        }
        Ok((room, membership))
    }

    /// Returns whether a closed room became open within the last `OPENED_DAYS` days and after the user had joined it.
    pub fn opened_since_joining(conn: &mut DbConn, user_id: i64, id: i64) -> Result<bool> {
        let opened: Option<i64> = memberships::table
            .find((id, user_id))
            .inner_join(rooms::table)
            .filter(rooms::kind.eq(RoomKind::Open))
            .filter(rooms::opened_at.gt(memberships::joined_at.nullable()))
            .filter(rooms::opened_at.gt(now() - TimeDelta::days(OPENED_DAYS)))
            .select(rooms::id)
            .first(conn)
            .optional()?;
        Ok(opened.is_some())
    }

    /// Returns the id of the direct room of these users, given in ascending order of their ids, if there is one.
    pub(super) fn find_direct(conn: &mut DbConn, members: &[i64]) -> Result<Option<i64>> {
        Ok(rooms::table
            .filter(rooms::direct_key.eq(Self::direct_key(members)))
            .select(rooms::id)
            .get_result(conn)
            .optional()?)
    }

    /// Returns the `direct_key` of a room with these members, given in ascending order.
    fn direct_key(members: &[i64]) -> String {
        let key: Vec<String> = members.iter().map(i64::to_string).collect();
        key.join("-")
    }

    /// Returns whether this is a direct room of two users.
    pub fn is_one_to_one(&self) -> bool {
        let key = self.direct_key.as_deref();
        key.is_some_and(|key| key.split('-').count() == 2)
    }
}
