//! Teahouse (茶馆): a multi-room chat server.
//!
//! Import directions: `main → app → routes → controllers → {views, jobs, services}`; `views`, `jobs` and `services` import
//! `models`; `models` imports `realtime`; all import `error`. `commands` (admin commands) imports `models` alone.
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
pub mod realtime;
pub mod routes;
pub mod services;
pub mod views;
