//! Rooms, each of which is a small log.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::connection::DbConn;
use super::membership::Membership;
use super::rfc3339;
use super::schema::{memberships, mentions, rooms};
use super::user::User;
use crate::error::{Error, Result};
use crate::realtime::frames::{self, Id};

/// The room that everybody is in. The migration makes it.
pub const LOBBY: i64 = 1;
/// Anybody signed in may read and enter it.
pub const OPEN: &str = "open";

/// A room.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = rooms)]
pub struct Room {
    /// Primary key.
    pub id: i64,
    /// `open`, `closed` or `direct`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub topic: String,
    /// The place of its newest message.
    pub last_seq: i64,
    /// The number of its latest change.
    pub last_ver: i64,
    /// When somebody last spoke.
    pub last_message_at: Option<NaiveDateTime>,
}

impl Room {
    /// A room that this person may read, and their membership if they are in it.
    ///
    /// # Errors
    /// `NotFound` when there is none, or none that they may know of.
    pub fn find_for(conn: &mut DbConn, user: &User, id: i64) -> Result<(Self, Option<Membership>)> {
        let room: Self = rooms::table
            .find(id)
            .select(Self::as_select())
            .first(conn)?;
        let membership = Membership::find(conn, id, user.id)?;
        if membership.is_none() && room.kind != OPEN {
            return Err(Error::NotFound);
        }
        Ok((room, membership))
    }

    /// The rooms of a person by name, with what they have not read.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn all_of(conn: &mut DbConn, user_id: i64) -> Result<Vec<frames::Room>> {
        let mine: Vec<(Self, Membership)> = memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(user_id))
            .order((rooms::name, rooms::id))
            .select((Self::as_select(), Membership::as_select()))
            .load(conn)?;
        let named = Self::unread_mentions(conn, user_id)?;
        Ok(mine
            .into_iter()
            .map(|(room, membership)| {
                let mentions = named.get(&room.id).copied().unwrap_or(0);
                room.seen_by(membership, mentions)
            })
            .collect())
    }

    /// How many unread messages of each room name the person.
    fn unread_mentions(conn: &mut DbConn, user_id: i64) -> Result<HashMap<i64, i64>> {
        let counts: Vec<(i64, i64)> = mentions::table
            .inner_join(
                memberships::table.on(memberships::room_id
                    .eq(mentions::room_id)
                    .and(memberships::user_id.eq(mentions::user_id))),
            )
            .filter(mentions::user_id.eq(user_id))
            .filter(mentions::seq.gt(memberships::read_seq))
            .group_by(mentions::room_id)
            .select((mentions::room_id, count_star()))
            .load(conn)?;
        Ok(counts.into_iter().collect())
    }

    fn seen_by(self, membership: Membership, mentions: i64) -> frames::Room {
        frames::Room {
            id: Id(self.id),
            kind: self.kind,
            name: self.name,
            topic: self.topic,
            seq: self.last_seq,
            ver: self.last_ver,
            read_seq: membership.read_seq,
            unread: self.last_seq - membership.read_seq,
            mentions,
            involvement: membership.involvement,
            last_message_at: self.last_message_at.map(rfc3339),
        }
    }
}
