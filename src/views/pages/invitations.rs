//! `invitations/index.html`: pending room invitations.

use serde::Serialize;

use super::rooms::RoomLinks;
use crate::protocol::{Id, Invitation, InvitedRoom};
use crate::views::layout::{DisplayUser, Page};
use crate::views::locale::Locale;
use crate::views::templates::View;

/// Pending invitations of the user.
#[derive(Debug, Serialize)]
pub struct InvitationsPage {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Sidebar.
    #[serde(flatten)]
    pub rooms: RoomLinks,
    /// Oldest first.
    pub pending: Vec<InvitationItem>,
}

impl View for InvitationsPage {
    const TEMPLATE: &'static str = "invitations/index.html";
}

/// A pending invitation.
#[derive(Debug, Serialize)]
pub struct InvitationItem {
    id: Id,
    room: InvitedRoom,
    inviter: DisplayUser,
}

impl InvitationItem {
    /// Makes an item with the inviter's name in the reader's language.
    pub fn new(locale: Locale, invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            room: invitation.room,
            inviter: DisplayUser::localized(locale, &invitation.inviter),
        }
    }
}
