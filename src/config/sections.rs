//! The sections of the settings that have no rules of their own. The names in `config/default.toml` are a contract with
//! operators: a field that is called differently here keeps its setting's name by `rename`.
#![expect(missing_docs, reason = "config/default.toml has the descriptions")]

use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use super::Secret;
use super::values::{host, networks, strings};
use crate::models::auth::invite::InvitePolicy;
use crate::models::user::registration::RegistrationPolicy;

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
    #[serde(rename = "least_bytes_per_second")]
    pub min_bytes_per_second: u32,
    #[serde(rename = "strangers_per_address")]
    pub anonymous_per_address: usize,
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
    #[serde(rename = "blocked_seconds")]
    pub write_stall_seconds: u32,
    #[serde(rename = "farewell_seconds")]
    pub close_grace_seconds: u32,
    #[serde(rename = "per_person")]
    pub per_user: usize,
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

#[derive(Debug, Clone, Deserialize)]
pub struct AccountSettings {
    pub region: String,
    pub deleted_messages: DeletedMessages,
    pub session_days: i64,
    pub registration: RegistrationPolicy,
    pub invites: InvitePolicy,
    pub security_event_days: i64,
    pub hash_memory_kib: u32,
    pub hash_passes: u32,
    pub hash_permits: usize,
    pub hash_queue: usize,
    pub hash_queue_per_address: usize,
    pub sessions_per_person: i64,
}

/// What happens to the messages of a user who deletes their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeletedMessages {
    /// They stay, attributed to a "deleted person".
    Keep,
    /// They are deleted.
    Delete,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ThrottleSettings {
    pub enabled: bool,
    pub sign_in_failures: i32,
    pub sign_in_window_seconds: i64,
    pub sign_in_wait_seconds: i64,
    pub sign_ins_per_address: i32,
    pub registrations_per_address: i32,
    pub registrations_per_browser: i32,
    pub codes_per_number: i32,
    pub codes_per_address: i32,
    pub pairings_per_person: i32,
    pub pairings_per_address: i32,
    pub rooms_per_person: i32,
    pub members_per_person: i32,
    pub blocks_per_person: i32,
    pub directs_per_person: i32,
    pub number_lookups_per_person: i32,
    pub number_claims_per_person: i32,
    pub new_passwords_per_person: i32,
    pub token_refreshes_per_person: i32,
    pub renames_per_person: i32,
    pub profile_changes_per_person: i32,
    pub exports_per_person: i32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct VerificationSettings {
    pub enabled: bool,
    #[serde(deserialize_with = "strings")]
    pub countries: Vec<String>,
}
