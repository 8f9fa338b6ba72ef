//! A signed cookie that identifies a browser across sessions.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use super::request_context::RequestContext;
use crate::controllers::App;
use crate::error::Result;
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
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

impl RequestContext {
    /// Returns the browser's id if the request has a cookie with a valid signature.
    pub fn browser_id(&self, app: &App) -> Option<KeyHash> {
        self.verified_cookie(app).map(|(hash, _)| hash)
    }

    /// Returns the request's browser, with a new id if it has none. Repeated calls return the same.
    ///
    /// # Errors
    /// `Internal` when the id cannot be signed.
    pub fn browser(&self, app: &App) -> Result<Browser> {
        if let Some(browser) = self.browser.get() {
            return Ok(browser.clone());
        }
        let (hash, value) = match self.verified_cookie(app) {
            Some((hash, value)) => (hash, value.to_owned()),
            None => {
                let (key, hash) = session::new_key();
                let signature = app.hmac_key.sign(PURPOSE, &key)?;
                (hash, format!("{key}.{signature}"))
            }
        };
        let name = app.site.browser_cookie_name();
        let cookie = build_cookie(app, name, value, Duration::days(TRUST_DAYS));
        Ok(self
            .browser
            .get_or_init(|| Browser { hash, cookie })
            .clone())
    }

    /// Returns id and value of the first browser cookie with a valid signature.
    fn verified_cookie(&self, app: &App) -> Option<(KeyHash, &str)> {
        self.cookies(app.site.browser_cookie_name())
            .find_map(|value| {
                let (key, signature) = value.split_once('.')?;
                let is_valid = app.hmac_key.verify(PURPOSE, key, signature);
                is_valid.then(|| (KeyHash::of(key), value))
            })
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
