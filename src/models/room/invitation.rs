//! Invitations into rooms: pending until the invited person accepts or declines. (Links by which people register are in
//! [`invite`](crate::models::auth::invite).)
//!
//! Whoever invites learns only that somebody was invited: never whether the person declined, or never saw it because they
//! block the inviter or may not be reached by them.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::Room;
use super::membership::Membership;
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{invitations, rooms, users};
use crate::models::user::{ACTIVE, User};
use crate::models::user::{block, direct_message_policy};
use crate::models::{change_notice, installation, now, rfc3339};
use crate::realtime::change_poller::ChangeNotice;
use crate::realtime::frames::{Id, Invitation, InvitedRoom};

/// Pending invitations of one person from one inviter.
const MAX_FROM_ONE: i64 = 5;
/// Pending invitations of one person.
const MAX_PENDING: i64 = 100;
/// A declined invitation is remembered for so many days: the same inviter's next one to that room is dropped.
const DECLINED_DAYS: i64 = 30;

/// What the inviter is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The person is in the room; `is_new` when they were not before.
    Added {
        /// Whether this call put them there.
        is_new: bool,
    },
    /// The person may accept an invitation, as far as the inviter needs to know.
    Invited,
}

/// Brings a person into a room: at once when they share a private room with the inviter, otherwise by an invitation.
/// Nothing is stored when the person blocks the inviter or may not be reached by them, declined lately, or has too many
/// pending invitations. Runs in a transaction that began with [`installation::take_turn`].
///
/// # Errors
/// `NotFound` when there is no such room or person.
pub fn invite(conn: &mut DbConn, inviter_id: i64, room_id: i64, invitee_id: i64) -> Result<Answer> {
    if Membership::find(conn, room_id, invitee_id)?.is_some() {
        return Ok(Answer::Added { is_new: false });
    }
    if inviter_id == invitee_id {
        let is_new = Room::admit(conn, room_id, invitee_id)?;
        return Ok(Answer::Added { is_new });
    }
    if !direct_message_policy::may_reach(conn, inviter_id, invitee_id)? {
        return Ok(Answer::Invited);
    }
    let is_friend = direct_message_policy::share_a_private_room(conn, inviter_id, invitee_id)?;
    // Nobody is put together with somebody they block, or who blocks them, by a third person.
    if is_friend && !block::any_with_members(conn, room_id, invitee_id)? {
        let is_new = Room::admit(conn, room_id, invitee_id)?;
        return Ok(Answer::Added { is_new });
    }
    create(conn, inviter_id, room_id, invitee_id)?;
    Ok(Answer::Invited)
}

fn create(conn: &mut DbConn, inviter_id: i64, room_id: i64, invitee_id: i64) -> Result<()> {
    let earlier: Option<i64> = invitations::table
        .filter(invitations::invitee_id.eq(invitee_id))
        .filter(invitations::room_id.eq(room_id))
        .filter(invitations::inviter_id.eq(inviter_id))
        .select(invitations::id)
        .first(conn)
        .optional()?;
    let pending = invitations::table
        .filter(invitations::invitee_id.eq(invitee_id))
        .filter(invitations::declined_at.is_null());
    let from_one: i64 = pending
        .filter(invitations::inviter_id.eq(inviter_id))
        .count()
        .get_result(conn)?;
    let all: i64 = pending.count().get_result(conn)?;
    if earlier.is_some() || from_one >= MAX_FROM_ONE || all >= MAX_PENDING {
        return Ok(());
    }
    let row = (
        invitations::room_id.eq(room_id),
        invitations::inviter_id.eq(inviter_id),
        invitations::invitee_id.eq(invitee_id),
        invitations::created_at.eq(now()),
    );
    on_each!(conn, conn => diesel::insert_into(invitations::table).values(row).execute(conn))
        .map_err(Error::from)?;
    change_notice::write(conn, [ChangeNotice::Invitations(invitee_id)])
}

/// The pending invitations of a person, oldest first.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn pending(conn: &mut DbConn, user_id: i64) -> Result<Vec<Invitation>> {
    type Row = (i64, NaiveDateTime, i64, String, String, String, User);
    let rows: Vec<Row> = on_each!(conn, conn => invitations::table
        .inner_join(rooms::table)
        .inner_join(users::table)
        .filter(invitations::invitee_id.eq(user_id))
        .filter(invitations::declined_at.is_null())
        .filter(rooms::deleted_at.is_null())
        .filter(users::status.eq(ACTIVE))
        .order(invitations::id)
        .limit(MAX_PENDING)
        .select((
            invitations::id,
            invitations::created_at,
            rooms::id,
            rooms::kind,
            rooms::name,
            rooms::topic,
            User::as_select(),
        ))
        .load(conn))?;
    let invitation = |(id, created_at, room_id, kind, name, topic, inviter): Row| Invitation {
        id: Id(id),
        room: InvitedRoom {
            id: Id(room_id),
            kind,
            name,
            topic,
        },
        inviter: inviter.public(),
        created_at: rfc3339(created_at),
    };
    Ok(rows.into_iter().map(invitation).collect())
}

/// How many invitations of a person are pending.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn count(conn: &mut DbConn, user_id: i64) -> Result<i64> {
    Ok(invitations::table
        .inner_join(rooms::table)
        .inner_join(users::table)
        .filter(invitations::invitee_id.eq(user_id))
        .filter(invitations::declined_at.is_null())
        .filter(rooms::deleted_at.is_null())
        .filter(users::status.eq(ACTIVE))
        .count()
        .get_result(conn)?)
}

/// Accepts an invitation; returns the room. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when this person has no such pending invitation.
pub fn accept(conn: &mut DbConn, user_id: i64, id: i64) -> Result<i64> {
    installation::take_turn(conn)?;
    let room_id = room_of(conn, user_id, id)?;
    Room::admit(conn, room_id, user_id)?;
    Ok(room_id)
}

/// Declines every pending invitation of this person into the same room. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when this person has no such pending invitation.
pub fn decline(conn: &mut DbConn, user_id: i64, id: i64) -> Result<()> {
    installation::take_turn(conn)?;
    let room_id = room_of(conn, user_id, id)?;
    let all = invitations::table
        .filter(invitations::invitee_id.eq(user_id))
        .filter(invitations::room_id.eq(room_id))
        .filter(invitations::declined_at.is_null());
    diesel::update(all)
        .set(invitations::declined_at.eq(now()))
        .execute(conn)?;
    change_notice::write(conn, [ChangeNotice::Invitations(user_id)])
}

fn room_of(conn: &mut DbConn, user_id: i64, id: i64) -> Result<i64> {
    let of_mine = pending(conn, user_id)?.into_iter();
    let mut wanted = of_mine.filter(|invitation| invitation.id.0 == id);
    Ok(wanted.next().ok_or(Error::NotFound)?.room.id.0)
}

/// Which invitations are void.
#[derive(Debug, Clone, Copy)]
pub enum Void {
    /// Those into a room.
    Room(i64),
    /// Those that a member sent into a room: (room, inviter).
    SentInto(i64, i64),
    /// Those of a person into a room: (room, invitee).
    Into(i64, i64),
    /// Those from one person to another: (inviter, invitee).
    Between(i64, i64),
    /// All from and to a person.
    Person(i64),
}

/// Deletes invitations, declined ones too, and notes whose pending ones changed. Runs in a transaction that began with
/// [`installation::take_turn`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn withdraw(conn: &mut DbConn, void: Void) -> Result<()> {
    let mut wanted = invitations::table
        .select((invitations::id, invitations::invitee_id))
        .into_boxed();
    wanted = match void {
        Void::Room(room_id) => wanted.filter(invitations::room_id.eq(room_id)),
        Void::SentInto(room_id, inviter_id) => wanted
            .filter(invitations::room_id.eq(room_id))
            .filter(invitations::inviter_id.eq(inviter_id)),
        Void::Into(room_id, invitee_id) => wanted
            .filter(invitations::invitee_id.eq(invitee_id))
            .filter(invitations::room_id.eq(room_id)),
        Void::Between(inviter_id, invitee_id) => wanted
            .filter(invitations::invitee_id.eq(invitee_id))
            .filter(invitations::inviter_id.eq(inviter_id)),
        Void::Person(user_id) => wanted
            .filter((invitations::invitee_id.eq(user_id)).or(invitations::inviter_id.eq(user_id))),
    };
    let rows: Vec<(i64, i64)> = wanted.load(conn)?;
    let (ids, mut people): (Vec<i64>, Vec<i64>) = rows.into_iter().unzip();
    if ids.is_empty() {
        return Ok(());
    }
    diesel::delete(invitations::table.filter(invitations::id.eq_any(ids))).execute(conn)?;
    people.sort_unstable();
    people.dedup();
    change_notice::write(conn, people.into_iter().map(ChangeNotice::Invitations))
}

/// Forgets what was declined long ago; returns how many.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn) -> Result<usize> {
    let before = now() - TimeDelta::days(DECLINED_DAYS);
    let old = invitations::table.filter(invitations::declined_at.lt(before));
    Ok(diesel::delete(old).execute(conn)?)
}
