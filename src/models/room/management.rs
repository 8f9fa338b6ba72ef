//! Creating, changing and deleting rooms, and who may do so. All functions that write require a write transaction.

use diesel::prelude::*;

use super::direct::find_active_user;
use super::invitation::{self, InvitationFilter, InviteOutcome};
use super::name_key;
use super::{LOBBY, Room};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{memberships, rooms};
use crate::models::user::User;
use crate::models::values::room_name::{RoomName, Topic};
use crate::models::{change_notice, installation, now};
use crate::protocol::RoomKind;
use crate::protocol::commands::ChangeNotice;

/// A room to create.
#[derive(Debug)]
pub struct NewRoom {
    /// Name.
    pub name: RoomName,
    /// Topic.
    pub topic: Topic,
    /// Open or closed.
    pub kind: RoomKind,
    /// Usernames to add or invite.
    pub members: Vec<String>,
}

/// A created room.
#[derive(Debug)]
pub struct CreatedRoom {
    /// Primary key.
    pub id: i64,
    /// Members, including the creator.
    pub members: Vec<i64>,
    /// Users whose pending invitations may have changed.
    pub invited: Vec<i64>,
}

/// Changes to a room; `None` leaves a field as it is.
#[derive(Debug, Default)]
pub struct RoomChange {
    /// New name.
    pub name: Option<RoomName>,
    /// New topic.
    pub topic: Option<Topic>,
    /// Open or closed.
    pub kind: Option<RoomKind>,
    /// The room's current name, typed to confirm that a closed room becomes open.
    pub confirm: String,
}

/// Parses the kind of a room that a user may create.
///
/// # Errors
/// `Invalid` for `kind`.
pub fn parse_kind(text: &str) -> Result<RoomKind> {
    RoomKind::parse(text)
        .filter(|kind| *kind != RoomKind::Direct)
        .ok_or_else(|| Error::field("kind", "error-room-kind"))
}

impl Room {
    /// Creates a room, and adds or invites the other users as [`invitation::invite`] does.
    ///
    /// # Errors
    /// `Invalid` for `members` when a user does not exist, and for `name` when another open room has it.
    pub fn create(conn: &mut DbConn, creator: &User, new: &NewRoom) -> Result<CreatedRoom> {
        // Serializes creation, so that the new room is the one with the largest id.
        installation::lock(conn)?;
        let mut user_ids = vec![creator.id];
        for name in new.members.iter().filter(|name| !name.trim().is_empty()) {
            let user = find_active_user(conn, name.trim()).map_err(|error| match error {
                Error::NotFound => {
                    let unknown =
                        LocalizedMessage::with("error-member-unknown", "name", name.trim());
                    Error::field("members", unknown)
                }
                other => other,
            })?;
            if !user_ids.contains(&user.id) {
                user_ids.push(user.id);
            }
        }
        name_key::require_free(conn, new.kind, new.name.as_str(), None)?;
        let created_at = now();
        let row = (
            rooms::kind.eq(new.kind),
            rooms::name.eq(new.name.as_str()),
            rooms::name_key.eq(name_key::for_room(new.kind, new.name.as_str())),
            rooms::topic.eq(new.topic.as_str()),
            rooms::created_by.eq(creator.id),
            rooms::created_at.eq(created_at),
            rooms::opened_at.eq((new.kind == RoomKind::Open).then_some(created_at)),
        );
        on_each!(conn, conn => diesel::insert_into(rooms::table).values(row).execute(conn))
            .map_err(name_key::map_unique_violation)?;
        let room_id: i64 = rooms::table
            .order(rooms::id.desc())
            .select(rooms::id)
            .first(conn)?;
        let mut created = CreatedRoom {
            id: room_id,
            members: Vec::new(),
            invited: Vec::new(),
        };
        for user_id in user_ids {
            match invitation::invite(conn, creator.id, room_id, user_id)? {
                InviteOutcome::Added { .. } => created.members.push(user_id),
                InviteOutcome::Invited => created.invited.push(user_id),
            }
        }
        Ok(created)
    }

    /// Changes a room. Allowed for its creator and admins.
    ///
    /// # Errors
    /// `NotFound` when the user may not read the room; `Forbidden` for other users, for direct rooms and for the kind
    /// of the Lobby; `Invalid` for `confirm` when a closed room would become open and it is not the room's name, and
    /// for `name` when another open room has it.
    pub fn update(conn: &mut DbConn, user: &User, id: i64, change: &RoomChange) -> Result<()> {
        installation::lock(conn)?;
        let (room, _) = Self::find_for(conn, user, id)?;
        room.require_manager(user)?;
        if id == LOBBY && change.kind.is_some_and(|kind| kind != RoomKind::Open) {
            return Err(Error::Forbidden);
        }
        let becomes_open = room.kind == RoomKind::Closed && change.kind == Some(RoomKind::Open);
        if becomes_open && change.confirm.trim() != room.name {
            return Err(Error::field("confirm", "error-room-confirm-open"));
        }
        if becomes_open {
            diesel::update(rooms::table.find(id))
                .set(rooms::opened_at.eq(now()))
                .execute(conn)?;
        } else if room.kind == RoomKind::Open {
            // Rooms created by plain SQL have no `opened_at`.
            diesel::update(rooms::table.find(id).filter(rooms::opened_at.is_null()))
                .set(rooms::opened_at.eq(now()))
                .execute(conn)?;
        }
        let name = change
            .name
            .as_ref()
            .map_or(room.name.as_str(), RoomName::as_str);
        let topic = change
            .topic
            .as_ref()
            .map_or(room.topic.as_str(), Topic::as_str);
        let kind = change.kind.unwrap_or(room.kind);
        // An unchanged name stays valid, even one from before names had to be unique.
        let needs_new_key = name != room.name || kind != room.kind;
        if needs_new_key {
            name_key::require_free(conn, kind, name, Some(id))?;
            let key = rooms::name_key.eq(name_key::for_room(kind, name));
            let update = diesel::update(rooms::table.find(id)).set(key);
            update
                .execute(conn)
                .map_err(name_key::map_unique_violation)?;
        }
        diesel::update(rooms::table.find(id))
            .set((
                rooms::name.eq(name),
                rooms::topic.eq(topic),
                rooms::kind.eq(kind),
            ))
            .execute(conn)?;
        change_notice::record(conn, [ChangeNotice::Room(id)])
    }

    /// Deletes a room and its memberships; its messages stay in the database.
    ///
    /// # Errors
    /// As [`Room::update`]; `Forbidden` for the Lobby; `Invalid` for `confirm` when it is not the room's name.
    pub fn delete(conn: &mut DbConn, user: &User, id: i64, confirm: &str) -> Result<()> {
        installation::lock(conn)?;
        let (room, _) = Self::find_for(conn, user, id)?;
        room.require_manager(user)?;
        if id == LOBBY {
            return Err(Error::Forbidden);
        }
        if confirm.trim() != room.name {
            return Err(Error::field("confirm", "error-room-confirm"));
        }
        diesel::update(rooms::table.find(id))
            .set((
                rooms::deleted_at.eq(now()),
                rooms::name_key.eq(None::<String>),
            ))
            .execute(conn)?;
        diesel::delete(memberships::table.filter(memberships::room_id.eq(id))).execute(conn)?;
        invitation::withdraw(conn, InvitationFilter::Room(id))?;
        change_notice::record(conn, [ChangeNotice::Room(id)])
    }

    /// Requires that the user may change and delete the room.
    pub(super) fn require_manager(&self, user: &User) -> Result<()> {
        let is_manager = user.is_admin() || self.created_by == Some(user.id);
        if self.kind == RoomKind::Direct || !is_manager {
            return Err(Error::Forbidden);
        }
        Ok(())
    }

    /// Returns whether the user may change and delete the room.
    pub fn can_be_managed_by(&self, user: &User) -> bool {
        self.require_manager(user).is_ok()
    }
}
