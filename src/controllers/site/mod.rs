//! Health, metrics, static files and avatars.

pub mod avatars;
pub mod health;
pub mod metrics;
pub mod static_files;
