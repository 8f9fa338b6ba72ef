//! The data of each page's template.
#![expect(
    missing_docs,
    reason = "most fields are named like what the page shows"
)]

pub mod clients;
pub mod directory;
pub mod errors;
pub mod invitations;
pub mod invites;
pub mod messages;
pub mod pairings;
pub mod rooms;
pub mod security_events;
pub mod sessions;
pub mod settings;
pub mod users;
pub mod verifications;

use super::templates::View;

macro_rules! views {
    ($($view:ty => $template:literal,)+) => {$(
        impl View for $view {
            const TEMPLATE: &'static str = $template;
        }
    )+};
}

views! {
    directory::PeoplePage<'_> => "people/index.html",
    directory::RoomsPage<'_> => "rooms/index.html",
    errors::ErrorPage<'_> => "errors/show.html",
    invitations::InvitationsPage => "invitations/index.html",
    invites::InvitesPage => "invites/index.html",
    invites::PasswordLinkPage<'_> => "password_links/new.html",
    messages::MessageList => "rooms/_messages.html",
    pairings::PairingPage => "settings/pairing.html",
    pairings::PairingRequestPage<'_> => "pairings/show.html",
    rooms::LoadedRange<'_> => "rooms/_loaded_range.html",
    rooms::MemberList<'_> => "rooms/_members.html",
    rooms::RoomPage<'_> => "rooms/show.html",
    rooms::Sidebar<'_> => "rooms/_sidebar.html",
    security_events::EventsPage => "security_events/index.html",
    security_events::SecurityPage => "settings/security.html",
    sessions::NewSessionPage<'_> => "sessions/new.html",
    settings::AccountDeletedPage => "settings/account_deleted.html",
    settings::AccountPage<'_> => "settings/account.html",
    settings::AppearancePage => "settings/appearance.html",
    settings::PrivacyPage => "settings/privacy.html",
    settings::ProfilePage => "settings/profile.html",
    settings::RedirectPage => "settings/redirect.html",
    settings::SessionsPage => "settings/sessions.html",
    users::NewUserPage<'_> => "users/new.html",
    users::RegistrationClosedPage => "users/closed.html",
    verifications::NewPasswordPage<'_> => "passwords/edit.html",
    verifications::PasswordResetPage<'_> => "password_resets/new.html",
    verifications::VerificationPage => "verifications/show.html",
}
