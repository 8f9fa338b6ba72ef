//! What is counted, for whom and from where.

use actix_web::HttpRequest;
use chrono::TimeDelta;
use teahouse_transport::ip_prefix;

use crate::controllers::App;
use crate::controllers::extractors::client_address::client_address;
use crate::error::Result;
use crate::models::auth::rate_limit;
use crate::models::auth::rate_limit::{Bucket, Rule};
use crate::models::auth::session::KeyHash;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::HmacKey;
use crate::services::password_hasher::queue::{Priority, Requester};

/// How often each thing may be tried.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Wrong passwords for one number from one address, or from one browser that it was used with.
    pub sign_in: Rule,
    /// Wrong passwords from one address.
    pub sign_in_address: Rule,
    /// New accounts from one address.
    pub registration_address: Rule,
    /// New accounts from one browser.
    pub registration_browser: Rule,
    /// Messages to one number.
    pub code_number: Rule,
    /// Messages because of one address.
    pub code_address: Rule,
    /// Codes for another device of one person.
    pub pairing_person: Rule,
    /// Devices that ask from one address.
    pub pairing_address: Rule,
    /// Rooms that one person makes.
    pub rooms_person: Rule,
    /// People whom one person invites, adds or removes, and rooms that they enter.
    pub members_person: Rule,
    /// People whom one person blocks or unblocks.
    pub blocks_person: Rule,
    /// Numbers that one person says are theirs.
    pub number_claims_person: Rule,
    /// New passwords of one person, each of which is hashed.
    pub new_password: Rule,
    /// Tokens that one person makes of another token.
    pub token_refresh: Rule,
    /// New names of one person.
    pub rename: Rule,
    /// Pictures and preferences that one person sets.
    pub profile_change: Rule,
    /// Exports of one person's data.
    pub export: Rule,
}

/// Makes the buckets that a try is counted in: none when nothing is counted.
pub struct Throttles {
    hmac_key: HmacKey,
    rules: Option<Rules>,
}

impl Throttles {
    /// With these rules; `None`: nothing is counted.
    pub fn new(hmac_key: HmacKey, rules: Option<Rules>) -> Self {
        Self { hmac_key, rules }
    }

    /// A sign-in. A browser that this number was used with before is counted by itself: so nobody else's guesses, wherever
    /// they come from, lock the owner out.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn sign_in(
        &self,
        request: &HttpRequest,
        phone: Option<&PhoneNumber>,
        known: Option<&KeyHash>,
    ) -> Result<Vec<Bucket>> {
        let number = phone.map_or("", PhoneNumber::as_str);
        let from = address(request);
        self.buckets(|rules| match known {
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

    /// The password of somebody who is signed in already, typed again.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn password(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.sign_in, format!("password of {user_id}"))])
    }

    /// A new account: what counts for the address, and what counts for the browser.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn registration(
        &self,
        request: &HttpRequest,
        browser: &KeyHash,
    ) -> Result<(Vec<Bucket>, Vec<Bucket>)> {
        let from = address(request);
        let by_address = self
            .buckets(|rules| vec![(rules.registration_address, format!("register from {from}"))]);
        let by_browser = self.buckets(|rules| {
            let what = format!("register from browser {}", browser.as_str());
            vec![(rules.registration_browser, what)]
        });
        Ok((by_address?, by_browser?))
    }

    /// Somebody who comes back from GitHub.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn github(&self, request: &HttpRequest) -> Result<Vec<Bucket>> {
        let from = address(request);
        self.buckets(|rules| vec![(rules.sign_in_address, format!("github from {from}"))])
    }

    /// Something that is good once within this time, whatever else is counted.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn once(&self, what: &str, window: TimeDelta) -> Result<Bucket> {
        let rule = Rule {
            attempts: 1,
            window,
            backoff: None,
        };
        let key_hash = self.hmac_key.sign("throttle", &format!("once {what}"))?;
        Ok(Bucket { key_hash, rule })
    }

    /// A message to a number.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn code(&self, request: &HttpRequest, phone: &PhoneNumber) -> Result<Vec<Bucket>> {
        let from = address(request);
        self.buckets(|rules| {
            vec![
                (rules.code_number, format!("code to {}", phone.as_str())),
                (rules.code_address, format!("code from {from}")),
            ]
        })
    }

    /// A link for another device.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn pairing(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.pairing_person, format!("pairing of {user_id}"))])
    }

    /// A device that asks by one.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn asking(&self, request: &HttpRequest) -> Result<Vec<Bucket>> {
        let from = address(request);
        self.buckets(|rules| vec![(rules.pairing_address, format!("pairing from {from}"))])
    }

    /// A new room, with so many people who are invited into it.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn room(&self, user_id: i64, members: usize) -> Result<Vec<Bucket>> {
        let mut all =
            self.buckets(|rules| vec![(rules.rooms_person, format!("rooms of {user_id}"))])?;
        if let [member] = &self.member(user_id)?[..] {
            all.extend(vec![member.clone(); members]);
        }
        Ok(all)
    }

    /// A change of who is in a room.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn member(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.members_person, format!("members by {user_id}"))])
    }

    /// A block that is set or lifted.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn block(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.blocks_person, format!("blocks of {user_id}"))])
    }

    /// A number that somebody who is signed in says is theirs.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn number_claim(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.number_claims_person, format!("numbers of {user_id}"))])
    }

    /// A new password of somebody's.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn new_password(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.new_password, format!("new password of {user_id}"))])
    }

    /// Another token of somebody who has one.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn token_refresh(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.token_refresh, format!("token of {user_id}"))])
    }

    /// Another name.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn rename(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.rename, format!("name of {user_id}"))])
    }

    /// Another picture or preference.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn profile_change(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.profile_change, format!("profile of {user_id}"))])
    }

    /// An export of somebody's data.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn export(&self, user_id: i64) -> Result<Vec<Bucket>> {
        self.buckets(|rules| vec![(rules.export, format!("export of {user_id}"))])
    }

    /// A registration that waits for a code: it is hashed before the code is sent.
    ///
    /// # Errors
    /// `Internal` when nothing can be hashed.
    pub fn registration_form(&self, request: &HttpRequest) -> Result<Vec<Bucket>> {
        let from = address(request);
        self.buckets(|rules| {
            let what = format!("registration form from {from}");
            vec![(rules.registration_address, what)]
        })
    }

    /// On whose behalf a password is hashed. Without throttling all addresses count as one, which has no limit.
    pub fn requester(&self, request: &HttpRequest, priority: Priority) -> Requester {
        let address = self.rules.as_ref().and_then(|_| client_address(request));
        Requester {
            priority,
            address: address.map(ip_prefix),
        }
    }

    fn buckets(&self, wanted: impl FnOnce(&Rules) -> Vec<(Rule, String)>) -> Result<Vec<Bucket>> {
        let all = self.rules.as_ref().map(wanted).unwrap_or_default();
        let bucket = |(rule, what): (Rule, String)| {
            let key_hash = self.hmac_key.sign("throttle", &what)?;
            Ok(Bucket { key_hash, rule })
        };
        all.into_iter().map(bucket).collect()
    }
}

/// The client's IPv4 address or IPv6 /64 network, as text.
fn address(request: &HttpRequest) -> String {
    let from = client_address(request).map(ip_prefix);
    from.map_or_else(String::new, |address| address.to_string())
}

/// Counts a try.
///
/// # Errors
/// `RateLimited` when there were too many.
pub async fn take(app: &App, buckets: &[Bucket]) -> Result<()> {
    if buckets.is_empty() {
        return Ok(());
    }
    let buckets = buckets.to_vec();
    let write = app
        .database
        .write(move |conn| rate_limit::take(conn, &buckets));
    write.await
}

/// Counts several tries, the same bucket perhaps more than once; none of them when there are too many.
///
/// # Errors
/// `RateLimited` when there were too many.
pub async fn take_each(app: &App, buckets: Vec<Bucket>) -> Result<()> {
    if buckets.is_empty() {
        return Ok(());
    }
    let write = app
        .database
        .write(move |conn| rate_limit::take_each(conn, &buckets));
    write.await
}
