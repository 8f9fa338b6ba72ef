//! Headers that list what a client accepts, with weights (RFC 9110, section 12.4.2).

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::views::assets::Encoding;

/// Whether `Accept` lists this media type; wildcards do not count.
pub fn accepts(request: &HttpRequest, media_type: &str) -> bool {
    parse_quality_list(request, header::ACCEPT)
        .iter()
        .any(|accepted| accepted == media_type)
}

/// Returns the supported encodings that the client accepts.
pub(super) fn encodings(request: &HttpRequest) -> Vec<Encoding> {
    let accepted = parse_quality_list(request, header::ACCEPT_ENCODING);
    let is_accepted = |encoding: &Encoding| accepted.iter().any(|name| name == encoding.name());
    let all = [Encoding::Gzip, Encoding::Brotli];
    all.into_iter().filter(is_accepted).collect()
}

/// Whether the client accepts JSON, and HTML not or only with a lower weight.
pub(super) fn prefers_json(request: &HttpRequest) -> bool {
    let accepted = parse_quality_list(request, header::ACCEPT);
    let rank = |wanted: &str| accepted.iter().position(|media| media == wanted);
    match (rank("application/json"), rank("text/html")) {
        (Some(json), Some(html)) => json < html,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Returns the values in lower case, highest weight first, without those of weight 0.
pub(super) fn parse_quality_list(request: &HttpRequest, name: header::HeaderName) -> Vec<String> {
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

    #[test]
    fn json_requires_higher_weight_than_html() {
        for (accept, expected) in [
            ("application/json", true),
            ("text/html;q=0.8, application/json", true),
            ("Application/JSON", true),
            ("TEXT/HTML;Q=0.8 , APPLICATION/json ; Q = 0.9", true),
            (
                "text/html; q = 0.1,application/json;charset=utf-8;q=0.2",
                true,
            ),
            ("Text/Html, application/json", false),
            ("application/json;Q=0", false),
            ("*/*", false),
            ("text/html, application/json;q=0.9", false),
        ] {
            let request = TestRequest::get().insert_header((header::ACCEPT, accept));
            assert_eq!(
                prefers_json(&request.to_http_request()),
                expected,
                "{accept}"
            );
        }
    }

    proptest! {
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
    }
}
