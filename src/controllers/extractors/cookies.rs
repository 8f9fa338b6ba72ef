//! Parses the `Cookie` header leniently. Other programs of the same host, proxies and browser extensions add arbitrary
//! cookies, and the framework drops all cookies of a header with one byte outside UTF-8.

use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::controllers::{App, Site};
use crate::models::auth::session::{self, KeyHash};

/// Name of the cookie with the id of the last visited room.
pub const LAST_ROOM_COOKIE: &str = "teahouse-room";
/// Maximum number of cookies read per name.
const SAME_NAME_MAX: usize = 8;

/// Encryption key of session cookies.
#[derive(Clone)]
pub struct CookieKey(pub Key);

/// Iterates over names and values of the cookies of all `Cookie` headers, in order. Skips parts without `=`, and removes
/// quotes around values.
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let values = headers.get_all(header::COOKIE);
    let parts = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    parts.filter_map(|part| {
        let equals = part.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&part[..equals], part[equals + 1..].trim_ascii());
        let inner = value.strip_prefix(b"\"");
        let inner = inner.and_then(|value| value.strip_suffix(b"\""));
        Some((name.trim_ascii(), inner.unwrap_or(value)))
    })
}

/// Returns our own cookies, decoded, except those of the session.
pub(super) fn own(headers: &HeaderMap, site: &Site) -> Vec<Cookie<'static>> {
    let names = [
        site.browser_cookie_name(),
        site.verification_cookie_name(),
        site.github_cookie_name(),
        LAST_ROOM_COOKIE,
    ];
    let named = names.into_iter().flat_map(|name| named(headers, name));
    named
        .filter_map(|pair| Cookie::parse_encoded(pair).ok())
        .collect()
}

/// Returns the cookies of one name as `name=value`, in the order of the header.
fn named(headers: &HeaderMap, name: &str) -> Vec<String> {
    let named = pairs(headers).filter(|(other, _)| *other == name.as_bytes());
    let values = named.filter_map(|(_, value)| std::str::from_utf8(value).ok());
    let values = values.filter(|value| value.bytes().all(is_cookie_octet));
    let cookies = values.map(|value| format!("{name}={value}"));
    cookies.take(SAME_NAME_MAX).collect()
}

/// Middleware that removes other programs' cookies from the request, and all session cookies but one. Our other cookies are
/// in the `RequestContext`.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn keep_session_cookie<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    if request.headers().contains_key(header::COOKIE) {
        let kept = session_cookie(&request).await;
        let headers = request.headers_mut();
        headers.remove(header::COOKIE);
        if let Some(Ok(kept)) = kept.map(HeaderValue::from_maybe_shared) {
            headers.insert(header::COOKIE, kept);
        }
    }
    next.call(request).await
}

/// Returns the session's cookie as `name=value`.
async fn session_cookie(request: &ServiceRequest) -> Option<String> {
    let app = request.app_data::<Data<App>>()?;
    let key = request.app_data::<CookieKey>()?;
    let name = app.site.cookie_name();
    select_session(app, &key.0, name, named(request.headers(), name)).await
}

/// Whether the byte is a cookie-octet (RFC 6265, section 4.1.1).
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// Selects one of several session cookies, which can come from another path or a parent domain: the first of an active
/// session, or else the first that decrypts. A single one is not checked; the session middleware does that.
async fn select_session(
    app: &App,
    key: &Key,
    name: &str,
    mut sessions: Vec<String>,
) -> Option<String> {
    if sessions.len() < 2 {
        return sessions.pop();
    }
    let decrypted = sessions.into_iter().filter_map(|pair| {
        let hash = KeyHash::of(&decrypt(key, name, &pair)?);
        Some((pair, hash))
    });
    let (mut pairs, mut hashes): (Vec<_>, Vec<_>) = decrypted.unzip();
    if pairs.len() < 2 {
        return pairs.pop();
    }
    let active = app.database.read(move |conn| {
        for (index, hash) in hashes.drain(..).enumerate() {
            if session::find_active(conn, &hash)?.is_some() {
                return Ok(index);
            }
        }
        Ok(0)
    });
    // If the database is unavailable, authentication will report it.
    let index = active.await.unwrap_or_default();
    Some(pairs.swap_remove(index))
}

/// Returns the session key in a cookie, if it decrypts.
fn decrypt(key: &Key, name: &str, pair: &str) -> Option<String> {
    let cookie = Cookie::parse_encoded(pair.to_owned()).ok()?;
    let mut jar = CookieJar::new();
    jar.add_original(cookie);
    let decrypted = jar.private(key).get(name)?;
    Some(decrypted.value().to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&[u8]]) -> Vec<(String, String)> {
        let mut request = TestRequest::get();
        for value in values {
            let value = HeaderValue::from_bytes(value).expect("a header");
            request = request.append_header((header::COOKIE, value));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        pairs(request.to_http_request().headers())
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    #[test]
    fn own_cookie_is_found_beside_malformed_ones() {
        let ours = ("teahouse".to_owned(), "x%2By=".to_owned());
        let cases: [&[&[u8]]; 12] = [
            &[b"teahouse=x%2By="],
            &[b"a=\xff; teahouse=x%2By="],
            &[b"\xff=a;teahouse=x%2By=;b"],
            &[b"teahouse=x%2By=; a=\xe9\xff"],
            &[b"a", b"teahouse=x%2By="],
            &[b"a=\xff", b"teahouse=x%2By=; b=c"],
            &[b"=a; teahouse=x%2By="],
            &[b";;; ,; teahouse=x%2By=;"],
            &[b"a=\"b; teahouse=x%2By="],
            &[b"a=b,c d; teahouse = x%2By= "],
            &[b"teahouse=\"x%2By=\""],
            &[b"a==; b===;\tteahouse=x%2By="],
        ];
        for case in cases {
            assert!(read(case).contains(&ours), "{case:?}: {:?}", read(case));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_headers_do_not_panic(value in prop::collection::vec(0x20_u8..=0xFF, 0..200)) {
            let Ok(header) = HeaderValue::from_bytes(&value) else {
                return Ok(());
            };
            let request = TestRequest::get().insert_header((header::COOKIE, header));
            let request = request.to_http_request();
            let equals = value.split(|byte| *byte == b';').filter(|part| part.contains(&b'=')).count();
            prop_assert_eq!(pairs(request.headers()).count(), equals);
        }
    }
}
