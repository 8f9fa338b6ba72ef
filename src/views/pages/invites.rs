//! `invites/index.html` and `password_links/new.html`: links for people who are not in yet.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use crate::models::auth::invite::Invite;
use crate::realtime::frames::Id;
use crate::views::layout::Page;
use crate::views::qr::Qr;
use crate::views::templates::View;

/// The links that still let somebody in, and the form for a new one.
#[derive(Debug, Serialize)]
pub struct InvitesPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The sidebar: my rooms.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Newest first.
    pub invites: Vec<InviteItem>,
    /// What was typed.
    pub form: InviteForm<'a>,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

/// What was typed.
#[derive(Debug, Serialize)]
pub struct InviteForm<'a> {
    /// How many may come.
    pub uses: &'a str,
    /// For how many days.
    pub days: &'a str,
}

/// One link.
#[derive(Debug, Serialize)]
pub struct InviteItem {
    id: Id,
    created_by: String,
    link: String,
    qr: Option<Qr>,
    uses_left: i32,
    /// UTC, such as `2026-11-20 19:04`.
    expires_at: String,
}

impl InviteItem {
    /// A link, by whom it was made, and what it says.
    pub fn new(invite: &Invite, created_by: String, link: String) -> Self {
        Self {
            id: Id(invite.id),
            created_by,
            qr: Qr::encode(&link),
            link,
            uses_left: invite.max_uses - invite.uses,
            expires_at: invite.expires_at.format("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

impl View for InvitesPage<'_> {
    const TEMPLATE: &'static str = "invites/index.html";
}

/// Where an admin makes a link for somebody who cannot get in; and the link, once.
#[derive(Debug, Serialize)]
pub struct PasswordLinkPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The sidebar: my rooms.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// For whom.
    pub username: &'a str,
    /// The link.
    pub link: Option<String>,
    /// The same, to be photographed.
    pub qr: Option<Qr>,
    /// How long it is good for.
    pub hours: i64,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for PasswordLinkPage<'_> {
    const TEMPLATE: &'static str = "password_links/new.html";
}
