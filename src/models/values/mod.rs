//! Value types that validate their input, and helpers for text and signatures.

pub mod client_id;
pub mod content;
pub mod github_account;
pub mod password;
pub mod phone_number;
pub mod room_name;
pub mod signing;
pub(super) mod text_column;
pub mod user_status;
pub mod username;
