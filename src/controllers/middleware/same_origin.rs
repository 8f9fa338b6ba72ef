//! Another site's page may not act in the name of somebody who is signed in here.

use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::controllers::App;
use crate::controllers::extractors::current_user::token;
use crate::error::Error;

/// The middleware: unsafe methods and WebSocket upgrades must come from our own pages, or from no page at all.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // A token is nothing that another site could borrow.
    let is_by_token = token(request.request()).is_some();
    if acts(request.request()) && !is_by_token && is_foreign(request.request()) {
        return Ok(request.error_response(Error::CrossOrigin));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn acts(request: &HttpRequest) -> bool {
    let is_safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    !is_safe || request.path() == "/ws" || request.headers().contains_key(header::UPGRADE)
}

/// Compares every value: a header may come several times, or as a list, and one bad value is enough.
fn is_foreign(request: &HttpRequest) -> bool {
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

/// Allows our own pages, and what a person does without a page (`none`: address bar, bookmark).
fn is_own_site(site: &[u8]) -> bool {
    site.eq_ignore_ascii_case(b"same-origin") || site.eq_ignore_ascii_case(b"none")
}

/// The public origin, or the request's own: we speak plain HTTP, and a proxy with TLS needs `PUBLIC_ORIGIN`.
pub(crate) fn own_origin(request: &HttpRequest) -> Option<String> {
    let app = request.app_data::<Data<App>>()?;
    if let Some(origin) = &app.site.public_origin {
        return Some(origin.clone());
    }
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    // A browser leaves the default port out of `Origin`, and writes the host in lower case.
    let host = host.to_ascii_lowercase();
    Some(format!(
        "http://{}",
        host.strip_suffix(":80").unwrap_or(&host)
    ))
}
