//! Rejects cross-site requests (CSRF): other sites' pages must not act with a user's cookie.

use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::controllers::App;
use crate::controllers::extractors::session_token::session_token;
use crate::error::Error;

/// Middleware that returns 403 for unsafe methods and upgrades from pages of another origin. Requests without `Origin` and
/// `Sec-Fetch-Site`, which are not sent by pages, pass.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn require_same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // Browsers do not add tokens to cross-site requests, as they do cookies.
    let has_token = session_token(request.request()).is_some();
    if is_unsafe(request.request()) && !has_token && is_cross_origin(request.request()) {
        return Ok(request.error_response(Error::CrossOrigin));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Whether the request may change something or open a WebSocket.
fn is_unsafe(request: &HttpRequest) -> bool {
    let is_safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    !is_safe || request.path() == "/ws" || request.headers().contains_key(header::UPGRADE)
}

/// Checks every value of repeated headers and lists; one of another origin is enough.
fn is_cross_origin(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let mut sites = headers
        .get_all("sec-fetch-site")
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if sites.any(|site| !is_own_site(site.trim_ascii())) {
        return true;
    }
    let own = own_origin(request);
    headers.get_all(header::ORIGIN).any(|origin| {
        own.as_deref()
            .is_none_or(|own| origin.as_bytes() != own.as_bytes())
    })
}

/// Accepts `same-origin` and `none` (address bar, bookmark).
fn is_own_site(site: &[u8]) -> bool {
    site.eq_ignore_ascii_case(b"same-origin") || site.eq_ignore_ascii_case(b"none")
}

/// Returns the configured public origin, or `http://` and the request's host. Behind a proxy with TLS the public origin must
/// be configured.
pub(crate) fn own_origin(request: &HttpRequest) -> Option<String> {
    let app = request.app_data::<Data<App>>()?;
    if let Some(origin) = &app.site.public_origin {
        return Some(origin.clone());
    }
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    // As browsers write `Origin`: host in lower case, without the default port.
    let host = host.to_ascii_lowercase();
    Some(format!(
        "http://{}",
        host.strip_suffix(":80").unwrap_or(&host)
    ))
}
