//! Services besides the database: password hashing, image processing, permits, and clients of GitHub and SMS providers.

pub mod github;
pub mod http_client;
pub mod image;
pub mod password_hasher;
pub mod sms;
pub mod user_permits;
