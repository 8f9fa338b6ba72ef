//! Properties of a request that determine the form of its response: language, JSON or HTML, and the request id.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::Serialize;
use uuid::Uuid;

use super::client_address::is_loopback;
use crate::error::Error;
use crate::models::user::preferences::Preferences;
use crate::models::values::phone_number::PhoneNumber;
use crate::views::assets::Encoding;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::locale::Locale;

/// Per-request context. Clones share the display preferences, so that those loaded later apply to earlier clones.
#[derive(Debug, Clone)]
pub struct RequestContext {
    display_preferences: Rc<Cell<DisplayPreferences>>,
    /// Whether the client prefers JSON to HTML.
    pub wants_json: bool,
    /// Random id that identifies the request in the log.
    pub request_id: String,
    /// Whether the request comes from this machine, and not through a proxy on it.
    pub is_loopback: bool,
    encodings: Vec<Encoding>,
    is_navigation: bool,
    path_and_query: String,
    languages: Vec<String>,
}

impl RequestContext {
    /// Reads the request's headers.
    pub fn new(request: &HttpRequest) -> Self {
        let languages = parse_quality_list(request, header::ACCEPT_LANGUAGE);
        let locale = Locale::negotiate(languages.iter().map(String::as_str));
        let is_api = request.path() == "/api" || request.path().starts_with("/api/");
        // Browsers navigate to these paths.
        let is_oauth_page =
            request.path().starts_with("/api/oauth/") && accepts(request, "text/html");
        Self {
            display_preferences: Rc::new(Cell::new(locale.into())),
            wants_json: (is_api && !is_oauth_page) || prefers_json(request),
            request_id: Uuid::new_v4().simple().to_string(),
            is_loopback: is_loopback(request),
            encodings: encodings(request),
            is_navigation: matches!(*request.method(), Method::GET | Method::HEAD)
                && request.path() != "/ws",
            path_and_query: request
                .uri()
                .path_and_query()
                .map_or("/", |path_and_query| path_and_query.as_str())
                .to_owned(),
            languages,
        }
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
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Self>().cloned();
        ready(Ok(context.unwrap_or_else(|| Self::new(request))))
    }
}

/// Whether `Accept` lists this media type; wildcards do not count.
pub fn accepts(request: &HttpRequest, media_type: &str) -> bool {
    parse_quality_list(request, header::ACCEPT)
        .iter()
        .any(|accepted| accepted == media_type)
}

/// Returns the supported encodings that the client accepts.
fn encodings(request: &HttpRequest) -> Vec<Encoding> {
    let accepted = parse_quality_list(request, header::ACCEPT_ENCODING);
    let is_accepted = |encoding: &Encoding| {
        let name = encoding.name();
        accepted
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name))
    };
    let all = [Encoding::Gzip, Encoding::Brotli];
    all.into_iter().filter(is_accepted).collect()
}

/// Whether the client accepts JSON, and HTML not or only with a lower weight.
fn prefers_json(request: &HttpRequest) -> bool {
    let accepted = parse_quality_list(request, header::ACCEPT);
    let rank = |wanted: &str| accepted.iter().position(|media| media == wanted);
    match (rank("application/json"), rank("text/html")) {
        (Some(json), Some(html)) => json < html,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Parses a header of values with weights (RFC 9110, section 12.4.2). Returns them in lower case, highest weight first,
/// without those of weight 0.
fn parse_quality_list(request: &HttpRequest, name: header::HeaderName) -> Vec<String> {
    let mut values: Vec<(u16, String)> = request
        .headers()
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(32)
        .map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let value = parts.next().unwrap_or_default();
            // Media types, languages and codings are case-insensitive.
            let value = value.to_ascii_lowercase();
            let weight = parts
                .filter_map(|part| part.split_once('='))
                .find(|(name, _)| name.trim_end().eq_ignore_ascii_case("q"))
                .map(|(_, weight)| weight.trim_start())
                .map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
            (
                (weight.unwrap_or(0.0).clamp(0.0, 1.0) * 1000.0).round() as u16,
                value,
            )
        })
        .filter(|(weight, value)| *weight > 0 && !value.is_empty())
        .collect();
    values.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    values.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn with_header(name: header::HeaderName, value: &str) -> RequestContext {
        RequestContext::new(
            &TestRequest::get()
                .uri("/rooms/1?at=3")
                .insert_header((name, value))
                .to_http_request(),
        )
    }

    #[test]
    fn languages_determine_locale_and_region() {
        let context = with_header(header::ACCEPT_LANGUAGE, "en;q=0.5, zh-Hans-CN, zh;q=0.9");
        assert_eq!(context.locale(), Locale::ZhCn);
        assert_eq!(context.region().as_deref(), Some("CN"));
    }

    #[test]
    fn weights_have_three_digits() {
        let context = with_header(header::ACCEPT_LANGUAGE, "en;q=0.510, zh;q=0.511");
        assert_eq!(context.locale(), Locale::ZhCn);
    }

    #[test]
    fn json_requires_higher_weight_than_html() {
        assert!(with_header(header::ACCEPT, "application/json").wants_json);
        assert!(with_header(header::ACCEPT, "text/html;q=0.8, application/json").wants_json);
        assert!(with_header(header::ACCEPT, "Application/JSON").wants_json);
        assert!(
            with_header(
                header::ACCEPT,
                "TEXT/HTML;Q=0.8 , APPLICATION/json ; Q = 0.9"
            )
            .wants_json
        );
        assert!(
            with_header(
                header::ACCEPT,
                "text/html; q = 0.1,application/json;charset=utf-8;q=0.2"
            )
            .wants_json
        );
        assert!(!with_header(header::ACCEPT, "Text/Html, application/json").wants_json);
        assert!(!with_header(header::ACCEPT, "application/json;Q=0").wants_json);
        assert!(!with_header(header::ACCEPT, "*/*").wants_json);
        assert!(!with_header(header::ACCEPT, "text/html, application/json;q=0.9").wants_json);
    }

    #[test]
    fn login_url_contains_path_and_query() {
        let url = with_header(header::ACCEPT, "text/html").login_url();
        assert_eq!(url, "/login?next=%2Frooms%2F1%3Fat%3D3");
    }

    proptest! {
        #[test]
        fn arbitrary_headers_do_not_panic(value in prop::collection::vec(0x20_u8..=0xFF, 0..60)) {
            let Ok(value) = header::HeaderValue::from_bytes(&value) else {
                return Ok(());
            };
            for name in [header::ACCEPT, header::ACCEPT_LANGUAGE] {
                let request = TestRequest::get().insert_header((name, value.clone()));
                let context = RequestContext::new(&request.to_http_request());
                let region = context.region();
                prop_assert!(region.is_none_or(|region| PhoneNumber::is_known_region(&region)));
            }
        }

        #[test]
        fn highest_weight_comes_first_and_equal_weights_keep_order(
            weights in prop::collection::vec(0_u16..=1000, 1..20),
        ) {
            let tags = weights.iter().enumerate();
            let list = tags.map(|(n, weight)| format!("x{n};q={}", f64::from(*weight) / 1000.0));
            let list = list.collect::<Vec<_>>().join(",");
            let request = TestRequest::get().insert_header((header::ACCEPT_LANGUAGE, list));
            let mut wanted: Vec<usize> = (0..weights.len()).filter(|n| weights[*n] > 0).collect();
            wanted.sort_by_key(|n| std::cmp::Reverse(weights[*n]));
            let wanted: Vec<String> = wanted.iter().map(|n| format!("x{n}")).collect();
            prop_assert_eq!(parse_quality_list(&request.to_http_request(), header::ACCEPT_LANGUAGE), wanted);
        }

        #[test]
        fn login_url_round_trips_any_path(path in "/[a-zA-Z0-9/_.~%&=?+-]{0,30}") {
            prop_assume!(path.parse::<actix_web::http::Uri>().is_ok());
            let context = RequestContext::new(&TestRequest::get().uri(&path).to_http_request());
            let url = context.login_url();
            let next = url.strip_prefix("/login?").unwrap_or("next=%2F");
            let next: Vec<(String, String)> = serde_html_form::from_str(next).expect("a query");
            prop_assert_eq!(next, [("next".to_owned(), path)]);
        }
    }
}
