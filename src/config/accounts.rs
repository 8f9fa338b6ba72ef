//! Settings about accounts: registration, sessions, rate limits and phone verification.
#![expect(missing_docs, reason = "config/default.toml has the descriptions")]

use serde::Deserialize;

use super::values::words;
use crate::models::auth::invite::InvitePolicy;
use crate::models::user::registration::RegistrationPolicy;

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
    #[serde(deserialize_with = "words")]
    pub countries: Vec<String>,
}
