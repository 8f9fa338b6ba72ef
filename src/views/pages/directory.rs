//! `rooms/index.html` and `people/index.html`: what can be found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use crate::models::room::Room;
use crate::models::room::directory::Slice;
use crate::realtime::frames::Id;
use crate::views::layout::{DisplayUser, Page};
use crate::views::templates::View;

/// Which part of a list a page shows.
#[derive(Debug, Serialize)]
pub struct Pagination {
    /// The place of its first entry in the list, from 1.
    pub first: i64,
    /// The place of its last entry.
    pub last: i64,
    /// How many entries the list has.
    pub count: i64,
    /// Whether it is the whole list.
    pub whole: bool,
    /// The query of the first page, unless this is it.
    pub start: Option<String>,
    /// The query of the next page, if there is one.
    pub next: Option<String>,
}

impl Pagination {
    /// The part that a slice is, of what was searched for.
    pub fn new<T>(slice: &Slice<T>, search: &str) -> Self {
        let query = |after: Option<String>| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            if !search.is_empty() {
                query.append_pair("search", search);
            }
            if let Some(after) = after {
                query.append_pair("after", &after);
            }
            format!("?{}", query.finish())
        };
        let shown = slice.items.len() as i64;
        Self {
            first: slice.before + 1,
            last: slice.before + shown,
            count: slice.total,
            whole: shown == slice.total,
            start: (slice.before > 0).then(|| query(None)),
            next: slice
                .next
                .as_ref()
                .map(|place| query(Some(place.to_string()))),
        }
    }
}

/// My rooms, the open ones, and the form for a new one.
#[derive(Debug, Serialize)]
pub struct RoomsPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The sidebar: my rooms.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Those I may enter.
    pub open_rooms: Vec<OpenRoom>,
    /// Which part of the open ones that is.
    pub pages: Pagination,
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
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// The people found.
    pub people: Vec<DisplayUser>,
    /// Which part of all that is.
    pub pages: Pagination,
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
