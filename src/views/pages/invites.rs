//! `invites/index.html` and `password_links/new.html`: links for registration and for a new password.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rooms::RoomLinks;
use crate::models::auth::invite::Invite;
use crate::protocol::Id;
use crate::views::layout::Page;
use crate::views::qr::Qr;
use crate::views::templates::View;

/// Valid invite links, and the form for a new one.
#[derive(Debug, Serialize)]
pub struct InvitesPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Sidebar.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Newest first.
    pub invites: Vec<InviteItem>,
    /// Submitted values.
    pub form: InviteForm<'a>,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

/// Submitted values.
#[derive(Debug, Serialize)]
pub struct InviteForm<'a> {
    /// Number of registrations.
    pub uses: &'a str,
    /// Validity in days.
    pub days: &'a str,
}

/// An invite link.
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
    /// Makes an item from an invite, the name of its creator and its URL.
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

/// The page where an admin creates a password reset link, which is shown once.
#[derive(Debug, Serialize)]
pub struct PasswordLinkPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Sidebar.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// User of the link.
    pub username: &'a str,
    /// URL of the new link.
    pub link: Option<String>,
    /// QR code of the link.
    pub qr: Option<Qr>,
    /// Validity in hours.
    pub hours: i64,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for PasswordLinkPage<'_> {
    const TEMPLATE: &'static str = "password_links/new.html";
}
