//! `rooms/index.html` and `people/index.html`: the directories.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use crate::models::room::Room;
use crate::models::room::directory::DirectoryPage;
use crate::protocol::Id;
use crate::views::layout::{DisplayUser, Page};
use crate::views::templates::View;

/// Position of a page in a list.
#[derive(Debug, Serialize)]
pub struct Pagination {
    /// Position of its first entry, from 1.
    pub first: i64,
    /// Position of its last entry.
    pub last: i64,
    /// Number of entries of the list.
    pub count: i64,
    /// Whether the page has the whole list.
    pub whole: bool,
    /// Query string of the first page, unless this is it.
    pub start: Option<String>,
    /// Query string of the next page, if there is one.
    pub next: Option<String>,
}

impl Pagination {
    /// Makes the pagination of a slice of the results of a search.
    pub fn new<T>(slice: &DirectoryPage<T>, search: &str) -> Self {
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
                .map(|cursor| query(Some(cursor.to_string()))),
        }
    }
}

/// The directory of open rooms, and the form for a new room.
#[derive(Debug, Serialize)]
pub struct RoomsPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Sidebar.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Open rooms that the user can join.
    pub open_rooms: Vec<OpenRoom>,
    /// Pagination of the open rooms.
    pub pages: Pagination,
    /// Search text.
    pub search: &'a str,
    /// Submitted values.
    pub form: RoomForm<'a>,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

/// An open room.
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

/// Submitted values of a new room.
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

/// The directory of users.
#[derive(Debug, Serialize)]
pub struct PeoplePage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Sidebar.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Users on this page.
    pub people: Vec<DisplayUser>,
    /// Pagination of the users.
    pub pages: Pagination,
    /// Search text.
    pub search: &'a str,
    /// Submitted recipients with whom no conversation could be started.
    pub to: &'a str,
    /// Whether the user may create invite links.
    pub may_invite: bool,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for PeoplePage<'_> {
    const TEMPLATE: &'static str = "people/index.html";
}
