//! The forms that create, change and delete a room.

use serde::Deserialize;

use super::page::FormValues;
use crate::controllers::App;
use crate::controllers::concerns::rate_limits;
use crate::error::Result;
use crate::models::room::Room;
use crate::models::room::management::{NewRoom, RoomChange, parse_kind};
use crate::models::user::User;
use crate::models::values::room_name::{RoomName, Topic};

/// Fields of the forms.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RoomInput {
    pub(super) name: Option<String>,
    pub(super) topic: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) members: Vec<String>,
    pub(super) confirm: String,
}

impl RoomInput {
    fn new_room(&self) -> Result<NewRoom> {
        Ok(NewRoom {
            name: RoomName::parse(self.name.as_deref().unwrap_or_default())?,
            topic: Topic::parse(self.topic.as_deref().unwrap_or_default())?,
            kind: parse_kind(self.kind.as_deref().unwrap_or("open"))?,
            members: self.members.clone(),
        })
    }

    pub(super) fn change(&self) -> Result<RoomChange> {
        Ok(RoomChange {
            name: self.name.as_deref().map(RoomName::parse).transpose()?,
            topic: self.topic.as_deref().map(Topic::parse).transpose()?,
            kind: self.kind.as_deref().map(parse_kind).transpose()?,
            confirm: self.confirm.clone(),
        })
    }
}

impl From<RoomInput> for FormValues {
    fn from(typed: RoomInput) -> Self {
        vec![
            ("name", typed.name.unwrap_or_default()),
            ("topic", typed.topic.unwrap_or_default()),
            ("kind", typed.kind.unwrap_or_default()),
            ("confirm", typed.confirm),
        ]
    }
}

/// Creates a room, notifies its members and invitees, and returns its id.
pub(in crate::controllers) async fn create_room(
    app: &App,
    user: &User,
    fields: &RoomInput,
) -> Result<i64> {
    let (creator, new) = (user.clone(), fields.new_room()?);
    let members = new.members.iter().filter(|name| !name.trim().is_empty());
    let tries = app.rate_limits.room_creation(user.id, members.count());
    rate_limits::acquire_each(&app.database, tries).await?;
    let write = app
        .database
        .write(move |conn| Room::create(conn, &creator, &new));
    let created = write.await?;
    for member in created.members {
        app.realtime.join_room(member, created.id, false);
    }
    for invitee in created.invited {
        app.realtime.invitations_changed(invitee);
    }
    Ok(created.id)
}
