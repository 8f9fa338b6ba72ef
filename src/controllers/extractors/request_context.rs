//! How a request wants to be answered: language, JSON or a page, its id.

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

/// See the module's description. Its copies are one: what is learnt of the person who asks, all of them know.
#[derive(Debug, Clone)]
pub struct Asked {
    look: Rc<Cell<DisplayPreferences>>,
    /// Whether JSON is preferred to HTML.
    pub wants_json: bool,
    /// By which log lines are found.
    pub request_id: String,
    /// Whether it comes from this very machine, and not through a proxy on it.
    pub is_loopback: bool,
    encodings: Vec<Encoding>,
    is_for_eyes: bool,
    address: String,
    tags: Vec<String>,
}

impl Asked {
    /// Reads the request's headers.
    pub fn of(request: &HttpRequest) -> Self {
        let tags = ranked(request, header::ACCEPT_LANGUAGE);
        let locale = Locale::negotiate(tags.iter().map(String::as_str));
        let is_api = request.path() == "/api" || request.path().starts_with("/api/");
        // Under here browsers go, with people before them.
        let is_visit = request.path().starts_with("/api/oauth/") && names_html(request);
        Self {
            look: Rc::new(Cell::new(locale.into())),
            wants_json: (is_api && !is_visit) || prefers_json(request),
            request_id: Uuid::new_v4().simple().to_string(),
            is_loopback: is_loopback(request),
            encodings: encodings(request),
            is_for_eyes: matches!(*request.method(), Method::GET | Method::HEAD)
                && request.path() != "/ws",
            address: request
                .uri()
                .path_and_query()
                .map_or("/", |address| address.as_str())
                .to_owned(),
            tags,
        }
    }

    /// Whether the answer may be compressed so.
    pub fn takes(&self, encoding: Encoding) -> bool {
        self.encodings.contains(&encoding)
    }

    /// How the answer looks.
    pub fn look(&self) -> DisplayPreferences {
        self.look.get()
    }

    /// The language of the answer: the person's own choice once it is known who asks, until then the browser's.
    pub fn locale(&self) -> Locale {
        self.look().locale
    }

    /// From here on it is known how whoever asks likes things to be.
    pub fn prefer(&self, preferences: &Preferences) {
        self.look.set(self.look().with_preferences(preferences));
    }

    /// Whether a browser shows the answer to a person.
    pub fn is_page(&self) -> bool {
        self.is_for_eyes && !self.wants_json
    }

    /// The page that a person wanted to see, to be asked for again; nothing when it was a form that they sent.
    pub fn again(&self) -> Option<&str> {
        // To a browser, an address that begins with two slashes is another site's.
        let is_local = !self.address.starts_with("//") && !self.address.starts_with("/\\");
        (self.is_page() && is_local).then_some(self.address.as_str())
    }

    /// Where to sign in, and come back here afterwards.
    pub fn login_address(&self) -> String {
        #[derive(Serialize)]
        struct Query<'a> {
            next: &'a str,
        }
        if self.address == "/" {
            return "/login".to_owned();
        }
        let query = serde_html_form::to_string(Query {
            next: &self.address,
        })
        .unwrap_or_default();
        format!("/login?{query}")
    }

    /// The country that the browser's languages suggest (ISO 3166-1 alpha-2), such as `CN` of `zh-CN`.
    pub fn region(&self) -> Option<String> {
        self.tags
            .iter()
            .flat_map(|tag| tag.split('-').skip(1))
            .map(str::to_ascii_uppercase)
            .find(|subtag| subtag.len() == 2 && PhoneNumber::knows_region(subtag))
    }
}

impl FromRequest for Asked {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = request.extensions().get::<Self>().cloned();
        ready(Ok(asked.unwrap_or_else(|| Self::of(request))))
    }
}

/// Whether a request takes this media type, by name.
pub fn accepts(request: &HttpRequest, media_type: &str) -> bool {
    ranked(request, header::ACCEPT)
        .iter()
        .any(|accepted| accepted == media_type)
}

fn encodings(request: &HttpRequest) -> Vec<Encoding> {
    let accepted = ranked(request, header::ACCEPT_ENCODING);
    let is_accepted = |encoding: &Encoding| {
        let name = encoding.name();
        accepted
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name))
    };
    let all = [Encoding::Gzip, Encoding::Brotli];
    all.into_iter().filter(is_accepted).collect()
}

fn prefers_json(request: &HttpRequest) -> bool {
    let accepted = ranked(request, header::ACCEPT);
    let place = |wanted: &str| accepted.iter().position(|media| media == wanted);
    match (place("application/json"), place("text/html")) {
        (Some(json), Some(html)) => json < html,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn names_html(request: &HttpRequest) -> bool {
    let accepted = ranked(request, header::ACCEPT);
    accepted.iter().any(|media| media == "text/html")
}

/// The values of a header with weights (RFC 9110, section 12.4.2) in lower case, best first, without those of weight 0.
fn ranked(request: &HttpRequest, name: header::HeaderName) -> Vec<String> {
    let mut values: Vec<(u16, String)> = request
        .headers()
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(32)
        .map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let value = parts.next().unwrap_or_default();
            // Media types, languages and codings compare without case.
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

    fn asked(name: header::HeaderName, value: &str) -> Asked {
        Asked::of(
            &TestRequest::get()
                .uri("/rooms/1?at=3")
                .insert_header((name, value))
                .to_http_request(),
        )
    }

    #[test]
    fn the_browsers_languages_decide_locale_and_region() {
        let asked = asked(header::ACCEPT_LANGUAGE, "en;q=0.5, zh-Hans-CN, zh;q=0.9");
        assert_eq!(asked.locale(), Locale::ZhCn);
        assert_eq!(asked.region().as_deref(), Some("CN"));
    }

    #[test]
    fn the_last_digit_of_a_weight_counts() {
        let asked = asked(header::ACCEPT_LANGUAGE, "en;q=0.510, zh;q=0.511");
        assert_eq!(asked.locale(), Locale::ZhCn);
    }

    #[test]
    fn json_must_be_preferred_to_html() {
        assert!(asked(header::ACCEPT, "application/json").wants_json);
        assert!(asked(header::ACCEPT, "text/html;q=0.8, application/json").wants_json);
        assert!(asked(header::ACCEPT, "Application/JSON").wants_json);
        assert!(
            asked(
                header::ACCEPT,
                "TEXT/HTML;Q=0.8 , APPLICATION/json ; Q = 0.9"
            )
            .wants_json
        );
        assert!(
            asked(
                header::ACCEPT,
                "text/html; q = 0.1,application/json;charset=utf-8;q=0.2"
            )
            .wants_json
        );
        assert!(!asked(header::ACCEPT, "Text/Html, application/json").wants_json);
        assert!(!asked(header::ACCEPT, "application/json;Q=0").wants_json);
        assert!(!asked(header::ACCEPT, "*/*").wants_json);
        assert!(!asked(header::ACCEPT, "text/html, application/json;q=0.9").wants_json);
    }

    #[test]
    fn signing_in_leads_back() {
        let address = asked(header::ACCEPT, "text/html").login_address();
        assert_eq!(address, "/login?next=%2Frooms%2F1%3Fat%3D3");
    }

    proptest! {
        #[test]
        fn any_header_is_read(value in prop::collection::vec(0x20_u8..=0xFF, 0..60)) {
            let Ok(value) = header::HeaderValue::from_bytes(&value) else {
                return Ok(());
            };
            for name in [header::ACCEPT, header::ACCEPT_LANGUAGE] {
                let request = TestRequest::get().insert_header((name, value.clone()));
                let asked = Asked::of(&request.to_http_request());
                let region = asked.region();
                prop_assert!(region.is_none_or(|region| PhoneNumber::knows_region(&region)));
            }
        }

        #[test]
        fn the_heaviest_comes_first_and_equals_keep_their_order(
            weights in prop::collection::vec(0_u16..=1000, 1..20),
        ) {
            let tags = weights.iter().enumerate();
            let list = tags.map(|(n, weight)| format!("x{n};q={}", f64::from(*weight) / 1000.0));
            let list = list.collect::<Vec<_>>().join(",");
            let request = TestRequest::get().insert_header((header::ACCEPT_LANGUAGE, list));
            let mut wanted: Vec<usize> = (0..weights.len()).filter(|n| weights[*n] > 0).collect();
            wanted.sort_by_key(|n| std::cmp::Reverse(weights[*n]));
            let wanted: Vec<String> = wanted.iter().map(|n| format!("x{n}")).collect();
            prop_assert_eq!(ranked(&request.to_http_request(), header::ACCEPT_LANGUAGE), wanted);
        }

        #[test]
        fn signing_in_leads_back_to_any_address(path in "/[a-zA-Z0-9/_.~%&=?+-]{0,30}") {
            prop_assume!(path.parse::<actix_web::http::Uri>().is_ok());
            let asked = Asked::of(&TestRequest::get().uri(&path).to_http_request());
            let address = asked.login_address();
            let next = address.strip_prefix("/login?").unwrap_or("next=%2F");
            let next: Vec<(String, String)> = serde_html_form::from_str(next).expect("a query");
            prop_assert_eq!(next, [("next".to_owned(), path)]);
        }
    }
}
