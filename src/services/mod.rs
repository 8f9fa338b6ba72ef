//! Clients of other servers: GitHub and SMS providers.

pub mod github;
pub mod http_client;
pub mod sms;
