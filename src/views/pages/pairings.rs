//! `settings/pairing.html` and `pairings/show.html`: device pairing on the signed-in and on the new device.

use serde::Serialize;

use super::settings::{SettingsLayout, browser, system};
use crate::models::auth::pairing::{Pairing, PairingState, VALID_MINUTES};
use crate::views::layout::Page;
use crate::views::qr::Qr;
use crate::views::templates::View;

/// Page on the signed-in device.
#[derive(Debug, Serialize)]
pub struct PairingPage {
    /// Layout.
    #[serde(flatten)]
    layout: SettingsLayout,
    state: PairingState,
    /// Id of the pairing in forms.
    id: String,
    /// URL for the new device, while the state is `open`.
    link: Option<String>,
    /// QR code of the link.
    qr: Option<Qr>,
    /// Code shown on both devices for comparison.
    code: String,
    /// Such as `Firefox`; `None` if unknown.
    browser: Option<String>,
    /// Such as `Android`.
    system: Option<&'static str>,
    ip: String,
    minutes: i64,
}

impl PairingPage {
    /// Makes the page; `link` is shown while the state is `open`.
    pub fn new(layout: SettingsLayout, pairing: Pairing, link: String) -> Self {
        let state = pairing.state();
        let link = (state == PairingState::Open).then_some(link);
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
            minutes: VALID_MINUTES,
        }
    }
}

impl View for PairingPage {
    const TEMPLATE: &'static str = "settings/pairing.html";
}

/// Page on the new device.
#[derive(Debug, Serialize)]
pub struct PairingRequestPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// `open`, `asked`, `allowed`, `refused`, or `over`.
    pub state: PairingState,
    /// Username of the account; empty when the pairing has ended.
    pub username: &'a str,
    /// Token of the pairing, the last segment of its URL.
    pub token: &'a str,
    /// Code shown on both devices for comparison, once requested.
    pub code: &'a str,
}

impl View for PairingRequestPage<'_> {
    const TEMPLATE: &'static str = "pairings/show.html";
}
