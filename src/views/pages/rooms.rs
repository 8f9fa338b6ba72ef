//! `rooms/show.html` and its fragments: a room.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::models::room::summary::RoomList;
use crate::protocol::{self, ClientLimits};
use crate::views::layout::{Base, DisplayUser, Page, display_name};
use crate::views::locale::Locale;
use crate::views::templates::View;

/// A room's page, with slots for the content that changes with each message and for the client id of the form.
#[derive(Debug, Hash, Serialize)]
pub struct RoomPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: &'a Page,
    /// Panel.
    #[serde(flatten)]
    pub panel: Panel<'a>,
    /// Whether the room has no messages.
    pub empty: bool,
    /// Limits of the user's messages.
    pub limits: ClientLimits,
    /// Epoch of the database.
    pub epoch: &'a str,
    /// Version of the server.
    pub version: &'a str,
}

/// The sidebar.
#[derive(Debug, Hash, Serialize)]
pub struct Sidebar<'a> {
    /// Layout.
    #[serde(flatten)]
    pub base: &'a Base,
    /// Entries.
    #[serde(flatten)]
    pub rooms: &'a RoomLinks,
}

/// The range of the history on the page, as three blocks: attributes, link to older messages, link to newer ones.
#[derive(Debug, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Extent<'a> {
    /// Layout.
    #[serde(flatten)]
    pub base: &'a Base,
    /// Room id.
    pub room_id: protocol::Id,
    /// `seq` of the room's last message.
    pub seq: i64,
    /// `ver` of the room's last change.
    pub ver: i64,
    /// Read position of the user.
    pub read_seq: i64,
    /// `seq` of the first message shown, or 0.
    pub first_seq: i64,
    /// `seq` of the last message shown, or 0.
    pub last_seq: i64,
    /// Whether there are messages before the first one shown.
    pub older: bool,
    /// Whether there are messages after the last one shown.
    pub newer: bool,
    /// `seq` of the permalinked message.
    pub at: Option<i64>,
    /// When the other user of a one-to-one room was last seen (RFC 3339), if known.
    pub last_seen: Option<&'a str>,
}

/// The panel with the forms of a room.
#[derive(Debug, Hash, Serialize)]
pub struct Panel<'a> {
    /// The room.
    pub room: &'a RoomDetails,
    /// Whether the user is a member.
    pub member: bool,
    /// Whether the user may change and delete the room.
    pub can_manage: bool,
    /// Whether it is the Lobby.
    pub lobby: bool,
    /// Username of the other user of a one-to-one room.
    pub other_username: Option<&'a str>,
    /// Whether the other user's account is deleted.
    pub other_deleted: bool,
    /// Whether the user blocks the other user.
    pub blocked: bool,
    /// Whether the room was recently changed from closed to open while the user was a member.
    pub recently_opened: bool,
    /// `added` or `invited` after a member was invited.
    pub member_notice: Option<&'static str>,
    /// Submitted values by field.
    pub form: &'a BTreeMap<&'static str, String>,
    /// Error messages by field.
    pub errors: &'a BTreeMap<&'static str, Option<String>>,
}

/// The members of a room.
#[derive(Debug, Hash, Serialize)]
pub struct People<'a> {
    /// Layout.
    #[serde(flatten)]
    pub base: &'a Base,
    /// The room.
    pub room: &'a RoomDetails,
    /// Whether the user may remove members.
    pub can_manage: bool,
    /// Whether it is the Lobby.
    pub lobby: bool,
    /// Whether it is a one-to-one room.
    pub one_to_one: bool,
    /// Members with read positions; empty for the Lobby.
    pub members: &'a [Member],
}

/// The room.
#[derive(Debug, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in the hello frame")]
pub struct RoomDetails {
    pub id: protocol::Id,
    pub kind: protocol::RoomKind,
    pub name: String,
    pub topic: String,
    pub involvement: String,
}

/// Entries of the sidebar.
#[derive(Debug, Hash, Serialize)]
pub struct RoomLinks {
    /// Rooms.
    pub rooms: Vec<RoomLink>,
    /// Number of pending invitations.
    pub invitations: i64,
}

/// An entry of the sidebar.
#[derive(Debug, Hash, Serialize)]
#[expect(missing_docs, reason = "as in the hello frame")]
pub struct RoomLink {
    pub id: protocol::Id,
    pub kind: protocol::RoomKind,
    pub name: String,
    pub unread: i64,
    pub mentions: i64,
    pub current: bool,
    pub involvement: protocol::NotificationLevel,
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

/// A member of the room.
#[derive(Debug, Hash, Serialize)]
pub struct Member {
    #[serde(flatten)]
    person: DisplayUser,
    /// Read position.
    #[serde(rename = "readSeq")]
    read_seq: i64,
}

impl Member {
    /// Makes a member with a read position.
    pub fn new(locale: Locale, user: &protocol::User, read_seq: i64) -> Self {
        Self {
            person: DisplayUser::localized(locale, user),
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
        room.involvement != protocol::NotificationLevel::Hidden || Some(room.id) == current
    };
    let (mut directs, mut rooms): (Vec<_>, Vec<_>) = rooms
        .into_iter()
        .filter(is_shown)
        .partition(|room| room.kind == protocol::RoomKind::Direct);
    rooms.sort_by_cached_key(|room| (room.id.0 != 1, room.name.to_lowercase()));
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
