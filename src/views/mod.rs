//! What pages may see: one struct per template, and the words in the person's language.

pub mod assets;
pub mod directory;
pub mod errors;
pub mod gzip;
pub mod invitations;
pub mod invites;
pub mod kept;
pub mod lists;
pub mod locale;
pub mod look;
pub mod messages;
pub mod page;
pub mod pairings;
pub mod parts;
pub mod qr;
pub mod rooms;
pub mod security_events;
pub mod sessions;
pub mod settings;
pub mod templates;
pub mod users;
pub mod verifications;
