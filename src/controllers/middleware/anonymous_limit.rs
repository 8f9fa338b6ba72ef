//! Limits concurrent requests from clients without a session, per IP address.

use std::cell::Cell;
use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use teahouse_transport::AnonymousGuard;

use super::connection_state::connection;
use crate::controllers::App;
use crate::controllers::extractors::cookies;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::Error;

/// `Retry-After` of a rejected request, in seconds.
pub const RETRY_AFTER_SECONDS: u64 = 5;

/// Counts the request until it is dropped, or taken once the session proves valid.
type SharedGuard = Rc<Cell<Option<AnonymousGuard>>>;

/// Middleware that returns 429 when the client's address has too many anonymous requests in progress. A request that shows
/// a session is let through, but counted until the session proves valid.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn limit_anonymous(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let guard = count(request.request());
    let is_over_limit = guard.as_ref().is_some_and(AnonymousGuard::is_over_limit);
    request
        .extensions_mut()
        .insert(SharedGuard::new(Cell::new(guard)));
    if is_over_limit && !shows_session(request.request()) {
        return Ok(request.error_response(Error::TooManyConnections));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn count(request: &HttpRequest) -> Option<AnonymousGuard> {
    let app = request.app_data::<Data<App>>()?;
    app.requests
        .anonymous_limiter
        .track(RequestContext::of(request).address?)
}

/// Whether the request has a session cookie or token, valid or not.
fn shows_session(request: &HttpRequest) -> bool {
    let name = request
        .app_data::<Data<App>>()
        .map(|app| app.site.cookie_name());
    let has_cookie = name.is_some_and(|name| {
        let mut cookies = cookies::pairs(request.headers());
        cookies.any(|(other, _)| other == name.as_bytes())
    });
    has_cookie || RequestContext::of(request).token.is_some()
}

/// Stops counting the request and its connection as anonymous.
pub fn mark_authenticated(request: &HttpRequest) {
    if let Some(guard) = request.extensions().get::<SharedGuard>() {
        guard.take();
    }
    if let Some(connection) = connection(request) {
        connection.mark_authenticated();
    }
}
