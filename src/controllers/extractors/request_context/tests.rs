//! Headers of all kinds.

use actix_web::test::TestRequest;
use proptest::prelude::*;

use super::*;

fn with_header(name: header::HeaderName, value: &str) -> RequestContext {
    RequestContext::of(
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
            let context = RequestContext::of(&request.to_http_request());
            let region = context.region();
            prop_assert!(region.is_none_or(|region| PhoneNumber::is_known_region(&region)));
        }
    }

    #[test]
    fn login_url_round_trips_any_path(path in "/[a-zA-Z0-9/_.~%&=?+-]{0,30}") {
        prop_assume!(path.parse::<actix_web::http::Uri>().is_ok());
        let context = RequestContext::of(&TestRequest::get().uri(&path).to_http_request());
        let url = context.login_url();
        let next = url.strip_prefix("/login?").unwrap_or("next=%2F");
        let next: Vec<(String, String)> = serde_html_form::from_str(next).expect("a query");
        prop_assert_eq!(next, [("next".to_owned(), path)]);
    }
}
