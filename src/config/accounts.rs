//! Who may come in, and how often they may try.

use serde::Deserialize;

use super::{DeletedMessages, words};

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Accounts {
    pub region: String,
    pub deleted_messages: DeletedMessages,
    pub session_days: i64,
    pub registration: Registration,
    pub invites: Invites,
    pub security_event_days: i64,
    pub hash_memory_kib: u32,
    pub hash_passes: u32,
    pub hash_permits: usize,
    pub hash_queue: usize,
    pub hash_queue_per_address: usize,
    pub sessions_per_person: i64,
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Who has an invite.
    Invite,
    /// Nobody.
    Closed,
}

/// Who may invite others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Invites {
    /// Everybody who is here.
    Members,
    /// Admins alone.
    Admins,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Throttle {
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
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Verification {
    pub enabled: bool,
    #[serde(deserialize_with = "words")]
    pub countries: Vec<String>,
}
