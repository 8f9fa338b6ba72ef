//! Middleware.

pub mod access_log;
pub mod anonymous_limit;
pub mod compression;
pub mod connection_state;
pub mod error_pages;
pub mod method_override;
pub mod same_origin;
pub mod security_headers;
pub mod session_cookie;
