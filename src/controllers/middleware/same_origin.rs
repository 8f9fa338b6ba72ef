//! Rejects cross-site requests (CSRF): other sites' pages must not act with a user's cookie.

use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;

use crate::controllers::extractors::request_context::RequestContext;
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
    let context = RequestContext::of(request.request());
    let is_exempt = context.token.is_some() || !is_unsafe(request.request());
    if !is_exempt && is_cross_origin(request.request(), context.origin.as_deref()) {
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
fn is_cross_origin(request: &HttpRequest, own: Option<&str>) -> bool {
    let headers = request.headers();
    let mut sites = headers
        .get_all("sec-fetch-site")
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if sites.any(|site| !is_own_site(site.trim_ascii())) {
        return true;
    }
    headers
        .get_all(header::ORIGIN)
        .any(|origin| own.is_none_or(|own| origin.as_bytes() != own.as_bytes()))
}

/// Accepts `same-origin` and `none` (address bar, bookmark).
fn is_own_site(site: &[u8]) -> bool {
    site.eq_ignore_ascii_case(b"same-origin") || site.eq_ignore_ascii_case(b"none")
}
