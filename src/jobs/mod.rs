//! Work that happens later: one small file each.

pub mod departed;
pub mod erased_traces;
pub mod expired_sessions;
pub mod old_notices;
pub mod spent_records;
