//! Values that actions extract from requests.

pub mod accept;
pub mod browser_id;
pub mod client_address;
pub mod connecting_user;
pub mod cookies;
pub mod current_user;
pub mod form;
pub mod forwarding;
pub mod request_context;
pub mod session_token;
pub mod upload;
