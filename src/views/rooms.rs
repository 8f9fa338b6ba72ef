//! `rooms/show.html`: a room.

use std::collections::BTreeMap;

use serde::Serialize;

use super::page::Page;
use super::templates::View;
use crate::realtime::frames::{self, Limits};

/// A room's page.
#[derive(Debug, Serialize)]
pub struct RoomPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The room.
    pub room: ShownRoom,
    /// The sidebar.
    pub rooms: Vec<RoomLink>,
    /// The filled `rooms/_messages.html`.
    pub messages_html: String,
    /// Whether the person may write here.
    pub member: bool,
    /// Whether there are messages before the first one shown.
    pub older: bool,
    /// The first message shown, or 0.
    pub first_seq: i64,
    /// The last message shown, or 0.
    pub last_seq: i64,
    /// What the person may do.
    pub limits: Limits,
    /// The database's name.
    pub epoch: &'a str,
    /// The program's name.
    pub version: &'a str,
    /// For a form without scripts.
    pub client_id: String,
    /// What was typed.
    pub form: ComposerForm<'a>,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

/// The room itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "as in the hello frame")]
pub struct ShownRoom {
    pub id: frames::Id,
    pub kind: String,
    pub name: String,
    pub topic: String,
    pub seq: i64,
    pub ver: i64,
    pub read_seq: i64,
}

/// A line of the sidebar.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in the hello frame")]
pub struct RoomLink {
    pub id: frames::Id,
    pub kind: String,
    pub name: String,
    pub unread: i64,
    pub mentions: i64,
    pub current: bool,
}

/// A message that could not be sent as it was typed.
#[derive(Debug, Serialize)]
pub struct ComposerForm<'a> {
    /// Its text.
    pub content: &'a str,
}

impl View for RoomPage<'_> {
    const TEMPLATE: &'static str = "rooms/show.html";
}

impl RoomLink {
    /// A line for a room, while another or the same one is shown.
    pub fn new(room: frames::Room, current: frames::Id) -> Self {
        Self {
            id: room.id,
            kind: room.kind,
            name: room.name,
            unread: room.unread,
            mentions: room.mentions,
            current: room.id == current,
        }
    }
}
