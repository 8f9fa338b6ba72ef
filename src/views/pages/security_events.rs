//! `settings/security.html` and `security_events/index.html`: the security log.

use std::collections::HashMap;

use serde::Serialize;

use super::clients::Client;
use super::rooms::SidebarPage;
use super::settings::SettingsLayout;
use crate::models::auth::security_event::SecurityEvent;
use crate::models::rfc3339;
use crate::views::display_preferences::DisplayPreferences;

/// Security log of the user's account.
#[derive(Debug, Serialize)]
pub struct SecurityPage {
    #[serde(flatten)]
    pub layout: SettingsLayout,
    #[serde(flatten)]
    pub list: EventList,
}

/// Security log of all accounts.
#[derive(Debug, Serialize)]
pub struct EventsPage {
    #[serde(flatten)]
    pub layout: SidebarPage,
    #[serde(flatten)]
    pub list: EventList,
}

/// `security_events/_list.html`
#[derive(Debug, Serialize)]
pub struct EventList {
    /// Whether it shows all accounts.
    all_accounts: bool,
    address: &'static str,
    /// Latest first.
    events: Vec<SecurityEventItem>,
    next: Option<i64>,
}

impl EventList {
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
    description: String,
    username: Option<String>,
    phone: Option<String>,
    ip: String,
    #[serde(flatten)]
    client: Client,
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
            client: Client::from_user_agent(&entry.user_agent),
            user_agent: entry.user_agent,
            time: display.date_time(&created_at),
            created_at,
        }
    }
}
