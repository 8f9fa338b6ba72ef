//! Joining and leaving rooms, and adding and removing members. All functions require a write transaction.

use super::direct::find_active_user;
use super::invitation::{self, InvitationFilter, InviteOutcome};
use super::membership::Membership;
use super::{LOBBY, Room};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::database::connection::DbConn;
use crate::models::user::User;
use crate::models::{change_notice, installation};
use crate::protocol::{NotificationLevel, RoomKind};

impl Room {
    /// Adds a user to an open room; returns whether they were not yet a member.
    ///
    /// # Errors
    /// `NotFound` when the user may not read the room.
    pub fn join(conn: &mut DbConn, user: &User, id: i64) -> Result<bool> {
        installation::lock(conn)?;
        let (_, membership) = Self::find_for(conn, user, id)?;
        if membership.is_some() {
            return Ok(false);
        }
        Self::add_user(conn, id, user.id)
    }

    /// Removes the user from a room.
    ///
    /// # Errors
    /// `NotFound` when the user is not a member; `Forbidden` for the Lobby and direct rooms.
    pub fn leave(conn: &mut DbConn, user: &User, id: i64) -> Result<()> {
        installation::lock(conn)?;
        let (room, _) = Self::find_for(conn, user, id)?;
        room.require_changeable_members()?;
        Self::end_membership(conn, id, user.id)
    }

    /// Adds a user to a room and withdraws their invitations to it; returns whether they were not yet a member.
    /// Requires a transaction that began with [`installation::lock`].
    pub(in crate::models) fn add_user(conn: &mut DbConn, id: i64, user_id: i64) -> Result<bool> {
        let is_new = Membership::create(conn, id, user_id, NotificationLevel::Mentions)?;
        if is_new {
            invitation::withdraw(conn, InvitationFilter::ReceivedFor(id, user_id))?;
            change_notice::record_memberships(conn, id, &[user_id])?;
        }
        Ok(is_new)
    }

    /// Adds or invites a user on behalf of a member; returns the invitee's id and the outcome.
    ///
    /// # Errors
    /// `NotFound` when the member may not read the room; `Forbidden` for non-members, the Lobby and direct rooms;
    /// `Invalid` for `username` when there is no such user.
    pub fn add_member(
        conn: &mut DbConn,
        user: &User,
        id: i64,
        name: &str,
    ) -> Result<(i64, InviteOutcome)> {
        installation::lock(conn)?;
        let invitee = Self::find_for_member_change(conn, user, id, name)?;
        let outcome = invitation::invite(conn, user.id, id, invitee.id)?;
        Ok((invitee.id, outcome))
    }

    /// Removes a member on behalf of the room's creator or an admin; returns the removed member's id.
    ///
    /// # Errors
    /// As [`Room::add_member`]; `Forbidden` for other members.
    pub fn remove_member(conn: &mut DbConn, user: &User, id: i64, name: &str) -> Result<i64> {
        installation::lock(conn)?;
        let member = Self::find_for_member_change(conn, user, id, name)?;
        let (room, _) = Self::find_for(conn, user, id)?;
        if member.id != user.id {
            room.require_manager(user)?;
        }
        Self::end_membership(conn, id, member.id).map_err(|error| match error {
            Error::NotFound => Error::field("username", "error-member-not-here"),
            other => other,
        })?;
        Ok(member.id)
    }

    /// Removes a member and withdraws the invitations they sent to the room.
    fn end_membership(conn: &mut DbConn, id: i64, user_id: i64) -> Result<()> {
        Membership::delete(conn, id, user_id)?;
        invitation::withdraw(conn, InvitationFilter::SentTo(id, user_id))?;
        change_notice::record_memberships(conn, id, &[user_id])
    }

    /// Returns the user named `name` if `user` may add members to the room.
    fn find_for_member_change(conn: &mut DbConn, user: &User, id: i64, name: &str) -> Result<User> {
        let (room, membership) = Self::find_for(conn, user, id)?;
        room.require_changeable_members()?;
        if membership.is_none() && !user.is_admin() {
            return Err(Error::Forbidden);
        }
        find_active_user(conn, name.trim()).map_err(|error| match error {
            Error::NotFound => {
                let unknown = LocalizedMessage::with("error-member-unknown", "name", name.trim());
                Error::field("username", unknown)
            }
            other => other,
        })
    }

    fn require_changeable_members(&self) -> Result<()> {
        if self.id == LOBBY || self.kind == RoomKind::Direct {
            return Err(Error::Forbidden);
        }
        Ok(())
    }
}
