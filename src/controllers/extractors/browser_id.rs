//! By what a browser is known again after its session has ended.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage, HttpRequest};

use super::cookies;
use crate::controllers::App;
use crate::error::Result;
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::auth::trusted_browser::TRUST_DAYS;

/// What the signature is for.
const PURPOSE: &str = "browser";

/// A browser, and the cookie that it keeps.
#[derive(Clone)]
pub struct Browser {
    /// What is kept of it here.
    pub hash: KeyHash,
    /// To be sent with the answer.
    pub cookie: Cookie<'static>,
}

/// The browser that asks, if it has been here before. What it shows was signed here.
pub fn known(app: &App, request: &HttpRequest) -> Option<KeyHash> {
    shown(app, request).map(|(hash, _)| hash)
}

/// The first of the request's browser cookies that was signed here: the hash of its key, and its value.
fn shown(app: &App, request: &HttpRequest) -> Option<(KeyHash, String)> {
    let cookies = cookies::all(request, app.site.browser_cookie_name());
    cookies.iter().find_map(|cookie| {
        let (key, signature) = cookie.value().split_once('.')?;
        let is_ours = app.hmac_key.verify(PURPOSE, key, signature);
        is_ours.then(|| (KeyHash::of(key), cookie.value().to_owned()))
    })
}

/// The browser that asks; a new one gets what it will be known by, the same one as often as a request asks.
///
/// # Errors
/// `Internal` when nothing can be signed.
pub fn recognise(app: &App, request: &HttpRequest) -> Result<Browser> {
    if let Some(browser) = request.extensions().get::<Browser>() {
        return Ok(browser.clone());
    }
    let name = app.site.browser_cookie_name();
    let (hash, value) = match shown(app, request) {
        Some(shown) => shown,
        None => {
            let (key, hash) = session::new_key();
            let signature = app.hmac_key.sign(PURPOSE, &key)?;
            (hash, format!("{key}.{signature}"))
        }
    };
    let cookie = keep(app, name, value, Duration::days(TRUST_DAYS));
    let browser = Browser { hash, cookie };
    request.extensions_mut().insert(browser.clone());
    Ok(browser)
}

/// A cookie that only we read, for so long.
pub fn keep(app: &App, name: &'static str, value: String, lifetime: Duration) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(app.site.is_secure())
        .same_site(SameSite::Lax)
        .max_age(lifetime)
        .finish()
}
