//! `settings/*.html`: settings of the user.

use serde::{Deserialize, Serialize};

use super::clients::Client;
use super::rooms::SidebarPage;
use super::sessions::Region;
use crate::models::auth::device::Device;
use crate::models::auth::session::{KeyHash, SessionKind};
use crate::models::rfc3339;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::layout::{FieldMessages, Page};
use crate::views::locale::Locale;

/// Layout of the settings pages.
#[derive(Debug, Serialize)]
pub struct SettingsLayout {
    #[serde(flatten)]
    pub layout: SidebarPage,
    /// Current page: the last segment of its path.
    pub section: &'static str,
    /// Field or form that was saved just before, or empty.
    pub saved: String,
    pub errors: FieldMessages,
}

/// Username and picture.
#[derive(Debug, Serialize)]
pub struct ProfilePage {
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// Username as submitted.
    pub username: String,
    pub upload_max: usize,
}

/// Language, theme and time format.
#[derive(Debug, Serialize)]
pub struct AppearancePage {
    #[serde(flatten)]
    pub layout: SettingsLayout,
    pub locales: [&'static str; 2],
    pub form: AppearanceForm,
}

/// Fields of the form.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct AppearanceForm {
    /// Tag of the language; empty to follow the browser.
    pub locale: String,
    /// `system`, `light` or `dark`.
    pub appearance: String,
    /// `language`, `12` or `24`.
    pub time_format: String,
}

impl AppearancePage {
    pub fn new(layout: SettingsLayout, form: AppearanceForm) -> Self {
        Self {
            layout,
            locales: Locale::ALL.map(Locale::tag),
            form,
        }
    }
}

/// Who may send direct messages to the user.
#[derive(Debug, Serialize)]
pub struct PrivacyPage {
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// `everybody`, `roommates` or `nobody`.
    pub reachable_by: String,
}

/// Signed-in devices of the user.
#[derive(Debug, Serialize)]
pub struct SessionsPage {
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// The current device first.
    pub devices: Vec<DeviceItem>,
}

/// A device: a browser, or an API client with a token.
#[derive(Debug, Serialize)]
pub struct DeviceItem {
    id: String,
    #[serde(flatten)]
    client: Client,
    token: bool,
    ip: String,
    /// RFC 3339.
    seen_at: String,
    /// `2026-11-20, 19:04`, UTC.
    last_active: String,
    current: bool,
}

impl DeviceItem {
    /// Makes an item; `current` is the session of the request.
    pub fn new(display: DisplayPreferences, device: Device, current: &KeyHash) -> Self {
        let seen_at = rfc3339(device.seen_at);
        Self {
            client: Client::from_user_agent(&device.user_agent),
            token: device.kind == SessionKind::Token,
            last_active: display.date_time(&seen_at),
            seen_at,
            current: device.key_hash == *current,
            id: device.id(),
            ip: device.ip,
        }
    }

    /// Whether it is the device of the request.
    pub fn is_current(&self) -> bool {
        self.current
    }
}

/// How the user reauthenticates before a change of credentials.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reauthentication {
    Password,
    /// By GitHub, not confirmed yet.
    GitHub,
    /// Confirmed by GitHub recently.
    Confirmed,
}

/// Phone number, password, GitHub, export and deletion.
#[derive(Serialize)]
pub struct AccountPage<'a> {
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// Username, to be typed to confirm the deletion.
    pub username: String,
    pub proof: Reauthentication,
    pub has_github: bool,
    pub github: Option<String>,
    pub phone: Option<String>,
    pub form: AccountForm,
    pub regions: &'a [Region],
    /// Whether the messages of deleted accounts are erased.
    pub erases_messages: bool,
}

/// Fields of the forms on the page; each form has some of them.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct AccountForm {
    pub phone: String,
    pub region: String,
    #[serde(skip_serializing)]
    pub phone_password: String,
    #[serde(skip_serializing)]
    pub old_password: String,
    /// New password.
    #[serde(skip_serializing)]
    pub password: String,
    #[serde(skip_serializing)]
    pub github_password: String,
    /// Username that confirms the deletion.
    pub confirm: String,
    #[serde(skip_serializing)]
    pub delete_password: String,
}

/// Redirect to GitHub.
#[derive(Debug, Serialize)]
pub struct RedirectPage {
    #[serde(flatten)]
    pub page: Page,
    pub address: String,
}

/// The page after the account was deleted.
#[derive(Debug, Serialize)]
pub struct AccountDeletedPage {
    #[serde(flatten)]
    pub page: Page,
}
