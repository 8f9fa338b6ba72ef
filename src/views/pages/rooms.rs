//! `rooms/show.html`: a room.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::models::room::MyRooms;
use crate::realtime::frames::{self, Limits};
use crate::views::layout::{Base, DisplayUser, Page, display_name};
use crate::views::locale::Locale;
use crate::views::templates::View;

/// A room's page, with holes for whatever changes when somebody says something, and for the form's client id.
#[derive(Debug, Hash, Serialize)]
pub struct RoomPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: &'a Page,
    /// The panel.
    #[serde(flatten)]
    pub panel: Panel<'a>,
    /// Whether it has no messages.
    pub empty: bool,
    /// What the person may do.
    pub limits: Limits,
    /// The database's name.
    pub epoch: &'a str,
    /// The program's name.
    pub version: &'a str,
}

/// The sidebar.
#[derive(Debug, Hash, Serialize)]
pub struct Sidebar<'a> {
    /// The frame.
    #[serde(flatten)]
    pub base: &'a Base,
    /// Its lines.
    #[serde(flatten)]
    pub rooms: &'a RoomLinks,
}

/// Which part of a room's history the page shows, in pieces: attributes, and ways to what is before and after.
#[derive(Debug, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Extent<'a> {
    /// The frame.
    #[serde(flatten)]
    pub base: &'a Base,
    /// The room.
    pub room_id: frames::Id,
    /// Its last message.
    pub seq: i64,
    /// Its last change.
    pub ver: i64,
    /// What the person has read.
    pub read_seq: i64,
    /// The first message shown, or 0.
    pub first_seq: i64,
    /// The last message shown, or 0.
    pub last_seq: i64,
    /// Whether there are messages before the first one shown.
    pub older: bool,
    /// Whether there are messages after the last one shown.
    pub newer: bool,
    /// The message that a permalink means.
    pub at: Option<i64>,
    /// When the other one of the two was last here (RFC 3339), as far as that is known.
    pub last_seen: Option<&'a str>,
}

/// What can be done about a room.
#[derive(Debug, Hash, Serialize)]
pub struct Panel<'a> {
    /// The room.
    pub room: &'a RoomDetails,
    /// Whether the person may write here.
    pub member: bool,
    /// Whether the person may change and delete the room.
    pub can_manage: bool,
    /// Whether it is the Lobby.
    pub lobby: bool,
    /// In the conversation of two people: the other one's name.
    pub other_username: Option<&'a str>,
    /// Whether the other one of the two deleted their account.
    pub other_deleted: bool,
    /// Whether the person blocks the other one of the two.
    pub blocked: bool,
    /// Whether the room became open lately, after the person came into it.
    pub recently_opened: bool,
    /// `added` or `invited`, just after the person named somebody.
    pub member_notice: Option<&'static str>,
    /// What was typed, by field.
    pub form: &'a BTreeMap<&'static str, String>,
    /// Sentences beside the fields.
    pub errors: &'a BTreeMap<&'static str, Option<String>>,
}

/// Who is in a room.
#[derive(Debug, Hash, Serialize)]
pub struct People<'a> {
    /// The frame.
    #[serde(flatten)]
    pub base: &'a Base,
    /// The room.
    pub room: &'a RoomDetails,
    /// Whether the person may remove others.
    pub can_manage: bool,
    /// Whether it is the Lobby.
    pub lobby: bool,
    /// Whether it is the conversation of two people.
    pub one_to_one: bool,
    /// Everybody, with what they have read; nobody in the Lobby.
    pub members: &'a [Member],
}

/// The room itself.
#[derive(Debug, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in the hello frame")]
pub struct RoomDetails {
    pub id: frames::Id,
    pub kind: String,
    pub name: String,
    pub topic: String,
    pub involvement: String,
}

/// What the sidebar lists.
#[derive(Debug, Hash, Serialize)]
pub struct RoomLinks {
    /// Its lines.
    pub rooms: Vec<RoomLink>,
    /// How many invitations are pending.
    pub invitations: i64,
}

/// A line of the sidebar.
#[derive(Debug, Hash, Serialize)]
#[expect(missing_docs, reason = "as in the hello frame")]
pub struct RoomLink {
    pub id: frames::Id,
    pub kind: String,
    pub name: String,
    pub unread: i64,
    pub mentions: i64,
    pub current: bool,
    pub involvement: String,
    pub last_message_at: Option<String>,
    pub other: Option<DisplayUser>,
}

impl View for RoomPage<'_> {
    const TEMPLATE: &'static str = "rooms/show.html";
}

impl View for Extent<'_> {
    const TEMPLATE: &'static str = "rooms/_extent.html";
}

impl View for People<'_> {
    const TEMPLATE: &'static str = "rooms/_people.html";
}

impl View for Sidebar<'_> {
    const TEMPLATE: &'static str = "rooms/_sidebar.html";
}

/// Somebody in the room.
#[derive(Debug, Hash, Serialize)]
pub struct Member {
    #[serde(flatten)]
    person: DisplayUser,
    /// Everything up to here is read.
    #[serde(rename = "readSeq")]
    read_seq: i64,
}

impl Member {
    /// A member and what they have read.
    pub fn new(locale: Locale, user: &frames::User, read_seq: i64) -> Self {
        Self {
            person: DisplayUser::localized(locale, user),
            read_seq,
        }
    }
}

/// The sidebar: rooms by name, then conversations by latest activity. What is hidden shows only while it is open.
pub fn room_links(
    locale: Locale,
    MyRooms { rooms, invitations }: MyRooms,
    current: Option<frames::Id>,
) -> RoomLinks {
    let is_shown = |room: &frames::Room| room.involvement != "hidden" || Some(room.id) == current;
    let (mut directs, mut others): (Vec<_>, Vec<_>) = rooms
        .into_iter()
        .filter(is_shown)
        .partition(|room| room.kind == "direct");
    others.sort_by_cached_key(|room| (room.id.0 != 1, room.name.to_lowercase()));
    directs.sort_by(|a, b| b.last_message_at.cmp(&a.last_message_at));
    let link = |room: frames::Room| RoomLink {
        current: Some(room.id) == current,
        id: room.id,
        kind: room.kind,
        name: display_name(locale, &room.name),
        unread: room.unread,
        mentions: room.mentions,
        involvement: room.involvement,
        last_message_at: room.last_message_at,
        other: room
            .other
            .map(|other| DisplayUser::localized(locale, &other)),
    };
    RoomLinks {
        rooms: others.into_iter().chain(directs).map(link).collect(),
        invitations,
    }
}
