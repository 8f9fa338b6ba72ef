//! Registration, sign-in and account recovery.

pub mod authentication;
pub mod development_sessions;
pub mod invites;
pub mod login_form;
pub mod pairings;
pub mod password_links;
pub mod password_resets;
pub mod passwords;
mod registration;
pub mod registration_form;
pub mod security_events;
pub mod sessions;
pub mod users;
mod verification_check;
pub mod verifications;
