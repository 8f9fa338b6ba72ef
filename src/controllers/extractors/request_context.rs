//! What is known of a request: its client, and the form of its response. Made once per request.

use std::cell::{Cell, OnceCell};
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::ops::Deref;
use std::rc::Rc;

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::Serialize;
use uuid::Uuid;

use super::accept::{accepts, encodings, parse_quality_list, prefers_json};
use super::browser_id::{self, Browser};
use super::client_address::{client_address, is_loopback};
use super::form::BodyFormat;
use super::{cookies, session_token};
use crate::controllers::{App, Site};
use crate::error::{Error, Result};
use crate::models::auth::security_event::ClientInfo;
use crate::models::auth::session::KeyHash;
use crate::models::user::preferences::Preferences;
use crate::models::values::phone_number::PhoneNumber;
use crate::views::assets::Encoding;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::locale::Locale;

/// The context of a request. Clones share it, so that display preferences loaded later apply to earlier clones.
#[derive(Clone)]
pub struct RequestContext(Rc<RequestValues>);

/// The values of a [`RequestContext`].
pub struct RequestValues {
    /// Random id that identifies the request in the log.
    pub request_id: String,
    /// The client's address, if known.
    pub address: Option<IpAddr>,
    /// Address and user agent of the client, as they are stored.
    pub client: ClientInfo,
    /// Whether the request comes from this machine, and not through a proxy on it.
    pub is_loopback: bool,
    /// This server's own origin, if it is configured or known from the request.
    pub origin: Option<String>,
    /// Session token of an API client.
    pub token: Option<String>,
    /// Whether the client prefers JSON to HTML.
    pub wants_json: bool,
    /// Whether the body is JSON.
    pub has_json_body: bool,
    cookies: Vec<Cookie<'static>>,
    browser: OnceCell<Browser>,
    display_preferences: Cell<DisplayPreferences>,
    encodings: Vec<Encoding>,
    is_navigation: bool,
    path_and_query: String,
    languages: Vec<String>,
}

impl Deref for RequestContext {
    type Target = RequestValues;

    fn deref(&self) -> &RequestValues {
        &self.0
    }
}

impl RequestContext {
    /// Returns the context of a request, which the first call makes.
    pub fn of(request: &HttpRequest) -> Self {
        if let Some(context) = request.extensions().get::<Self>() {
            return context.clone();
        }
        let context = Self(Rc::new(RequestValues::new(request)));
        request.extensions_mut().insert(context.clone());
        context
    }
}

impl RequestValues {
    fn new(request: &HttpRequest) -> Self {
        let site = request.app_data::<Data<App>>().map(|app| &app.site);
        let languages = parse_quality_list(request, header::ACCEPT_LANGUAGE);
        let locale = Locale::negotiate(languages.iter().map(String::as_str));
        let address = site.and_then(|site| client_address(request, &site.trusted_proxies));
        let path = request.path();
        let is_api = path == "/api" || path.starts_with("/api/");
        // Browsers navigate to these paths.
        let is_oauth_page = path.starts_with("/api/oauth/") && accepts(request, "text/html");
        Self {
            request_id: Uuid::new_v4().simple().to_string(),
            address,
            client: ClientInfo {
                ip: address.map_or_else(String::new, |address| address.to_string()),
                user_agent: user_agent(request),
            },
            is_loopback: is_loopback(request),
            origin: site.and_then(|site| own_origin(request, site)),
            token: session_token::session_token(request),
            wants_json: (is_api && !is_oauth_page) || prefers_json(request),
            has_json_body: BodyFormat::of(request) == Some(BodyFormat::Json),
            cookies: site.map_or_else(Vec::new, |site| cookies::own(request.headers(), site)),
            browser: OnceCell::new(),
            display_preferences: Cell::new(locale.into()),
            encodings: encodings(request),
            is_navigation: matches!(*request.method(), Method::GET | Method::HEAD) && path != "/ws",
            path_and_query: request
                .uri()
                .path_and_query()
                .map_or("/", |path_and_query| path_and_query.as_str())
                .to_owned(),
            languages,
        }
    }

    /// Whether the result of a form is JSON instead of a redirect or a page.
    pub fn expects_json(&self) -> bool {
        self.wants_json || self.has_json_body
    }

    /// Returns the values of our cookies with this name.
    pub fn cookies<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self
            .cookies
            .iter()
            .filter(move |cookie| cookie.name() == name);
        named.map(Cookie::value)
    }

    /// Returns the browser's id if the request has a cookie with a valid signature.
    pub fn browser_id(&self, app: &App) -> Option<KeyHash> {
        let cookies = self.cookies(app.site.browser_cookie_name());
        browser_id::verify(app, cookies).map(|(hash, _)| hash)
    }

    /// Returns the request's browser, with a new id if it has none. Repeated calls return the same.
    pub fn browser(&self, app: &App) -> Browser {
        let cookies = self.cookies(app.site.browser_cookie_name());
        let new = || Browser::new(app, browser_id::verify(app, cookies));
        self.browser.get_or_init(new).clone()
    }

    /// Whether the client accepts this content encoding.
    pub fn accepts_encoding(&self, encoding: Encoding) -> bool {
        self.encodings.contains(&encoding)
    }

    /// Returns the display preferences of the response.
    pub fn display_preferences(&self) -> DisplayPreferences {
        self.display_preferences.get()
    }

    /// Returns the language of the response: the browser's, or the user's once they are authenticated.
    pub fn locale(&self) -> Locale {
        self.display_preferences().locale
    }

    /// Applies the preferences of the authenticated user.
    pub fn apply_preferences(&self, preferences: &Preferences) {
        let display = self.display_preferences().with_preferences(preferences);
        self.display_preferences.set(display);
    }

    /// Whether the response is a page that a browser navigates to.
    pub fn is_page(&self) -> bool {
        self.is_navigation && !self.wants_json
    }

    /// Returns the URL for a "try again" link; `None` after a form submission.
    pub fn retry_url(&self) -> Option<&str> {
        // Browsers resolve a path that begins with two slashes to another origin.
        let path = self.path_and_query.as_str();
        let is_local = !path.starts_with("//") && !path.starts_with("/\\");
        (self.is_page() && is_local).then_some(path)
    }

    /// Returns the URL of the sign-in page, which redirects back here.
    pub fn login_url(&self) -> String {
        #[derive(Serialize)]
        struct Query<'a> {
            next: &'a str,
        }
        if self.path_and_query == "/" {
            return "/login".to_owned();
        }
        let query = serde_html_form::to_string(Query {
            next: &self.path_and_query,
        })
        .unwrap_or_default();
        format!("/login?{query}")
    }

    /// Returns the region that the browser's languages suggest (ISO 3166-1 alpha-2), such as `CN` for `zh-CN`.
    pub fn region(&self) -> Option<String> {
        self.languages
            .iter()
            .flat_map(|tag| tag.split('-').skip(1))
            .map(str::to_ascii_uppercase)
            .find(|subtag| subtag.len() == 2 && PhoneNumber::is_known_region(subtag))
    }
}

impl FromRequest for RequestContext {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Returns the `User-Agent` header, or an empty string.
fn user_agent(request: &HttpRequest) -> String {
    let agent = request.headers().get(header::USER_AGENT);
    agent.map_or_else(String::new, |agent| {
        String::from_utf8_lossy(agent.as_bytes()).into_owned()
    })
}

/// Returns the configured public origin, or `http://` and the request's host. Behind a proxy with TLS the public origin must
/// be configured.
fn own_origin(request: &HttpRequest, site: &Site) -> Option<String> {
    if let Some(origin) = &site.public_origin {
        return Some(origin.clone());
    }
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    // As browsers write `Origin`: host in lower case, without the default port.
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":80").unwrap_or(&host);
    Some(format!("http://{host}"))
}

#[cfg(test)]
mod tests;
