//! What several controllers share: extractors and middleware.

pub mod attempt;
pub mod github_oauth;
pub mod phone_verification;
pub mod sign_in;
pub mod throttle;
