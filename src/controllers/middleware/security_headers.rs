//! Security headers of every response.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::controllers::Site;

/// Names and values, except `Strict-Transport-Security`.
pub const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; \
         connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
         magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
];
/// `Strict-Transport-Security`, sent with HTTPS only.
pub const STRICT_TRANSPORT: &str = "max-age=63072000";

/// Returns the headers as the lines of a response head, for responses that the transport writes itself.
pub fn header_lines(site: &Site) -> String {
    let strict = ("strict-transport-security", STRICT_TRANSPORT);
    let strict = site.is_secure().then_some(strict);
    let cache = ("cache-control", "no-store");
    let all = HEADERS.into_iter().chain(strict).chain([cache]);
    all.map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect()
}

/// Sets the headers, and `Cache-Control: no-store` unless the response has a `Cache-Control`.
pub(super) fn set(headers: &mut HeaderMap, site: &Site) {
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if site.is_secure() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(STRICT_TRANSPORT),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
