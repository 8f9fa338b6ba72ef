//! Rooms, each of which is a small log.

pub mod conversation;
pub mod direct;
pub mod directory;
pub mod invitation;
pub mod management;
pub mod membership;
pub(super) mod name_key;
pub(super) mod read_position;
pub mod read_positions;
pub(super) mod unread;

use std::collections::HashMap;
use std::slice;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use self::membership::Membership;
use super::schema::{memberships, rooms};
use super::user::User;
use super::{now, rfc3339};
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::realtime::frames::{self, Id};

/// The room that everybody is in. The migration makes it.
pub const LOBBY: i64 = 1;
/// For so many days the members of a room that became open are told on its page.
const OPENED_DAYS: i64 = 7;
/// Anybody signed in may read and enter it.
pub const OPEN: &str = "open";
/// Only for invited people.
pub const CLOSED: &str = "closed";
/// The one room of a set of people.
pub const DIRECT: &str = "direct";

/// A room.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = rooms)]
pub struct Room {
    /// Primary key.
    pub id: i64,
    /// `open`, `closed` or `direct`.
    pub kind: String,
    /// Its name; empty for a direct room.
    pub name: String,
    /// What it is about.
    pub topic: String,
    /// The ids of a direct room's people.
    pub direct_key: Option<String>,
    /// The place of its newest message.
    pub last_seq: i64,
    /// The number of its latest change.
    pub last_ver: i64,
    /// When somebody last spoke.
    pub last_message_at: Option<NaiveDateTime>,
    /// The place of the last message that was deleted, or 0.
    pub last_deleted_seq: i64,
    /// Who may delete it.
    pub created_by: Option<i64>,
}

/// What a person's list of rooms shows.
#[derive(Debug)]
pub struct MyRooms {
    /// Their rooms by name.
    pub rooms: Vec<frames::Room>,
    /// How many of their invitations are pending.
    pub invitations: i64,
}

impl Room {
    /// A room that this person may read, and their membership if they are in it.
    ///
    /// # Errors
    /// `NotFound` when there is none, or none that they may know of.
    pub fn find_for(conn: &mut DbConn, user: &User, id: i64) -> Result<(Self, Option<Membership>)> {
        let room: Self = on_each!(conn, conn => rooms::table
            .find(id)
            .filter(rooms::deleted_at.is_null())
            .select(Self::as_select())
            .get_result(conn))?;
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
        let mine: Vec<(Self, Membership)> = on_each!(conn, conn => memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(user_id))
            .filter(rooms::deleted_at.is_null())
            .order((rooms::name, rooms::id))
            .select((Self::as_select(), Membership::as_select()))
            .load(conn))?;
        // Whoever has read everything is not named in anything unread; mostly nobody need be asked for.
        let is_behind =
            |(room, membership): &(Self, Membership)| membership.read_seq < room.last_seq;
        let named = match mine.iter().any(is_behind) {
            true => unread::mentions(conn, user_id)?,
            false => HashMap::new(),
        };
        let deleted = Self::deleted_after(conn, user_id, &mine)?;
        let mut others: HashMap<i64, Vec<User>> = HashMap::new();
        if mine.iter().any(|(room, _)| room.kind == DIRECT) {
            for (room_id, person) in direct::others(conn, user_id)? {
                others.entry(room_id).or_default().push(person);
            }
        }
        Ok(mine
            .into_iter()
            .map(|(room, membership)| {
                let mentions = named.get(&room.id).copied().unwrap_or(0);
                let unread = room.unread_by(&membership, &deleted);
                let people = others.remove(&room.id);
                room.seen_by(membership, unread, mentions, people)
            })
            .collect())
    }

    /// The rooms of a person by name, and how many invitations wait for them.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn list_of(conn: &mut DbConn, user_id: i64) -> Result<MyRooms> {
        Ok(MyRooms {
            rooms: Self::all_of(conn, user_id)?,
            invitations: invitation::count(conn, user_id)?,
        })
    }

    /// Whether a room became open lately, and after this person had come into it.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn opened_around(conn: &mut DbConn, user_id: i64, id: i64) -> Result<bool> {
        let opened: Option<i64> = memberships::table
            .find((id, user_id))
            .inner_join(rooms::table)
            .filter(rooms::kind.eq(OPEN))
            .filter(rooms::opened_at.gt(memberships::joined_at.nullable()))
            .filter(rooms::opened_at.gt(now() - TimeDelta::days(OPENED_DAYS)))
            .select(rooms::id)
            .first(conn)
            .optional()?;
        Ok(opened.is_some())
    }

    /// A room as this person sees it.
    ///
    /// # Errors
    /// `NotFound` when they are not in it.
    pub fn of(conn: &mut DbConn, user_id: i64, id: i64) -> Result<frames::Room> {
        let (room, membership): (Self, Membership) = memberships::table
            .find((id, user_id))
            .inner_join(rooms::table)
            .filter(rooms::deleted_at.is_null())
            .select((Self::as_select(), Membership::as_select()))
            .get_result(conn)?;
        let row = (room, membership);
        let deleted = Self::deleted_after(conn, user_id, slice::from_ref(&row))?;
        let (room, membership) = row;
        let unread = room.unread_by(&membership, &deleted);
        let mentions = match unread {
            0 => 0,
            _ => unread::mentions_after(conn, user_id, id, membership.read_seq)?,
        };
        let people = match room.kind.as_str() {
            DIRECT => {
                let members = Membership::members(conn, id)?.into_iter();
                let others = members.filter(|(member, _)| member.id != user_id);
                Some(others.map(|(member, _)| member).collect())
            }
            _ => None,
        };
        Ok(room.seen_by(membership, unread, mentions, people))
    }

    /// A room as somebody sees it who may read it; who is not in it has read nothing and misses nothing.
    ///
    /// # Errors
    /// As [`Room::find_for`].
    pub fn shown_to(conn: &mut DbConn, user: &User, id: i64) -> Result<frames::Room> {
        match Self::find_for(conn, user, id)? {
            (_, Some(_)) => Self::of(conn, user.id, id),
            (room, None) => {
                let membership = Membership {
                    read_seq: room.last_seq,
                    own_unread: 0,
                    involvement: "nothing".to_owned(),
                };
                Ok(room.seen_by(membership, 0, 0, None))
            }
        }
    }

    /// Counts others' deleted messages after the person's marks, by room.
    pub(super) fn deleted_after(
        conn: &mut DbConn,
        user_id: i64,
        rows: &[(Self, Membership)],
    ) -> Result<HashMap<i64, i64>> {
        let marks = rows
            .iter()
            .filter(|(room, membership)| membership.read_seq < room.last_deleted_seq)
            .map(|(room, membership)| (room.id, membership.read_seq));
        unread::deleted_after(conn, user_id, &marks.collect::<Vec<_>>())
    }

    /// How many messages of others a member has not read, without deleted ones.
    pub(super) fn unread_by(&self, membership: &Membership, deleted: &HashMap<i64, i64>) -> i64 {
        let deleted = deleted.get(&self.id).copied().unwrap_or(0);
        let after = self.last_seq - membership.read_seq;
        (after - membership.own_unread - deleted).max(0)
    }

    /// As in `hello`; a direct room is called by its other people.
    fn seen_by(
        self,
        membership: Membership,
        unread: i64,
        mentions: i64,
        others: Option<Vec<User>>,
    ) -> frames::Room {
        let other = match others.as_deref() {
            Some([other]) => Some(other.public()),
            _ => None,
        };
        let names = |others: Vec<User>| {
            let names: Vec<String> = others.into_iter().map(|other| other.username).collect();
            names.join(", ")
        };
        frames::Room {
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

    /// Whether it is the conversation of two people.
    pub fn is_pair(&self) -> bool {
        let key = self.direct_key.as_deref();
        key.is_some_and(|key| key.split('-').count() == 2)
    }
}
