//! `security_events/index.html`: what happened to accounts.

use std::collections::HashMap;

use serde::Serialize;

use super::locale::Locale;
use super::page::Page;
use super::rooms::RoomLink;
use super::templates::View;
use crate::models::rfc3339;
use crate::models::security_event::Entry;

/// What happened, latest first.
#[derive(Debug, Serialize)]
pub struct EventsPage {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The sidebar: my rooms.
    pub rooms: Vec<RoomLink>,
    /// Whether it is about everybody.
    pub everybody: bool,
    /// Where this page is.
    pub address: &'static str,
    /// What happened.
    pub events: Vec<Item>,
    /// Before which event the next page begins, if there is one.
    pub next: Option<i64>,
}

/// Something that happened.
#[derive(Debug, Serialize)]
pub struct Item {
    kind: String,
    /// What, in the reader's language.
    what: String,
    username: Option<String>,
    phone: Option<String>,
    ip: String,
    user_agent: String,
    /// RFC 3339.
    created_at: String,
    /// UTC, such as `2026-11-20 19:04`.
    time: String,
}

impl Item {
    /// A line of the list.
    pub fn new(entry: Entry, locale: Locale) -> Self {
        let sentence = format!("event-{}", entry.kind);
        Self {
            what: locale.say_with(&sentence, &HashMap::new()),
            kind: entry.kind,
            username: entry.username,
            phone: entry.phone,
            ip: entry.ip,
            user_agent: entry.user_agent,
            created_at: rfc3339(entry.created_at),
            time: entry.created_at.format("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

impl View for EventsPage {
    const TEMPLATE: &'static str = "security_events/index.html";
}
