//! Session tokens of API clients.

use actix_web::HttpRequest;
use actix_web::http::header;
use serde::Deserialize;

/// Paths that accept the token as `?token=`, because their clients cannot set headers.
const QUERY_TOKEN_PATHS: [&str; 3] = ["/ws", "/api/events", "/api/messages"];

/// Returns the request's session token, if any. It takes precedence over the session cookie.
pub(super) fn session_token(request: &HttpRequest) -> Option<String> {
    /// `?token=`
    #[derive(Deserialize)]
    struct TokenQuery {
        token: String,
    }
    let header = request.headers().get(header::AUTHORIZATION);
    let bearer = header
        .and_then(|header| header.to_str().ok())
        .and_then(|header| {
            // A scheme without a token yields the empty token, which is never valid.
            let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
            scheme
                .eq_ignore_ascii_case("bearer")
                .then(|| token.trim().to_owned())
        });
    if bearer.is_some() || !QUERY_TOKEN_PATHS.contains(&request.path()) {
        return bearer;
    }
    let query: Option<TokenQuery> = serde_html_form::from_str(request.query_string()).ok();
    query.map(|query| query.token)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn token_follows_bearer_scheme(
            scheme in prop_oneof![Just("Bearer"), Just("bEARER"), Just("Basic"), Just("Bearers")],
            key in "[!-~]{1,40}",
        ) {
            let request = TestRequest::get().insert_header(("authorization", format!("{scheme}  {key} ")));
            let is_bearer = scheme.eq_ignore_ascii_case("bearer");
            prop_assert_eq!(session_token(&request.to_http_request()), is_bearer.then_some(key));
        }

        #[test]
        fn arbitrary_headers_and_queries_do_not_panic(
            value in prop::collection::vec(0x20_u8..=0xFF, 0..40),
            query in "[a-z=&%+0-9\\[\\]]{0,30}",
        ) {
            let plain = TestRequest::get().uri(&format!("/ws?{query}"));
            let named = query.starts_with("token=") || query.contains("&token=");
            let found = session_token(&plain.to_http_request());
            prop_assert!(named || query.contains('%') || found.is_none(), "{:?}", found);
            if let Ok(value) = header::HeaderValue::from_bytes(&value) {
                let request = TestRequest::get().uri("/ws?token=x").insert_header(("authorization", value));
                let _ = session_token(&request.to_http_request());
            }
        }
    }
}
