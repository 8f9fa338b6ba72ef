//! Rooms as `hello`, the API and the sidebar show them: with the user's read position and unread counts.

use std::collections::HashMap;
use std::slice;

use diesel::prelude::*;

use super::Room;
use super::membership::Membership;
use super::{direct, invitation, unread};
use crate::error::Result;
use crate::models::database::connection::{DbConn, on_each};
use crate::models::rfc3339;
use crate::models::schema::{memberships, rooms};
use crate::models::user::User;
use crate::protocol::{self, Id, NotificationLevel, RoomKind};

/// Contents of the sidebar.
#[derive(Debug)]
pub struct RoomList {
    /// The user's rooms, ordered by name.
    pub rooms: Vec<protocol::Room>,
    /// Number of pending invitations.
    pub invitations: i64,
}

impl Room {
    /// Returns the summaries of all rooms of a user, ordered by name.
    pub fn summaries(conn: &mut DbConn, user_id: i64) -> Result<Vec<protocol::Room>> {
        let rows: Vec<(Self, Membership)> = on_each!(conn, conn => memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(user_id))
            .filter(rooms::deleted_at.is_null())
            .order((rooms::name, rooms::id))
            .select((Self::as_select(), Membership::as_select()))
            .load(conn))?;
        // A user without unread messages has no unread mentions, so the query is mostly unnecessary.
        let has_unread =
            |(room, membership): &(Self, Membership)| membership.read_seq < room.last_seq;
        let mentions = match rows.iter().any(has_unread) {
            true => unread::mentions_by_room(conn, user_id)?,
            false => HashMap::new(),
        };
        let deleted = Self::deleted_after_read_positions(conn, user_id, &rows)?;
        let mut others: HashMap<i64, Vec<User>> = HashMap::new();
        if rows.iter().any(|(room, _)| room.kind == RoomKind::Direct) {
            for (room_id, user) in direct::other_members(conn, user_id)? {
                others.entry(room_id).or_default().push(user);
            }
        }
        Ok(rows
            .into_iter()
            .map(|(room, membership)| {
                let mentions = mentions.get(&room.id).copied().unwrap_or(0);
                let unread = room.unread_count(&membership, &deleted);
                let others = others.remove(&room.id);
                room.into_summary(membership, unread, mentions, others)
            })
            .collect())
    }

    /// Returns the rooms and the number of pending invitations of a user.
    pub fn list_for(conn: &mut DbConn, user_id: i64) -> Result<RoomList> {
        Ok(RoomList {
            rooms: Self::summaries(conn, user_id)?,
            invitations: invitation::count(conn, user_id)?,
        })
    }

    /// Returns the summary of a room for a member.
    ///
    /// # Errors
    /// `NotFound` when the user is not a member.
    pub fn summary(conn: &mut DbConn, user_id: i64, id: i64) -> Result<protocol::Room> {
        let row: (Self, Membership) = memberships::table
            .find((id, user_id))
            .inner_join(rooms::table)
            .filter(rooms::deleted_at.is_null())
            .select((Self::as_select(), Membership::as_select()))
            .get_result(conn)?;
        let deleted = Self::deleted_after_read_positions(conn, user_id, slice::from_ref(&row))?;
        let (room, membership) = row;
        let unread = room.unread_count(&membership, &deleted);
        let mentions = match unread {
            0 => 0,
            _ => unread::mentions_after(conn, user_id, id, membership.read_seq)?,
        };
        let others = match room.kind {
            RoomKind::Direct => {
                let members = Membership::members(conn, id)?.into_iter();
                let others = members.filter(|(member, _)| member.id != user_id);
                Some(others.map(|(member, _)| member).collect())
            }
            _ => None,
        };
        Ok(room.into_summary(membership, unread, mentions, others))
    }

    /// Returns the summary of a room for a user who may read it. For a non-member it has nothing unread.
    ///
    /// # Errors
    /// As [`Room::find_for`].
    pub fn summary_for_reader(conn: &mut DbConn, user: &User, id: i64) -> Result<protocol::Room> {
        match Self::find_for(conn, user, id)? {
            (_, Some(_)) => Self::summary(conn, user.id, id),
            (room, None) => {
                let membership = Membership {
                    read_seq: room.last_seq,
                    own_unread: 0,
                    involvement: NotificationLevel::Nothing,
                };
                Ok(room.into_summary(membership, 0, 0, None))
            }
        }
    }

    /// Counts, by room, other users' deleted messages after the user's read positions.
    pub(super) fn deleted_after_read_positions(
        conn: &mut DbConn,
        user_id: i64,
        rows: &[(Self, Membership)],
    ) -> Result<HashMap<i64, i64>> {
        let positions = rows
            .iter()
            .filter(|(room, membership)| membership.read_seq < room.last_deleted_seq)
            .map(|(room, membership)| (room.id, membership.read_seq));
        unread::deleted_after(conn, user_id, &positions.collect::<Vec<_>>())
    }

    /// Returns the number of unread messages by other users, without deleted ones.
    pub(super) fn unread_count(&self, membership: &Membership, deleted: &HashMap<i64, i64>) -> i64 {
        let deleted = deleted.get(&self.id).copied().unwrap_or(0);
        let after = self.last_seq - membership.read_seq;
        (after - membership.own_unread - deleted).max(0)
    }

    /// Builds the summary. A direct room is named after `others`, its other members.
    fn into_summary(
        self,
        membership: Membership,
        unread: i64,
        mentions: i64,
        others: Option<Vec<User>>,
    ) -> protocol::Room {
        let other = match others.as_deref() {
            Some([other]) => Some(other.to_public()),
            _ => None,
        };
        let names = |others: Vec<User>| {
            let names: Vec<String> = others.into_iter().map(|other| other.username).collect();
            names.join(", ")
        };
        protocol::Room {
            other,
            id: Id(self.id),
            kind: self.kind,
            name: others.map_or(self.name, names),
            topic: self.topic,
            seq: self.last_seq,
            ver: self.last_ver,
            read_seq: membership.read_seq,
            unread,
            mentions,
            involvement: membership.involvement,
            last_message_at: self.last_message_at.map(rfc3339),
        }
    }
}
