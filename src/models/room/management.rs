//! How rooms are made, changed and deleted, and who may do it.

use diesel::prelude::*;

use super::direct::find_person;
use super::invitation::{self, Answer, Void};
use super::membership::{MENTIONS, Membership};
use super::name_key;
use super::{CLOSED, DIRECT, LOBBY, OPEN, Room};
use crate::error::{Error, Result, Sentence};
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{memberships, rooms};
use crate::models::user::User;
use crate::models::values::room_name::{RoomName, Topic};
use crate::models::{change_notice, installation, now};
use crate::realtime::change_poller::ChangeNotice;

/// A room that somebody wants.
#[derive(Debug)]
pub struct NewRoom {
    /// What it is called.
    pub name: RoomName,
    /// What it is about.
    pub topic: Topic,
    /// `open` or `closed`.
    pub kind: &'static str,
    /// Who else is added or invited from the start, by username.
    pub members: Vec<String>,
}

/// A room that was made.
#[derive(Debug)]
pub struct MadeRoom {
    /// Its id.
    pub id: i64,
    /// Everybody in it.
    pub members: Vec<i64>,
    /// Whose pending invitations may have changed.
    pub invited: Vec<i64>,
}

/// What somebody wants to be different.
#[derive(Debug, Default)]
pub struct RoomChange {
    /// Another name.
    pub name: Option<RoomName>,
    /// Another topic.
    pub topic: Option<Topic>,
    /// `open` or `closed`.
    pub kind: Option<&'static str>,
    /// The room's name until now, typed to make a closed room open.
    pub confirm: String,
}

/// Reads `open` or `closed`.
///
/// # Errors
/// `Invalid` for the field `kind`.
pub fn parse_kind(typed: &str) -> Result<&'static str> {
    match typed {
        "open" => Ok(OPEN),
        "closed" => Ok(CLOSED),
        _ => Err(Error::field("kind", "error-room-kind")),
    }
}

impl Room {
    /// Makes a room; adds or invites the others as [`invitation::invite`] does.
    ///
    /// # Errors
    /// `Invalid` for `members` when somebody does not exist, and for `name` when an open room has it.
    pub fn create(conn: &mut DbConn, creator: &User, new: &NewRoom) -> Result<MadeRoom> {
        // Whoever makes a room waits here for the one before: its number is the largest.
        installation::take_turn(conn)?;
        let mut people = vec![creator.id];
        for name in new.members.iter().filter(|name| !name.trim().is_empty()) {
            let person = find_person(conn, name.trim()).map_err(|error| match error {
                Error::NotFound => {
                    let unknown = Sentence::with("error-member-unknown", "name", name.trim());
                    Error::field("members", unknown)
                }
                other => other,
            })?;
            if !people.contains(&person.id) {
                people.push(person.id);
            }
        }
        name_key::require_free(conn, new.kind, new.name.as_str(), None)?;
        let created_at = now();
        let row = (
            rooms::kind.eq(new.kind),
            rooms::name.eq(new.name.as_str()),
            rooms::name_key.eq(name_key::held_by(new.kind, new.name.as_str())),
            rooms::topic.eq(new.topic.as_str()),
            rooms::created_by.eq(creator.id),
            rooms::created_at.eq(created_at),
            rooms::opened_at.eq((new.kind == OPEN).then_some(created_at)),
        );
        on_each!(conn, conn => diesel::insert_into(rooms::table).values(row).execute(conn))
            .map_err(name_key::name_taken)?;
        let room_id: i64 = rooms::table
            .order(rooms::id.desc())
            .select(rooms::id)
            .first(conn)?;
        let mut made = MadeRoom {
            id: room_id,
            members: Vec::new(),
            invited: Vec::new(),
        };
        for person in people {
            match invitation::invite(conn, creator.id, room_id, person)? {
                Answer::Added { .. } => made.members.push(person),
                Answer::Invited => made.invited.push(person),
            }
        }
        Ok(made)
    }

    /// Changes a room. Only its creator and admins may.
    ///
    /// # Errors
    /// `NotFound` for strangers; `Forbidden` for members, for direct rooms and for the Lobby's kind; `Invalid` for
    /// `confirm` when a closed room would become open and it is not the room's name, and for `name` when another open room
    /// has it.
    pub fn update(conn: &mut DbConn, user: &User, id: i64, change: &RoomChange) -> Result<()> {
        installation::take_turn(conn)?;
        let (room, _) = Self::find_for(conn, user, id)?;
        room.may_be_kept_by(user)?;
        if id == LOBBY && change.kind.is_some_and(|kind| kind != OPEN) {
            return Err(Error::Forbidden);
        }
        let is_opened = room.kind == CLOSED && change.kind == Some(OPEN);
        if is_opened && change.confirm.trim() != room.name {
            return Err(Error::field("confirm", "error-room-confirm-open"));
        }
        if is_opened {
            diesel::update(rooms::table.find(id))
                .set(rooms::opened_at.eq(now()))
                .execute(conn)?;
        } else if room.kind == OPEN {
            // Rooms that were made by plain SQL have no date.
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
        let kind = change.kind.unwrap_or(&room.kind);
        // A room that keeps its name and its kind keeps them, also one from before names were unique.
        let is_moved = name != room.name || kind != room.kind;
        if is_moved {
            name_key::require_free(conn, kind, name, Some(id))?;
            let key = rooms::name_key.eq(name_key::held_by(kind, name));
            let update = diesel::update(rooms::table.find(id)).set(key);
            update.execute(conn).map_err(name_key::name_taken)?;
        }
        diesel::update(rooms::table.find(id))
            .set((
                rooms::name.eq(name),
                rooms::topic.eq(topic),
                rooms::kind.eq(kind),
            ))
            .execute(conn)?;
        change_notice::write(conn, [ChangeNotice::Room(id)])
    }

    /// Deletes a room: nobody is in it any more, and its messages stay for admins.
    ///
    /// # Errors
    /// As [`Room::update`]; `Forbidden` for the Lobby; `Invalid` for `confirm` when it is not the room's name.
    pub fn delete(conn: &mut DbConn, user: &User, id: i64, confirm: &str) -> Result<()> {
        installation::take_turn(conn)?;
        let (room, _) = Self::find_for(conn, user, id)?;
        room.may_be_kept_by(user)?;
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
        invitation::withdraw(conn, Void::Room(id))?;
        change_notice::write(conn, [ChangeNotice::Room(id)])
    }

    fn may_be_kept_by(&self, user: &User) -> Result<()> {
        let is_keeper = user.is_admin() || self.created_by == Some(user.id);
        if self.kind == DIRECT || !is_keeper {
            return Err(Error::Forbidden);
        }
        Ok(())
    }

    /// Whether this person may change and delete the room.
    pub fn is_kept_by(&self, user: &User) -> bool {
        self.may_be_kept_by(user).is_ok()
    }

    /// A person enters an open room. Answers whether they were not in it before.
    ///
    /// # Errors
    /// `NotFound` when it is closed to them.
    pub fn enter(conn: &mut DbConn, user: &User, id: i64) -> Result<bool> {
        installation::take_turn(conn)?;
        let (_, membership) = Self::find_for(conn, user, id)?;
        if membership.is_some() {
            return Ok(false);
        }
        Self::admit(conn, id, user.id)
    }

    /// A person leaves a room.
    ///
    /// # Errors
    /// `NotFound` when they may not know of it or are not in it; `Forbidden` for the Lobby and direct rooms.
    pub fn leave(conn: &mut DbConn, user: &User, id: i64) -> Result<()> {
        installation::take_turn(conn)?;
        let (room, _) = Self::find_for(conn, user, id)?;
        room.may_change_members()?;
        Membership::delete(conn, id, user.id)?;
        change_notice::memberships(conn, id, &[user.id])
    }

    /// Puts a person into a room; their invitations into it are settled. Returns whether they were not in it before. Runs
    /// in a transaction that began with [`installation::take_turn`].
    pub(in crate::models) fn admit(conn: &mut DbConn, id: i64, user_id: i64) -> Result<bool> {
        let is_new = Membership::create(conn, id, user_id, MENTIONS)?;
        if is_new {
            invitation::withdraw(conn, Void::Into(id, user_id))?;
            change_notice::memberships(conn, id, &[user_id])?;
        }
        Ok(is_new)
    }

    /// A member adds or invites somebody. Returns whom, and what the member is told.
    ///
    /// # Errors
    /// `NotFound` for strangers; `Forbidden` in the Lobby and direct rooms; `Invalid` for `username`.
    pub fn invite(conn: &mut DbConn, user: &User, id: i64, name: &str) -> Result<(i64, Answer)> {
        installation::take_turn(conn)?;
        let person = Self::other_member(conn, user, id, name)?;
        let answer = invitation::invite(conn, user.id, id, person.id)?;
        Ok((person.id, answer))
    }

    /// Its creator or an admin takes somebody out. Answers whom.
    ///
    /// # Errors
    /// As [`Room::invite`]; `Forbidden` for other members.
    pub fn dismiss(conn: &mut DbConn, user: &User, id: i64, name: &str) -> Result<i64> {
        installation::take_turn(conn)?;
        let person = Self::other_member(conn, user, id, name)?;
        let (room, _) = Self::find_for(conn, user, id)?;
        if person.id != user.id {
            room.may_be_kept_by(user)?;
        }
        Membership::delete(conn, id, person.id).map_err(|error| match error {
            Error::NotFound => Error::field("username", "error-member-not-here"),
            other => other,
        })?;
        change_notice::memberships(conn, id, &[person.id])?;
        Ok(person.id)
    }

    fn other_member(conn: &mut DbConn, user: &User, id: i64, name: &str) -> Result<User> {
        let (room, membership) = Self::find_for(conn, user, id)?;
        room.may_change_members()?;
        if membership.is_none() && !user.is_admin() {
            return Err(Error::Forbidden);
        }
        find_person(conn, name.trim()).map_err(|error| match error {
            Error::NotFound => {
                let unknown = Sentence::with("error-member-unknown", "name", name.trim());
                Error::field("username", unknown)
            }
            other => other,
        })
    }

    fn may_change_members(&self) -> Result<()> {
        if self.id == LOBBY || self.kind == DIRECT {
            return Err(Error::Forbidden);
        }
        Ok(())
    }
}
