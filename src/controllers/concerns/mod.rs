//! Code shared by several controllers.

pub mod attempt;
pub mod form_action;
pub mod github_oauth;
pub mod metrics;
pub mod phone_verification;
pub mod rate_limits;
pub mod sign_in;
