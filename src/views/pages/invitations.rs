//! `invitations/index.html`: pending room invitations.

use serde::Serialize;

use super::rooms::SidebarPage;
use crate::protocol::{Id, Invitation, InvitedRoom};
use crate::views::layout::DisplayUser;
use crate::views::locale::Locale;

/// Pending invitations of the user.
#[derive(Debug, Serialize)]
pub struct InvitationsPage {
    #[serde(flatten)]
    pub layout: SidebarPage,
    /// Oldest first.
    pub pending: Vec<InvitationItem>,
}

/// A pending invitation.
#[derive(Debug, Serialize)]
pub struct InvitationItem {
    id: Id,
    room: InvitedRoom,
    inviter: DisplayUser,
}

impl InvitationItem {
    pub fn new(locale: Locale, invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            room: invitation.room,
            inviter: DisplayUser::localized(locale, &invitation.inviter),
        }
    }
}
