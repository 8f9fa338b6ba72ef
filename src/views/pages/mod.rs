//! The data of each page's template.

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
