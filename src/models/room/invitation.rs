//! Invitations to rooms, pending until the invitee accepts or declines. (Links for registration are in
//! [`invite`](crate::models::auth::invite).)
//!
//! An inviter learns only that the invitation was accepted for delivery, not whether it was declined, or not shown
//! because the invitee blocks the inviter or accepts no messages from them.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::Room;
use super::membership::Membership;
use crate::error::{Error, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{invitations, rooms, users};
use crate::models::user::User;
use crate::models::user::{block, direct_message_policy};
use crate::models::values::user_status::Status;
use crate::models::{change_notice, installation, now, rfc3339};
use crate::protocol::RoomKind;
use crate::protocol::commands::ChangeNotice;
use crate::protocol::{Id, Invitation, InvitedRoom};

/// Maximum number of pending invitations of one user from one inviter.
const MAX_PENDING_PER_INVITER: i64 = 5;
/// Maximum number of pending invitations of one user.
const MAX_PENDING: i64 = 100;
/// Days that a declined invitation is stored. Until then, further invitations by the same inviter to that room are
/// dropped.
const DECLINED_DAYS: i64 = 30;

/// Outcome of an invitation as shown to the inviter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteOutcome {
    /// The invitee is a member of the room.
    Added {
        /// Whether this call added them.
        is_new: bool,
    },
    /// The invitee was invited, or the invitation was dropped without telling the inviter.
    Invited,
}

/// Adds a user to a room at once if they share a private room with the inviter; otherwise stores an invitation. Stores
/// nothing when the invitee blocks the inviter, accepts no messages from them, declined recently, or has too many
/// pending invitations. Requires a transaction that began with [`installation::lock`].
///
/// # Errors
/// `NotFound` when there is no such room or user.
pub fn invite(
    conn: &mut DbConn,
    inviter_id: i64,
    room_id: i64,
    invitee_id: i64,
) -> Result<InviteOutcome> {
    if Membership::find(conn, room_id, invitee_id)?.is_some() {
        return Ok(InviteOutcome::Added { is_new: false });
    }
    let is_self = inviter_id == invitee_id;
    if !is_self && !direct_message_policy::may_reach(conn, inviter_id, invitee_id)? {
        return Ok(InviteOutcome::Invited);
    }
    // A third user must not bring two users together of whom one blocks the other.
    let may_add = is_self
        || direct_message_policy::share_a_private_room(conn, inviter_id, invitee_id)?
            && !block::exists_with_members(conn, room_id, invitee_id)?;
    if may_add {
        let is_new = Room::add_user(conn, room_id, invitee_id)?;
        return Ok(InviteOutcome::Added { is_new });
    }
    create(conn, inviter_id, room_id, invitee_id)?;
    Ok(InviteOutcome::Invited)
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
    let from_inviter: i64 = pending
        .filter(invitations::inviter_id.eq(inviter_id))
        .count()
        .get_result(conn)?;
    let all: i64 = pending.count().get_result(conn)?;
    if earlier.is_some() || from_inviter >= MAX_PENDING_PER_INVITER || all >= MAX_PENDING {
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
    change_notice::record(conn, [ChangeNotice::Invitations(invitee_id)])
}

/// Returns the pending invitations of a user, oldest first.
pub fn pending(conn: &mut DbConn, user_id: i64) -> Result<Vec<Invitation>> {
    type Row = (i64, NaiveDateTime, i64, RoomKind, String, String, User);
    let rows: Vec<Row> = on_each!(conn, conn => invitations::table
        .inner_join(rooms::table)
        .inner_join(users::table)
        .filter(invitations::invitee_id.eq(user_id))
        .filter(invitations::declined_at.is_null())
        .filter(rooms::deleted_at.is_null())
        .filter(users::status.eq(Status::Active))
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
        inviter: inviter.to_public(),
        created_at: rfc3339(created_at),
    };
    Ok(rows.into_iter().map(invitation).collect())
}

/// Returns the number of pending invitations of a user.
pub fn count(conn: &mut DbConn, user_id: i64) -> Result<i64> {
    Ok(invitations::table
        .inner_join(rooms::table)
        .inner_join(users::table)
        .filter(invitations::invitee_id.eq(user_id))
        .filter(invitations::declined_at.is_null())
        .filter(rooms::deleted_at.is_null())
        .filter(users::status.eq(Status::Active))
        .count()
        .get_result(conn)?)
}

/// Accepts an invitation; returns the room id. Requires a write transaction.
///
/// # Errors
/// `NotFound` when the user has no such pending invitation.
pub fn accept(conn: &mut DbConn, user_id: i64, id: i64) -> Result<i64> {
    installation::lock(conn)?;
    let room_id = room_of(conn, user_id, id)?;
    Room::add_user(conn, room_id, user_id)?;
    Ok(room_id)
}

/// Declines an invitation and all other pending invitations of the user to the same room. Requires a write transaction.
///
/// # Errors
/// `NotFound` when the user has no such pending invitation.
pub fn decline(conn: &mut DbConn, user_id: i64, id: i64) -> Result<()> {
    installation::lock(conn)?;
    let room_id = room_of(conn, user_id, id)?;
    let all = invitations::table
        .filter(invitations::invitee_id.eq(user_id))
        .filter(invitations::room_id.eq(room_id))
        .filter(invitations::declined_at.is_null());
    diesel::update(all)
        .set(invitations::declined_at.eq(now()))
        .execute(conn)?;
    change_notice::record(conn, [ChangeNotice::Invitations(user_id)])
}

fn room_of(conn: &mut DbConn, user_id: i64, id: i64) -> Result<i64> {
    let pending = pending(conn, user_id)?.into_iter();
    let mut found = pending.filter(|invitation| invitation.id.0 == id);
    Ok(found.next().ok_or(Error::NotFound)?.room.id.0)
}

/// Selects invitations to withdraw.
#[derive(Debug, Clone, Copy)]
pub enum InvitationFilter {
    /// All to a room.
    Room(i64),
    /// Those to a room by one inviter: (room, inviter).
    SentTo(i64, i64),
    /// Those to a room for one invitee: (room, invitee).
    ReceivedFor(i64, i64),
    /// Those by one inviter to one invitee: (inviter, invitee).
    Between(i64, i64),
    /// All sent or received by a user.
    User(i64),
}

/// Deletes invitations, including declined ones, and writes a change notice for each invitee. Requires a transaction
/// that began with [`installation::lock`].
pub fn withdraw(conn: &mut DbConn, filter: InvitationFilter) -> Result<()> {
    let mut query = invitations::table
        .select((invitations::id, invitations::invitee_id))
        .into_boxed();
    query = match filter {
        InvitationFilter::Room(room_id) => query.filter(invitations::room_id.eq(room_id)),
        InvitationFilter::SentTo(room_id, inviter_id) => query
            .filter(invitations::room_id.eq(room_id))
            .filter(invitations::inviter_id.eq(inviter_id)),
        InvitationFilter::ReceivedFor(room_id, invitee_id) => query
            .filter(invitations::invitee_id.eq(invitee_id))
            .filter(invitations::room_id.eq(room_id)),
        InvitationFilter::Between(inviter_id, invitee_id) => query
            .filter(invitations::invitee_id.eq(invitee_id))
            .filter(invitations::inviter_id.eq(inviter_id)),
        InvitationFilter::User(user_id) => query
            .filter((invitations::invitee_id.eq(user_id)).or(invitations::inviter_id.eq(user_id))),
    };
    let rows: Vec<(i64, i64)> = query.load(conn)?;
    let (ids, mut invitees): (Vec<i64>, Vec<i64>) = rows.into_iter().unzip();
    if ids.is_empty() {
        return Ok(());
    }
    diesel::delete(invitations::table.filter(invitations::id.eq_any(ids))).execute(conn)?;
    invitees.sort_unstable();
    invitees.dedup();
    change_notice::record(conn, invitees.into_iter().map(ChangeNotice::Invitations))
}

/// Deletes invitations declined more than `DECLINED_DAYS` days ago; returns how many.
pub fn delete_expired(conn: &mut DbConn) -> Result<usize> {
    let before = now() - TimeDelta::days(DECLINED_DAYS);
    let expired = invitations::table.filter(invitations::declined_at.lt(before));
    Ok(diesel::delete(expired).execute(conn)?)
}
