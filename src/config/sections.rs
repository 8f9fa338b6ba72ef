//! The sections of the settings that have no rules of their own.
#![expect(missing_docs, reason = "config/default.toml has the descriptions")]

use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use super::Secret;
use super::values::{host, networks};

#[derive(Debug, Clone, Deserialize)]
pub struct ServerSettings {
    #[serde(deserialize_with = "host")]
    pub host: String,
    pub port: u16,
    pub public_origin: String,
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    pub workers: usize,
    pub shutdown_seconds: u64,
    pub head_seconds: u32,
    pub body_seconds: u64,
    pub idle_seconds: u32,
    pub stalled_seconds: u32,
    pub least_bytes_per_second: u32,
    pub strangers_per_address: usize,
}

#[derive(Debug, Clone, Deserialize)]
pub struct DataSettings {
    pub dir: PathBuf,
    pub secret_key: Secret,
}

#[derive(Debug, Clone, Deserialize)]
pub struct DatabaseSettings {
    pub url: Secret,
    pub pool_size: u32,
    pub queue_size: usize,
    pub deadline_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct MessageSettings {
    pub posts_per_second: u32,
    pub burst: u32,
    pub queue_size: usize,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SocketSettings {
    pub frame_max_bytes: usize,
    pub ping_seconds: u64,
    pub pong_seconds: u64,
    pub blocked_seconds: u32,
    pub farewell_seconds: u32,
    pub per_person: usize,
    pub total: usize,
    pub frames_per_second: u32,
    pub frame_burst: u32,
    pub controls_per_second: u32,
    pub control_burst: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct LogSettings {
    pub filter: String,
    pub format: LogFormat,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for a terminal.
    Human,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Clone, Deserialize)]
pub struct MetricsSettings {
    pub token: Secret,
}
