//! `rooms/index.html` and `people/index.html`: what can be found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::page::{Page, Person};
use super::rooms::RoomLink;
use super::templates::View;
use crate::models::room::Room;
use crate::realtime::frames::Id;

/// My rooms, the open ones, and the form for a new one.
#[derive(Debug, Serialize)]
pub struct RoomsPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The sidebar: my rooms.
    pub rooms: Vec<RoomLink>,
    /// Those I may enter.
    pub open_rooms: Vec<OpenRoom>,
    /// What was looked for.
    pub search: &'a str,
    /// What was typed.
    pub form: RoomForm<'a>,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

/// A room to enter.
#[derive(Debug, Serialize)]
pub struct OpenRoom {
    id: Id,
    name: String,
    topic: String,
}

impl From<Room> for OpenRoom {
    fn from(room: Room) -> Self {
        Self {
            id: Id(room.id),
            name: room.name,
            topic: room.topic,
        }
    }
}

/// What was typed for a new room.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in POST /rooms")]
pub struct RoomForm<'a> {
    pub name: &'a str,
    pub topic: &'a str,
    pub kind: &'a str,
    pub members: Vec<&'a str>,
}

impl View for RoomsPage<'_> {
    const TEMPLATE: &'static str = "rooms/index.html";
}

/// People to talk to.
#[derive(Debug, Serialize)]
pub struct PeoplePage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The sidebar.
    pub rooms: Vec<RoomLink>,
    /// The people found.
    pub people: Vec<Person>,
    /// What was looked for.
    pub search: &'a str,
    /// Whom a conversation could not be started with.
    pub to: &'a str,
    /// Whether the person may make links for others to come by.
    pub may_invite: bool,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for PeoplePage<'_> {
    const TEMPLATE: &'static str = "people/index.html";
}
