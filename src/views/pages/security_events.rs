//! `settings/security.html` and `security_events/index.html`: what happened to accounts.

use std::collections::HashMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use super::settings::{Frame, browser, system};
use crate::models::auth::security_event::SecurityEvent;
use crate::models::rfc3339;
use crate::views::display_preferences::Look;
use crate::views::layout::Page;
use crate::views::templates::View;

/// What happened to my account.
#[derive(Debug, Serialize)]
pub struct SecurityPage {
    /// What all settings have.
    #[serde(flatten)]
    pub frame: Frame,
    /// What happened.
    #[serde(flatten)]
    pub list: EventList,
}

impl View for SecurityPage {
    const TEMPLATE: &'static str = "settings/security.html";
}

/// What happened to everybody's.
#[derive(Debug, Serialize)]
pub struct EventsPage {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The sidebar: my rooms.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// What happened.
    #[serde(flatten)]
    pub list: EventList,
}

impl View for EventsPage {
    const TEMPLATE: &'static str = "security_events/index.html";
}

/// `security_events/_list.html`
#[derive(Debug, Serialize)]
pub struct EventList {
    /// Whether it is about everybody.
    everybody: bool,
    /// Where the page is.
    address: &'static str,
    /// Latest first.
    events: Vec<Item>,
    /// Before which event the next page begins, if there is one.
    next: Option<i64>,
}

impl EventList {
    /// A page of events.
    pub fn new(look: Look, everybody: bool, entries: Vec<SecurityEvent>, next: Option<i64>) -> Self {
        Self {
            everybody,
            address: match everybody {
                true => "/security_events",
                false => "/settings/security",
            },
            events: entries
                .into_iter()
                .map(|entry| Item::new(look, entry))
                .collect(),
            next,
        }
    }
}

/// Something that happened.
#[derive(Debug, Serialize)]
struct Item {
    kind: String,
    /// What, in the reader's language.
    what: String,
    username: Option<String>,
    phone: Option<String>,
    ip: String,
    /// Such as `Firefox`; unknown where nothing is said.
    browser: Option<String>,
    /// Such as `Android`.
    system: Option<&'static str>,
    /// All that it says of itself.
    user_agent: String,
    /// RFC 3339.
    created_at: String,
    /// `2026-11-20, 19:04`, UTC.
    time: String,
}

impl Item {
    fn new(look: Look, entry: SecurityEvent) -> Self {
        let sentence = format!("event-{}", entry.kind);
        let created_at = rfc3339(entry.created_at);
        Self {
            what: look.locale.say_with(&sentence, &HashMap::new()),
            kind: entry.kind,
            username: entry.username,
            phone: entry.phone,
            ip: entry.ip,
            browser: browser(&entry.user_agent),
            system: system(&entry.user_agent),
            user_agent: entry.user_agent,
            time: format!("{}, {}", &created_at[..10], look.time(&created_at)),
            created_at,
        }
    }
}
