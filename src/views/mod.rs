//! Views: one struct per template, localized texts, static files and the caches of rendered HTML.

pub mod assets;
pub mod cache;
pub mod display_preferences;
pub mod gzip;
pub mod layout;
pub mod locale;
pub mod pages;
pub mod qr;
pub mod templates;
