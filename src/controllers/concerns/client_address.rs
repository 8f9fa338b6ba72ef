//! Where a request comes from.

use actix_web::HttpRequest;
use actix_web::http::header;

/// What proxies say about where a request came from.
const FORWARDING: [&str; 5] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// The peer's address. Forwarding headers say whatever their sender likes, and are not read.
pub fn client_address(request: &HttpRequest) -> String {
    let peer = request.peer_addr();
    peer.map(|address| address.ip().to_string())
        .unwrap_or_default()
}

/// Whether a request comes from this very machine, and not through a proxy on it.
pub fn is_loopback(request: &HttpRequest) -> bool {
    let is_peer = request
        .peer_addr()
        .is_some_and(|address| address.ip().is_loopback());
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| url::Url::parse(&format!("http://{host}")).ok());
    let is_host = host.is_some_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    });
    let is_direct = FORWARDING
        .iter()
        .all(|name| !request.headers().contains_key(*name));
    is_peer && is_host && is_direct
}
