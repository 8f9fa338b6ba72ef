//! Background jobs, one per file. Each `run` loops until the process ends.

pub mod erase_deleted_users;
pub mod prune_expired;
pub mod truncate_wal;
