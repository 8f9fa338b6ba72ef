//! `settings/security.html` and `security_events/index.html`: what happened to accounts.

use std::collections::HashMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use super::settings::{SettingsLayout, browser, system};
use crate::models::auth::security_event::Entry;
use crate::models::rfc3339;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::layout::Page;
use crate::views::templates::View;

/// What happened to my account.
#[derive(Debug, Serialize)]
pub struct SecurityPage {
    /// What all settings have.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// What happened.
    #[serde(flatten)]
    pub list: EventList,
}

impl View for SecurityPage {
    const TEMPLATE: &'static str = "settings/security.html";
}

/// What happened to all_accounts's.
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
    /// Whether it is about all_accounts.
    all_accounts: bool,
    /// Where the page is.
    address: &'static str,
    /// Latest first.
    events: Vec<SecurityEventItem>,
    /// Before which event the next page begins, if there is one.
    next: Option<i64>,
}

impl EventList {
    /// A page of events.
    pub fn new(
        look: DisplayPreferences,
        all_accounts: bool,
        entries: Vec<Entry>,
        next: Option<i64>,
    ) -> Self {
        Self {
            all_accounts,
            address: match all_accounts {
                true => "/security_events",
                false => "/settings/security",
            },
            events: entries
                .into_iter()
                .map(|entry| SecurityEventItem::new(look, entry))
                .collect(),
            next,
        }
    }
}

/// Something that happened.
#[derive(Debug, Serialize)]
struct SecurityEventItem {
    kind: String,
    /// What, in the reader's language.
    description: String,
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

impl SecurityEventItem {
    fn new(look: DisplayPreferences, entry: Entry) -> Self {
        let sentence = format!("event-{}", entry.kind);
        let created_at = rfc3339(entry.created_at);
        Self {
            description: look.locale.translate_with(&sentence, &HashMap::new()),
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
