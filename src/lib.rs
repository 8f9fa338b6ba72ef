//! Teahouse (茶馆): a multi-room chat server.
//!
//! Who may import whom: `main → app → routes → controllers → {views → models → error, realtime, jobs → models,
//! realtime, github, sms, transport}`; `realtime` imports `error` at most, `transport` nothing, and `github` and `sms`
//! ask other servers through `upstream`. `doctor`, which
//! examines an installation, stands beside it all, and `commands` beside `app`, on `models` alone. The terminal client is
//! a crate of its own (`crates/teahouse-client`). `bench`, which measures, knows `models` and otherwise the program from outside. docs/architecture.md has the picture.

pub mod app;
pub mod bench;
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
