//! Where a request comes from.

use actix_web::HttpRequest;

/// The peer's address. Forwarding headers say whatever their sender likes, and are not read.
pub fn client_address(request: &HttpRequest) -> String {
    request
        .peer_addr()
        .map(|address| address.ip().to_string())
        .unwrap_or_default()
}
