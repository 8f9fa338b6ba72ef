//! A signed cookie that identifies a browser across sessions.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::controllers::App;
use crate::models::auth::session::{self, KeyHash};
use crate::models::auth::trusted_browser::TRUST_DAYS;

/// Domain separator of the signature.
const PURPOSE: &str = "browser";

/// A browser's id and its cookie.
#[derive(Clone)]
pub struct Browser {
    /// The id that the database stores: the hash of the cookie's key.
    pub hash: KeyHash,
    /// The cookie to set.
    pub cookie: Cookie<'static>,
}

/// Returns id and value of the first cookie with a valid signature.
pub(super) fn verify<'a>(
    app: &App,
    mut cookies: impl Iterator<Item = &'a str>,
) -> Option<(KeyHash, &'a str)> {
    cookies.find_map(|value| {
        let (key, signature) = value.split_once('.')?;
        let is_valid = app.hmac_key.verify(PURPOSE, key, signature);
        is_valid.then(|| (KeyHash::of(key), value))
    })
}

impl Browser {
    /// Returns the browser with this verified cookie, or with a new id.
    pub(super) fn new(app: &App, verified: Option<(KeyHash, &str)>) -> Self {
        let (hash, value) = match verified {
            Some((hash, value)) => (hash, value.to_owned()),
            None => {
                let (key, hash) = session::new_key();
                let signature = app.hmac_key.sign(PURPOSE, &key);
                (hash, format!("{key}.{signature}"))
            }
        };
        let name = app.site.browser_cookie_name();
        let cookie = build_cookie(app, name, value, Duration::days(TRUST_DAYS));
        Self { hash, cookie }
    }
}

/// Builds a cookie that scripts cannot read and cross-site requests do not carry.
pub fn build_cookie(
    app: &App,
    name: &'static str,
    value: String,
    lifetime: Duration,
) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(app.site.is_secure())
        .same_site(SameSite::Lax)
        .max_age(lifetime)
        .finish()
}
