//! Teahouse (茶馆): a multi-room chat server.
//!
//! Who may import whom: `main → app → routes → controllers → {views → models → error, realtime, jobs → models,
//! realtime, transport}`; `realtime` imports `error` at most, `transport` nothing. `chat`, the terminal client, stands beside it all. docs/architecture.md has the picture.

pub mod app;
pub mod chat;
pub mod config;
pub mod controllers;
pub mod error;
pub mod jobs;
pub mod models;
pub mod realtime;
pub mod routes;
pub mod transport;
pub mod views;
