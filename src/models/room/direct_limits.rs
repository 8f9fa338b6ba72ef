//! Rate limits on direct rooms.

use crate::error::Result;
use crate::models::auth::rate_limit::{Bucket, Rule};
use crate::models::values::signing::HmacKey;

/// Rate limits on looking up users by phone number and on creating direct rooms.
#[derive(Clone)]
pub struct DirectLimits {
    /// Hashes the keys of the counters.
    pub hmac_key: HmacKey,
    /// Look-ups by phone number per user.
    pub number_lookups: Rule,
    /// New direct rooms per user.
    pub new_rooms: Rule,
}

impl DirectLimits {
    /// Returns the counter of a user's look-ups by phone number.
    pub(super) fn lookup(&self, user_id: i64) -> Result<Bucket> {
        self.bucket(self.number_lookups, &format!("look-ups by {user_id}"))
    }

    /// Returns the counter of a user's new direct rooms.
    pub(super) fn new_room(&self, user_id: i64) -> Result<Bucket> {
        self.bucket(self.new_rooms, &format!("direct rooms of {user_id}"))
    }

    fn bucket(&self, rule: Rule, what: &str) -> Result<Bucket> {
        let key_hash = self.hmac_key.sign("throttle", what);
        Ok(Bucket { key_hash, rule })
    }
}
