//! `invites/index.html` and `password_links/new.html`: links for registration and for a new password.

use serde::{Deserialize, Serialize};

use super::rooms::SidebarPage;
use crate::models::auth::invite::Invite;
use crate::protocol::Id;
use crate::views::layout::FieldMessages;
use crate::views::qr::Qr;

/// Valid invite links, and the form for a new one.
#[derive(Debug, Serialize)]
pub struct InvitesPage {
    #[serde(flatten)]
    pub layout: SidebarPage,
    /// Newest first.
    pub invites: Vec<InviteItem>,
    pub form: InviteForm,
    pub errors: FieldMessages,
}

/// Fields of the form: maximum registrations, and days until expiry.
#[derive(Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct InviteForm {
    pub uses: String,
    pub days: String,
}

impl Default for InviteForm {
    fn default() -> Self {
        Self {
            uses: "1".to_owned(),
            days: "7".to_owned(),
        }
    }
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

/// The page where an admin creates a password reset link, which is shown once.
#[derive(Debug, Serialize)]
pub struct PasswordLinkPage<'a> {
    #[serde(flatten)]
    pub layout: SidebarPage,
    pub username: &'a str,
    pub link: Option<String>,
    pub qr: Option<Qr>,
    pub hours: i64,
    pub errors: FieldMessages,
}
