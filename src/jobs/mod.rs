//! Background jobs, one per file. Each `run` loops until the process ends.

pub mod erase_deleted_users;
pub mod prune_change_notices;
pub mod prune_expired_records;
pub mod prune_expired_sessions;
pub mod truncate_wal;
