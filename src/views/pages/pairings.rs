//! `settings/pairing.html` and `pairings/show.html`: signing in another device, as the two devices see it.

use serde::Serialize;

use super::settings::{SettingsLayout, browser, system};
use crate::models::auth::pairing::{MINUTES, Pairing};
use crate::views::layout::Page;
use crate::views::qr::Qr;
use crate::views::templates::View;

/// On the device that is signed in.
#[derive(Debug, Serialize)]
pub struct PairingPage {
    /// What all settings have.
    #[serde(flatten)]
    layout: SettingsLayout,
    /// `open`, `asked`, `allowed`, `refused`, `used`, or `over`.
    state: &'static str,
    /// Names the link in forms.
    id: String,
    /// The link, while nobody has asked.
    link: Option<String>,
    /// The same, to be photographed.
    qr: Option<Qr>,
    /// What both devices show.
    code: String,
    /// Such as `Firefox`; unknown where nothing is said.
    browser: Option<String>,
    /// Such as `Android`.
    system: Option<&'static str>,
    ip: String,
    minutes: i64,
}

impl PairingPage {
    /// With a link, which is shown while nobody has asked.
    pub fn new(layout: SettingsLayout, pairing: Pairing, link: String) -> Self {
        let state = pairing.state();
        let link = (state == "open").then_some(link);
        Self {
            layout,
            state,
            qr: link.as_deref().and_then(Qr::encode),
            link,
            browser: browser(&pairing.user_agent),
            system: system(&pairing.user_agent),
            id: pairing.id,
            code: pairing.code,
            ip: pairing.ip,
            minutes: MINUTES,
        }
    }
}

impl View for PairingPage {
    const TEMPLATE: &'static str = "settings/pairing.html";
}

/// On the device that wants to be.
#[derive(Debug, Serialize)]
pub struct PairingRequestPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// `open`, `asked`, `allowed`, `refused`, or `over`.
    pub state: &'static str,
    /// Whose account; nobody's where it is over.
    pub username: &'a str,
    /// What the link ends with.
    pub token: &'a str,
    /// What both devices show, once this one has asked.
    pub code: &'a str,
}

impl View for PairingRequestPage<'_> {
    const TEMPLATE: &'static str = "pairings/show.html";
}
