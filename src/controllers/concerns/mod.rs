//! What several controllers share: extractors and middleware.

pub mod arriving;
pub mod asked;
pub mod attempt;
pub mod browser;
pub mod client_address;
pub mod compression;
pub mod cookies;
pub mod current_user;
pub mod door;
pub mod forwarding;
pub mod frame;
pub mod frame_guard;
pub mod github_visit;
pub mod input;
pub mod log;
pub mod own_cookies;
pub mod same_origin;
pub mod sign_in;
pub mod throttle;
pub mod upload;
pub mod verifying;
