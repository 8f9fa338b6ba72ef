//! What wraps every request.

pub mod access_log;
pub mod anonymous_limit;
pub mod compression;
pub mod error_pages;
pub mod same_origin;
pub mod session_cookie;
