//! `rooms/index.html` and `people/index.html`: the directories.

use serde::Serialize;

use super::rooms::SidebarPage;
use crate::models::room::Room;
use crate::models::room::directory::DirectoryPage;
use crate::protocol::Id;
use crate::views::layout::{DisplayUser, FieldMessages};

/// Position of a page in a list.
#[derive(Debug, Serialize)]
pub struct Pagination {
    /// Position of its first entry, from 1.
    pub first: i64,
    pub last: i64,
    pub count: i64,
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
    #[serde(flatten)]
    pub layout: SidebarPage,
    pub open_rooms: Vec<OpenRoom>,
    pub pages: Pagination,
    pub search: &'a str,
    pub form: RoomForm<'a>,
    pub errors: FieldMessages,
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
pub struct RoomForm<'a> {
    pub name: &'a str,
    pub topic: &'a str,
    pub kind: &'a str,
    pub members: Vec<&'a str>,
}

/// The directory of users.
#[derive(Debug, Serialize)]
pub struct PeoplePage<'a> {
    #[serde(flatten)]
    pub layout: SidebarPage,
    pub people: Vec<DisplayUser>,
    pub pages: Pagination,
    pub search: &'a str,
    /// Submitted recipients with whom no conversation could be started.
    pub to: &'a str,
    pub may_invite: bool,
    pub errors: FieldMessages,
}
