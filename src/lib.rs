//! Teahouse (茶馆): a multi-room chat server.
//!
//! Import directions: `main → app → routes → controllers → {views, jobs, services}`; `views`, `jobs` and `services` import
//! `models`; `models` and `realtime` import `protocol` (plain data), which imports nothing; all import `error`. One file,
//! `models/message_store.rs`, implements the traits of `realtime`. `commands` (admin commands) imports `models` alone.
//! `doctor` (installation checks) stands beside the server. docs/architecture.md has the picture; `tests/import_rules.rs`
//! checks the directions.

pub mod app;
pub mod commands;
pub mod config;
pub mod controllers;
pub mod doctor;
pub mod error;
pub mod jobs;
pub mod models;
pub mod protocol;
pub mod realtime;
pub mod routes;
pub mod services;
pub mod views;
