//! `rooms/show.html` and its fragments: a room.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::models::room::LOBBY;
use crate::models::room::summary::RoomList;
use crate::models::user::User;
use crate::protocol::{self, ClientLimits, NotificationLevel, RoomKind};
use crate::views::display_preferences::DisplayPreferences;
use crate::views::layout::{DisplayUser, FieldMessages, FragmentVariables, Page, display_name};
use crate::views::locale::Locale;

/// A room's page, with slots for the content that changes with each message and for the client id of the form.
#[derive(Debug, Hash, Serialize)]
pub struct RoomPage<'a> {
    #[serde(flatten)]
    pub page: &'a Page,
    #[serde(flatten)]
    pub panel: Panel<'a>,
    pub empty: bool,
    pub limits: ClientLimits,
    pub epoch: &'a str,
    pub version: &'a str,
}

/// The sidebar.
#[derive(Debug, Hash, Serialize)]
pub struct Sidebar<'a> {
    #[serde(flatten)]
    pub variables: &'a FragmentVariables,
    #[serde(flatten)]
    pub rooms: &'a RoomLinks,
}

/// The range of messages on the page, as three blocks: attributes, link to older messages, link to newer ones.
#[derive(Debug, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadedRange<'a> {
    #[serde(flatten)]
    pub variables: &'a FragmentVariables,
    pub room_id: protocol::Id,
    pub seq: i64,
    pub ver: i64,
    pub read_seq: i64,
    /// `seq` of the first message shown, or 0.
    pub first_seq: i64,
    /// `seq` of the last message shown, or 0.
    pub last_seq: i64,
    pub older: bool,
    pub newer: bool,
    /// `seq` of the permalinked message.
    pub at: Option<i64>,
    /// When the other user of a one-to-one room was last seen (RFC 3339), if known.
    pub last_seen: Option<&'a str>,
}

/// The panel with the forms of a room.
#[derive(Debug, Hash, Serialize)]
pub struct Panel<'a> {
    pub room: &'a RoomDetails,
    pub member: bool,
    /// Whether the user may change and delete the room.
    pub can_manage: bool,
    pub lobby: bool,
    pub other_username: Option<&'a str>,
    pub other_deleted: bool,
    pub blocked: bool,
    /// Whether the room was recently changed from closed to open while the user was a member.
    pub recently_opened: bool,
    /// `added` or `invited` after a member was invited.
    pub member_notice: Option<&'static str>,
    pub form: &'a BTreeMap<&'static str, String>,
    pub errors: &'a FieldMessages,
}

/// The members of a room.
#[derive(Debug, Hash, Serialize)]
pub struct MemberList<'a> {
    #[serde(flatten)]
    pub variables: &'a FragmentVariables,
    pub room: &'a RoomDetails,
    pub can_manage: bool,
    pub lobby: bool,
    pub one_to_one: bool,
    /// Members with read positions; empty for the Lobby.
    pub members: &'a [Member],
}

/// The room.
#[derive(Debug, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomDetails {
    pub id: protocol::Id,
    pub kind: RoomKind,
    pub name: String,
    pub topic: String,
    /// `None` for others than members.
    pub involvement: Option<NotificationLevel>,
}

/// Entries of the sidebar.
#[derive(Debug, Hash, Serialize)]
pub struct RoomLinks {
    pub rooms: Vec<RoomLink>,
    pub invitations: i64,
}

/// Layout of a page with the sidebar, other than a room's.
#[derive(Debug, Serialize)]
pub struct SidebarPage {
    #[serde(flatten)]
    page: Page,
    #[serde(flatten)]
    rooms: RoomLinks,
}

impl SidebarPage {
    pub fn new(display: DisplayPreferences, user: &User, rooms: RoomList) -> Self {
        Self {
            page: Page::signed_in(display, user),
            rooms: room_links(display.locale, rooms, None),
        }
    }
}

/// An entry of the sidebar.
#[derive(Debug, Hash, Serialize)]
pub struct RoomLink {
    pub id: protocol::Id,
    pub kind: RoomKind,
    pub name: String,
    pub unread: i64,
    pub mentions: i64,
    pub current: bool,
    pub involvement: NotificationLevel,
    pub last_message_at: Option<String>,
    pub other: Option<DisplayUser>,
}

/// A member of the room.
#[derive(Debug, Hash, Serialize)]
pub struct Member {
    #[serde(flatten)]
    user: DisplayUser,
    #[serde(rename = "readSeq")]
    read_seq: i64,
}

impl Member {
    pub fn new(locale: Locale, user: &protocol::User, read_seq: i64) -> Self {
        Self {
            user: DisplayUser::localized(locale, user),
            read_seq,
        }
    }
}

/// Makes the sidebar: rooms by name, then conversations by latest activity. Hidden ones are listed only while open.
pub fn room_links(
    locale: Locale,
    RoomList { rooms, invitations }: RoomList,
    current: Option<protocol::Id>,
) -> RoomLinks {
    let is_shown = |room: &protocol::Room| {
        room.involvement != NotificationLevel::Hidden || Some(room.id) == current
    };
    let (mut directs, mut rooms): (Vec<_>, Vec<_>) = rooms
        .into_iter()
        .filter(is_shown)
        .partition(|room| room.kind == RoomKind::Direct);
    rooms.sort_by_cached_key(|room| (room.id.0 != LOBBY, room.name.to_lowercase()));
    directs.sort_by(|a, b| b.last_message_at.cmp(&a.last_message_at));
    let link = |room: protocol::Room| RoomLink {
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
        rooms: rooms.into_iter().chain(directs).map(link).collect(),
        invitations,
    }
}
