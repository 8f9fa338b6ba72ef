//! Who is in which room, and what they have read there.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::connection::{DbConn, on_each};
use super::invitation::{self, Void};
use super::room::LOBBY;
use super::schema::{memberships, rooms, users};
use super::user::User;
use super::{marks, now};
use crate::error::{Error, Result};
use crate::realtime::store::Mark;

/// Every message matters: direct rooms begin so.
pub const EVERYTHING: &str = "everything";
/// Messages that name me matter: other rooms begin so.
pub const MENTIONS: &str = "mentions";
/// All that somebody may choose.
pub const INVOLVEMENTS: [&str; 4] = [EVERYTHING, MENTIONS, "nothing", "hidden"];
/// In rooms of so many people everybody sees who has read what.
const SHARED_READING: i64 = 20;

/// A person in a room.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    /// Everything up to here is read.
    pub read_seq: i64,
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

    /// What is read moves forward; or back to just before `seq`, when that is marked unread.
    ///
    /// # Errors
    /// `NotFound` when the person is not in the room.
    pub fn mark(
        conn: &mut DbConn,
        user_id: i64,
        room_id: i64,
        seq: i64,
        unread: bool,
    ) -> Result<Mark> {
        let member = memberships::table.find((room_id, user_id));
        let (before, last_seq): (i64, i64) = member
            .inner_join(rooms::table)
            .select((memberships::read_seq, rooms::last_seq))
            .get_result(conn)?;
        let read_seq = match unread {
            true => seq.saturating_sub(1).clamp(0, last_seq),
            false => seq.min(last_seq).max(before),
        };
        let moved = diesel::update(member).set(memberships::read_seq.eq(read_seq));
        match unread {
            true => moved.execute(conn)?,
            // Another device may have been quicker, and further.
            false => moved
                .filter(memberships::read_seq.lt(read_seq))
                .execute(conn)?,
        };
        let read_seq = member.select(memberships::read_seq).get_result(conn)?;
        let people: i64 = memberships::table
            .filter(memberships::room_id.eq(room_id))
            .limit(SHARED_READING + 1)
            .select(memberships::user_id)
            .load::<i64>(conn)?
            .len() as i64;
        Ok(Mark {
            read_seq,
            unread: last_seq - read_seq,
            mentions: marks::mentions_after(conn, user_id, room_id, read_seq)?,
            is_shared: people <= SHARED_READING && read_seq != before,
        })
    }

    /// Everything is read, in all rooms of a person; answers the rooms in which their mark moved.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn mark_all(conn: &mut DbConn, user_id: i64) -> Result<Vec<(i64, Mark)>> {
        let behind: Vec<(i64, i64)> = memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(user_id))
            .filter(memberships::read_seq.lt(rooms::last_seq))
            .select((memberships::room_id, rooms::last_seq))
            .load(conn)?;
        let ids = behind.iter().map(|(room_id, _)| *room_id);
        let people: HashMap<i64, i64> = memberships::table
            .filter(memberships::room_id.eq_any(ids))
            .group_by(memberships::room_id)
            .select((memberships::room_id, count_star()))
            .load::<(i64, i64)>(conn)?
            .into_iter()
            .collect();
        let marks = behind
            .iter()
            .map(|(room_id, seq)| ((*room_id, user_id), *seq))
            .collect();
        marks::advance(conn, &marks)?;
        let moved = behind.into_iter().map(|(room_id, read_seq)| {
            let mark = Mark {
                read_seq,
                unread: 0,
                mentions: 0,
                is_shared: people
                    .get(&room_id)
                    .is_some_and(|people| *people <= SHARED_READING),
            };
            (room_id, mark)
        });
        Ok(moved.collect())
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
