//! Registration, signing in and the ways back into an account.

pub mod development_sessions;
pub mod invites;
pub mod pairings;
pub mod password_links;
pub mod password_resets;
pub mod passwords;
pub mod security_events;
pub mod sessions;
pub mod users;
pub mod verifications;
