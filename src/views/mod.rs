//! What pages may see: one struct per template, and the words in the person's language.

pub mod assets;
pub mod cache;
pub mod display_preferences;
pub mod gzip;
pub mod layout;
pub mod locale;
pub mod pages;
pub mod qr;
pub mod templates;
