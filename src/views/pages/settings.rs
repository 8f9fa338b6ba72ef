//! `settings/*.html`: what a person changes about themselves.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use super::sessions::Region;
use crate::models::auth::device::Device;
use crate::models::auth::session::KeyHash;
use crate::models::rfc3339;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::layout::Page;
use crate::views::locale::Locale;
use crate::views::templates::View;

/// What all of these pages have.
#[derive(Debug, Serialize)]
pub struct SettingsLayout {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The sidebar.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Which of the pages: the end of its address.
    pub section: &'static str,
    /// What was saved just now, if anything: the field, or the form's name.
    pub saved: String,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

/// Name and picture.
#[derive(Debug, Serialize)]
pub struct ProfilePage {
    /// What all of them have.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// The name, as typed.
    pub username: String,
    /// The most bytes of a picture.
    pub upload_max: usize,
}

impl View for ProfilePage {
    const TEMPLATE: &'static str = "settings/profile.html";
}

/// Language, colours and clock.
#[derive(Debug, Serialize)]
pub struct AppearancePage {
    /// What all of them have.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// The languages by their tags.
    pub locales: Vec<&'static str>,
    /// The chosen language's tag, or nothing for the browser's.
    pub locale: String,
    /// `system`, `light` or `dark`.
    pub chosen_appearance: String,
    /// `language`, `12` or `24`.
    pub chosen_time_format: String,
}

impl AppearancePage {
    /// With what was chosen.
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

/// Who may write to me.
#[derive(Debug, Serialize)]
pub struct PrivacyPage {
    /// What all of them have.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// `everybody`, `roommates` or `nobody`.
    pub reachable_by: String,
}

impl View for PrivacyPage {
    const TEMPLATE: &'static str = "settings/privacy.html";
}

/// My devices.
#[derive(Debug, Serialize)]
pub struct SessionsPage {
    /// What all of them have.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// This one, and then the others.
    pub devices: Vec<DeviceItem>,
}

impl View for SessionsPage {
    const TEMPLATE: &'static str = "settings/sessions.html";
}

/// A browser or a program.
#[derive(Debug, Serialize)]
pub struct DeviceItem {
    id: String,
    /// Such as `Firefox`; unknown where nothing is said.
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
    /// A device as its person sees it.
    pub fn new(look: DisplayPreferences, device: Device, current: &KeyHash) -> Self {
        let seen_at = rfc3339(device.seen_at);
        Self {
            browser: browser(&device.user_agent),
            system: system(&device.user_agent),
            token: device.is_token,
            last_active: format!("{}, {}", &seen_at[..10], look.time(&seen_at)),
            seen_at,
            current: device.key_hash == *current,
            id: device.id,
            ip: device.ip,
        }
    }

    /// Whether it is the one that asks.
    pub fn is_current(&self) -> bool {
        self.current
    }
}

/// What browsers say of themselves, and what they are: each also says what those after it do.
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

/// A browser's name, or what a program calls itself before the first `/`.
pub(in crate::views) fn browser(user_agent: &str) -> Option<String> {
    let known = BROWSERS.iter().find(|(said, _)| user_agent.contains(said));
    let name = known.map_or_else(
        || user_agent.split(['/', ' ']).next().unwrap_or_default(),
        |(_, name)| name,
    );
    Some(name.chars().take(40).collect()).filter(|name: &String| !name.is_empty())
}

/// The system that it runs on.
pub(in crate::views) fn system(user_agent: &str) -> Option<&'static str> {
    let known = SYSTEMS.iter().find(|(said, _)| user_agent.contains(said));
    known.map(|(_, name)| *name)
}

/// How people show that it is them, before they change how they get in.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reauthentication {
    /// By their password.
    Password,
    /// By GitHub, which they must ask first.
    GitHub,
    /// GitHub has just said so.
    Confirmed,
}

/// Number, password, and going.
#[derive(Debug, Serialize)]
pub struct AccountPage<'a> {
    /// What all of them have.
    #[serde(flatten)]
    pub layout: SettingsLayout,
    /// My name, to be typed by whoever goes.
    pub username: String,
    /// How I show that it is me.
    pub proof: Reauthentication,
    /// Whether people may come in by GitHub here.
    pub has_github: bool,
    /// What I am called there, if it lets me in.
    pub github: Option<String>,
    /// My number as it is, if I have one.
    pub phone: Option<String>,
    /// What was typed.
    pub form: AccountForm<'a>,
    /// Where numbers can be from.
    pub regions: &'a [Region],
    /// Whether what somebody wrote goes with them.
    pub erases_messages: bool,
}

/// What was typed; never a password.
#[derive(Debug, Serialize)]
pub struct AccountForm<'a> {
    /// The number.
    pub phone: &'a str,
    /// Its country.
    pub region: &'a str,
    /// The name of whoever goes.
    pub confirm: &'a str,
}

impl View for AccountPage<'_> {
    const TEMPLATE: &'static str = "settings/account.html";
}

/// The way to GitHub.
#[derive(Debug, Serialize)]
pub struct RedirectPage {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// Where it leads.
    pub address: String,
}

impl View for RedirectPage {
    const TEMPLATE: &'static str = "settings/leaving.html";
}

/// The last page.
#[derive(Debug, Serialize)]
pub struct AccountDeletedPage {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
}

impl View for AccountDeletedPage {
    const TEMPLATE: &'static str = "settings/farewell.html";
}

#[cfg(test)]
mod tests {
    use super::{browser, system};

    #[test]
    fn browsers_are_called_by_their_names() {
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
