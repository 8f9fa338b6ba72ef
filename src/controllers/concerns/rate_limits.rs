//! Rate limits of sign-in, registration and other actions. The methods of [`RateLimits`] return the buckets of one attempt.

use std::net::IpAddr;

use chrono::TimeDelta;
use teahouse_transport::ip_prefix;

use crate::error::Result;
use crate::models::auth::rate_limit::{self, Bucket, Rule};
use crate::models::auth::session::KeyHash;
use crate::models::database::Database;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::HmacKey;
use crate::services::password_hasher::queue::{Priority, Requester};

/// Limits per kind of action.
#[derive(Debug, Clone, Copy)]
pub struct RateLimitRules {
    /// Wrong passwords for one phone number, per address, or per browser that the number was used with.
    pub sign_in: Rule,
    /// Wrong passwords, per address.
    pub sign_in_address: Rule,
    /// Registrations, per address.
    pub registration_address: Rule,
    /// Registrations, per browser.
    pub registration_browser: Rule,
    /// Verification codes, per phone number.
    pub code_number: Rule,
    /// Verification codes, per address.
    pub code_address: Rule,
    /// Pairing links, per user.
    pub pairing_person: Rule,
    /// Pairing requests, per address.
    pub pairing_address: Rule,
    /// New rooms, per user.
    pub rooms_person: Rule,
    /// Members invited, added or removed, and rooms joined, per user.
    pub members_person: Rule,
    /// Blocks and unblocks, per user.
    pub blocks_person: Rule,
    /// Phone numbers claimed, per user.
    pub number_claims_person: Rule,
    /// New passwords, per user; each one is hashed.
    pub new_password: Rule,
    /// Tokens issued for another token, per user.
    pub token_refresh: Rule,
    /// Changes of username, per user.
    pub rename: Rule,
    /// Changes of avatar and preferences, per user.
    pub profile_change: Rule,
    /// Data exports, per user.
    pub export: Rule,
}

/// Builds the buckets in which an attempt is counted. Without rules there are none.
pub struct RateLimits {
    hmac_key: HmacKey,
    rules: Option<RateLimitRules>,
}

impl RateLimits {
    /// Applies these rules; `None` disables all limits.
    pub fn new(hmac_key: HmacKey, rules: Option<RateLimitRules>) -> Self {
        Self { hmac_key, rules }
    }

    /// Sign-in with a password. A browser that the number was used with before has its own bucket, so that guesses from
    /// elsewhere do not lock out the owner.
    pub fn sign_in(
        &self,
        client: Option<IpAddr>,
        phone: Option<&PhoneNumber>,
        trusted_browser: Option<&KeyHash>,
    ) -> Vec<Bucket> {
        let number = phone.map_or("", PhoneNumber::as_str);
        let from = prefix_text(client);
        self.buckets(|rules| match trusted_browser {
            Some(browser) => vec![(
                rules.sign_in,
                format!("sign in from browser {} {number}", browser.as_str()),
            )],
            None => vec![
                (rules.sign_in, format!("sign in from {from} {number}")),
                (rules.sign_in_address, format!("sign in from {from}")),
            ],
        })
    }

    /// The password of a signed-in user, typed again.
    pub fn password_confirmation(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.sign_in, format!("password of {user_id}"))])
    }

    /// Registration: the buckets of the address and those of the browser.
    pub fn registration(
        &self,
        client: Option<IpAddr>,
        browser: &KeyHash,
    ) -> (Vec<Bucket>, Vec<Bucket>) {
        let from = prefix_text(client);
        let by_address = self
            .buckets(|rules| vec![(rules.registration_address, format!("register from {from}"))]);
        let by_browser = self.buckets(|rules| {
            let key = format!("register from browser {}", browser.as_str());
            vec![(rules.registration_browser, key)]
        });
        (by_address, by_browser)
    }

    /// A registration form that is checked, and its password hashed, before the code is sent.
    pub fn registration_form(&self, client: Option<IpAddr>) -> Vec<Bucket> {
        let from = prefix_text(client);
        self.buckets(|rules| {
            let key = format!("registration form from {from}");
            vec![(rules.registration_address, key)]
        })
    }

    /// A callback from GitHub.
    pub fn github_sign_in(&self, client: Option<IpAddr>) -> Vec<Bucket> {
        let from = prefix_text(client);
        self.buckets(|rules| vec![(rules.sign_in_address, format!("github from {from}"))])
    }

    /// A value that can be used once within `window`, even if rate limits are disabled.
    pub fn single_use(&self, value: &str, window: TimeDelta) -> Bucket {
        let rule = Rule {
            attempts: 1,
            window,
            backoff: None,
        };
        let key_hash = self.hmac_key.sign("throttle", &format!("once {value}"));
        Bucket { key_hash, rule }
    }

    /// A verification code sent to a phone number.
    pub fn verification_code(&self, client: Option<IpAddr>, phone: &PhoneNumber) -> Vec<Bucket> {
        let from = prefix_text(client);
        self.buckets(|rules| {
            vec![
                (rules.code_number, format!("code to {}", phone.as_str())),
                (rules.code_address, format!("code from {from}")),
            ]
        })
    }

    /// A link that signs in another device.
    pub fn pairing_link(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.pairing_person, format!("pairing of {user_id}"))])
    }

    /// A device's request to be signed in by such a link.
    pub fn pairing_request(&self, client: Option<IpAddr>) -> Vec<Bucket> {
        let from = prefix_text(client);
        self.buckets(|rules| vec![(rules.pairing_address, format!("pairing from {from}"))])
    }

    /// A new room with `members` invitees. Contains the bucket of membership changes once per invitee.
    pub fn room_creation(&self, user_id: i64, members: usize) -> Vec<Bucket> {
        let mut all =
            self.buckets(|rules| vec![(rules.rooms_person, format!("rooms of {user_id}"))]);
        if let [member] = &self.membership_change(user_id)[..] {
            all.extend(vec![member.clone(); members]);
        }
        all
    }

    /// A member added to or removed from a room.
    pub fn membership_change(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.members_person, format!("members by {user_id}"))])
    }

    /// A block or unblock.
    pub fn block_change(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.blocks_person, format!("blocks of {user_id}"))])
    }

    /// A phone number that a signed-in user enters as their own.
    pub fn phone_claim(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.number_claims_person, format!("numbers of {user_id}"))])
    }

    /// A new password.
    pub fn new_password(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.new_password, format!("new password of {user_id}"))])
    }

    /// A token issued for another token.
    pub fn token_refresh(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.token_refresh, format!("token of {user_id}"))])
    }

    /// A change of username.
    pub fn rename(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.rename, format!("name of {user_id}"))])
    }

    /// A change of avatar or preferences.
    pub fn profile_change(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.profile_change, format!("profile of {user_id}"))])
    }

    /// A data export.
    pub fn export(&self, user_id: i64) -> Vec<Bucket> {
        self.buckets(|rules| vec![(rules.export, format!("export of {user_id}"))])
    }

    /// Returns the requester of a password hash. Without rules all clients share one requester, which has no limit.
    pub fn hash_requester(&self, client: Option<IpAddr>, priority: Priority) -> Requester {
        let address = self.rules.as_ref().and(client);
        Requester {
            priority,
            address: address.map(ip_prefix),
        }
    }

    fn buckets(&self, wanted: impl FnOnce(&RateLimitRules) -> Vec<(Rule, String)>) -> Vec<Bucket> {
        let all = self.rules.as_ref().map(wanted).unwrap_or_default();
        let bucket = |(rule, key): (Rule, String)| Bucket {
            key_hash: self.hmac_key.sign("throttle", &key),
            rule,
        };
        all.into_iter().map(bucket).collect()
    }
}

/// Formats the client's IPv4 address or IPv6 /64 network.
fn prefix_text(client: Option<IpAddr>) -> String {
    client.map_or_else(String::new, |client| ip_prefix(client).to_string())
}

/// Counts an attempt in all buckets, or in none.
///
/// # Errors
/// `RateLimited` when a bucket is full.
pub async fn acquire(database: &Database, buckets: &[Bucket]) -> Result<()> {
    if buckets.is_empty() {
        return Ok(());
    }
    let buckets = buckets.to_vec();
    let write = database.write(move |conn| rate_limit::count_attempt(conn, &buckets));
    write.await
}

/// Counts one attempt per element, which may repeat a bucket, or none.
///
/// # Errors
/// `RateLimited` when a bucket is full.
pub async fn acquire_each(database: &Database, buckets: Vec<Bucket>) -> Result<()> {
    if buckets.is_empty() {
        return Ok(());
    }
    let write = database.write(move |conn| rate_limit::count_attempts(conn, &buckets));
    write.await
}
