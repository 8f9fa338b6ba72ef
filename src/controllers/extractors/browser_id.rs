//! A signed cookie that identifies a browser across sessions.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage, HttpRequest};

use super::cookies;
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

/// Returns the browser's id if the request has a cookie with a valid signature.
pub fn verified_id(app: &App, request: &HttpRequest) -> Option<KeyHash> {
    verified_cookie(app, request).map(|(hash, _)| hash)
}

/// Returns id and value of the first browser cookie with a valid signature.
fn verified_cookie(app: &App, request: &HttpRequest) -> Option<(KeyHash, String)> {
    let cookies = cookies::all(request, app.site.browser_cookie_name());
    cookies.iter().find_map(|cookie| {
        let (key, signature) = cookie.value().split_once('.')?;
        let is_valid = app.hmac_key.verify(PURPOSE, key, signature);
        is_valid.then(|| (KeyHash::of(key), cookie.value().to_owned()))
    })
}

/// Returns the request's browser, with a new id if it has none. Repeated calls for one request return the same.
///
/// # Errors
/// `Internal` when the id cannot be signed.
pub fn get_or_create(app: &App, request: &HttpRequest) -> Result<Browser> {
    if let Some(browser) = request.extensions().get::<Browser>() {
        return Ok(browser.clone());
    }
    let name = app.site.browser_cookie_name();
    let (hash, value) = match verified_cookie(app, request) {
        Some(verified) => verified,
        None => {
            let (key, hash) = session::new_key();
            let signature = app.hmac_key.sign(PURPOSE, &key);
            (hash, format!("{key}.{signature}"))
        }
    };
    let cookie = build_cookie(app, name, value, Duration::days(TRUST_DAYS));
    let browser = Browser { hash, cookie };
    request.extensions_mut().insert(browser.clone());
    Ok(browser)
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
