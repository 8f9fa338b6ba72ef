//! Teahouse (茶馆): a multi-room chat server.
//!
//! Who may import whom: `main → app → routes → controllers → {views → models → error, realtime, jobs → models,
//! realtime, github, sms, transport}`; `realtime` imports `error` at most, `transport` nothing, and `github` and `sms`
//! ask other servers through `upstream`. `chat`, the terminal
//! client, and `doctor`, which examines an installation, stand beside it all, and `commands` beside `app`, on `models`
//! alone. docs/architecture.md has the picture.

pub mod app;
pub mod chat;
pub mod commands;
pub mod config;
pub mod controllers;
pub mod doctor;
pub mod error;
pub mod github;
pub mod jobs;
pub mod models;
pub mod realtime;
pub mod routes;
pub mod sms;
pub mod transport;
pub mod upstream;
pub mod views;
