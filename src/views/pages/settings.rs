//! `settings/*.html`: settings of the user.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use super::sessions::Region;
use crate::models::auth::device::Device;
use crate::models::auth::session::{KeyHash, SessionKind};
use crate::models::rfc3339;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::layout::Page;
use crate::views::locale::Locale;
use crate::views::templates::View;

/// Layout of the settings pages.
#[derive(Debug, Serialize)]
pub struct SettingsLayout {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Sidebar.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Current page: the last segment of its path.
    pub section: &'static str,
    /// Field or form that was saved just before, or empty.
    pub saved: String,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

/// Username and picture.
#[derive(Debug, Serialize)]
pub struct ProfilePage {
    /// Layout.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// Username as submitted.
    pub username: String,
    /// Maximum size of a picture in bytes.
    pub upload_max: usize,
}

impl View for ProfilePage {
    const TEMPLATE: &'static str = "settings/profile.html";
}

/// Language, theme and time format.
#[derive(Debug, Serialize)]
pub struct AppearancePage {
    /// Layout.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// Tags of all languages.
    pub locales: Vec<&'static str>,
    /// Tag of the chosen language; empty to follow the browser.
    pub locale: String,
    /// `system`, `light` or `dark`.
    pub chosen_appearance: String,
    /// `language`, `12` or `24`.
    pub chosen_time_format: String,
}

impl AppearancePage {
    /// Makes the page with the chosen values.
    pub fn new(
        layout: SettingsLayout,
        locale: String,
        appearance: String,
        time_format: String,
    ) -> Self {
        Self {
            layout,
            locales: Locale::ALL.iter().map(|locale| locale.tag()).collect(),
            locale,
            chosen_appearance: appearance,
            chosen_time_format: time_format,
        }
    }
}

impl View for AppearancePage {
    const TEMPLATE: &'static str = "settings/appearance.html";
}

/// Who may send direct messages to the user.
#[derive(Debug, Serialize)]
pub struct PrivacyPage {
    /// Layout.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// `everybody`, `roommates` or `nobody`.
    pub reachable_by: String,
}

impl View for PrivacyPage {
    const TEMPLATE: &'static str = "settings/privacy.html";
}

/// Signed-in devices of the user.
#[derive(Debug, Serialize)]
pub struct SessionsPage {
    /// Layout.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// The current device first.
    pub devices: Vec<DeviceItem>,
}

impl View for SessionsPage {
    const TEMPLATE: &'static str = "settings/sessions.html";
}

/// A device: a browser, or an API client with a token.
#[derive(Debug, Serialize)]
pub struct DeviceItem {
    id: String,
    /// Such as `Firefox`; `None` if unknown.
    browser: Option<String>,
    /// Such as `Android`.
    system: Option<&'static str>,
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
            browser: browser(&device.user_agent),
            system: system(&device.user_agent),
            token: device.kind == SessionKind::Token,
            last_active: format!("{}, {}", &seen_at[..10], display.time(&seen_at)),
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

/// Marks in `User-Agent` and the browsers' names. Most browsers also send the marks after theirs, so the order matters.
const BROWSERS: [(&str, &str); 12] = [
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("MicroMessenger/", "WeChat"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Mozilla/", ""),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Returns the browser's name; for other clients the product name before the first `/`.
pub(in crate::views) fn browser(user_agent: &str) -> Option<String> {
    let found = BROWSERS.iter().find(|(mark, _)| user_agent.contains(mark));
    let name = found.map_or_else(
        || user_agent.split(['/', ' ']).next().unwrap_or_default(),
        |(_, name)| name,
    );
    Some(name.chars().take(40).collect()).filter(|name: &String| !name.is_empty())
}

/// Returns the operating system.
pub(in crate::views) fn system(user_agent: &str) -> Option<&'static str> {
    let found = SYSTEMS.iter().find(|(mark, _)| user_agent.contains(mark));
    found.map(|(_, name)| *name)
}

/// How the user reauthenticates before a change of credentials.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reauthentication {
    /// By password.
    Password,
    /// By GitHub, not confirmed yet.
    GitHub,
    /// Confirmed by GitHub recently.
    Confirmed,
}

/// Phone number, password, GitHub, export and deletion.
#[derive(Debug, Serialize)]
pub struct AccountPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// Username, to be typed to confirm the deletion.
    pub username: String,
    /// How the user reauthenticates.
    pub proof: Reauthentication,
    /// Whether sign-in with GitHub is enabled.
    pub has_github: bool,
    /// Login of the linked GitHub account.
    pub github: Option<String>,
    /// Current phone number.
    pub phone: Option<String>,
    /// Submitted values.
    pub form: AccountForm<'a>,
    /// Countries of phone numbers.
    pub regions: &'a [Region],
    /// Whether the messages of deleted accounts are erased.
    pub erases_messages: bool,
}

/// Submitted values without passwords.
#[derive(Debug, Serialize)]
pub struct AccountForm<'a> {
    /// Phone number.
    pub phone: &'a str,
    /// Country of the phone number.
    pub region: &'a str,
    /// Username that confirms the deletion.
    pub confirm: &'a str,
}

impl View for AccountPage<'_> {
    const TEMPLATE: &'static str = "settings/account.html";
}

/// Redirect to GitHub.
#[derive(Debug, Serialize)]
pub struct RedirectPage {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Target URL.
    pub address: String,
}

impl View for RedirectPage {
    const TEMPLATE: &'static str = "settings/redirect.html";
}

/// The page after the account was deleted.
#[derive(Debug, Serialize)]
pub struct AccountDeletedPage {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
}

impl View for AccountDeletedPage {
    const TEMPLATE: &'static str = "settings/account_deleted.html";
}

#[cfg(test)]
mod tests {
    use super::{browser, system};

    #[test]
    fn browsers_and_systems_are_recognised() {
        let of = |agent| (browser(agent), system(agent));
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(of(windows), (Some("Edge".into()), Some("Windows")));
        assert_eq!(of(iphone), (Some("Safari".into()), Some("iPhone")));
        assert_eq!(of("curl/8.0"), (Some("curl".into()), None));
        assert_eq!(of("Mozilla/5.0 (X11; Linux)"), (None, Some("Linux")));
        assert_eq!(of(""), (None, None));
    }
}
