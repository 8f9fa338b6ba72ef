//! Authentication: sessions, devices, verification codes, single-use links, GitHub accounts and rate limits.
//!
//! Functions of this folder that write must be called in a write transaction.
//!
//! # Errors
//! `Unavailable` when the database fails; functions name only their other errors.

pub mod device;
pub mod github_account;
pub mod invite;
pub mod pairing;
pub mod password_reset_link;
pub mod phone_verification;
pub mod rate_limit;
pub mod security_event;
pub mod session;
pub mod trusted_browser;
