//! `settings/security.html` and `security_events/index.html`: the security log.

use std::collections::HashMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use super::settings::{SettingsLayout, browser, system};
use crate::models::auth::security_event::SecurityEvent;
use crate::models::rfc3339;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::layout::Page;
use crate::views::templates::View;

/// Security log of the user's account.
#[derive(Debug, Serialize)]
pub struct SecurityPage {
    /// Layout.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// Events.
    #[serde(flatten)]
    pub list: EventList,
}

impl View for SecurityPage {
    const TEMPLATE: &'static str = "settings/security.html";
}

/// Security log of all accounts.
#[derive(Debug, Serialize)]
pub struct EventsPage {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Sidebar.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Events.
    #[serde(flatten)]
    pub list: EventList,
}

impl View for EventsPage {
    const TEMPLATE: &'static str = "security_events/index.html";
}

/// `security_events/_list.html`
#[derive(Debug, Serialize)]
pub struct EventList {
    /// Whether it shows all accounts.
    all_accounts: bool,
    /// Path of the page.
    address: &'static str,
    /// Latest first.
    events: Vec<SecurityEventItem>,
    /// Cursor (`before`) of the next page, if there is one.
    next: Option<i64>,
}

impl EventList {
    /// Makes a page of events.
    pub fn new(
        display: DisplayPreferences,
        all_accounts: bool,
        entries: Vec<SecurityEvent>,
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
                .map(|entry| SecurityEventItem::new(display, entry))
                .collect(),
            next,
        }
    }
}

/// A security event.
#[derive(Debug, Serialize)]
struct SecurityEventItem {
    kind: String,
    /// Description in the reader's language.
    description: String,
    username: Option<String>,
    phone: Option<String>,
    ip: String,
    /// Such as `Firefox`; `None` if unknown.
    browser: Option<String>,
    /// Such as `Android`.
    system: Option<&'static str>,
    /// Complete `User-Agent`.
    user_agent: String,
    /// RFC 3339.
    created_at: String,
    /// `2026-11-20, 19:04`, UTC.
    time: String,
}

impl SecurityEventItem {
    fn new(display: DisplayPreferences, entry: SecurityEvent) -> Self {
        let message_id = format!("event-{}", entry.kind);
        let created_at = rfc3339(entry.created_at);
        Self {
            description: display.locale.translate_with(&message_id, &HashMap::new()),
            kind: entry.kind,
            username: entry.username,
            phone: entry.phone,
            ip: entry.ip,
            browser: browser(&entry.user_agent),
            system: system(&entry.user_agent),
            user_agent: entry.user_agent,
            time: format!("{}, {}", &created_at[..10], display.time(&created_at)),
            created_at,
        }
    }
}
