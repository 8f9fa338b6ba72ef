//! `settings/pairing.html` and `pairings/show.html`: device pairing on the signed-in and on the new device.

use serde::Serialize;

use super::clients::Client;
use super::settings::SettingsLayout;
use crate::models::auth::pairing::{Pairing, PairingState, VALID_MINUTES};
use crate::views::layout::Page;
use crate::views::qr::Qr;

/// Page on the signed-in device.
#[derive(Debug, Serialize)]
pub struct PairingPage {
    #[serde(flatten)]
    layout: SettingsLayout,
    state: PairingState,
    id: String,
    /// URL for the new device, while the state is `open`.
    link: Option<String>,
    qr: Option<Qr>,
    code: String,
    #[serde(flatten)]
    client: Client,
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
            client: Client::from_user_agent(&pairing.user_agent),
            id: pairing.id,
            code: pairing.code,
            ip: pairing.ip,
            minutes: VALID_MINUTES,
        }
    }
}

/// Page on the new device.
#[derive(Debug, Serialize)]
pub struct PairingRequestPage<'a> {
    #[serde(flatten)]
    pub page: Page,
    /// See [`Pairing::state_for`].
    pub state: PairingState,
    /// Username of the account; empty when the pairing has ended.
    pub username: &'a str,
    pub token: &'a str,
    /// Code shown on both devices for comparison, once requested.
    pub code: &'a str,
}
