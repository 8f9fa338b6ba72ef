//! The IP address of a client, behind proxies or not.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header;
use teahouse_transport::TrustedProxies;

use super::forwarding::is_forwarded;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Returns the client's address. If the peer is a trusted proxy (`server.trusted_proxies`), this is the rightmost address of
/// `X-Forwarded-For` that is not a trusted proxy's: addresses left of it can be forged by the client. Otherwise, or if the
/// header is invalid, it is the peer's address. Other forwarding headers are ignored.
pub(super) fn client_address(request: &HttpRequest, proxies: &TrustedProxies) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !proxies.contains(peer) {
        return Some(peer);
    }
    let headers = request.headers().get_all(FORWARDED_FOR);
    Some(forwarded_for(proxies, headers.map(header::HeaderValue::as_bytes)).unwrap_or(peer))
}

/// Returns the rightmost address that is not trusted, or the first one if all are; `None` if one on the way is invalid.
fn forwarded_for<'a>(
    proxies: &TrustedProxies,
    values: impl DoubleEndedIterator<Item = &'a [u8]>,
) -> Option<IpAddr> {
    let mut first = None;
    for value in values.rev() {
        for entry in std::str::from_utf8(value).ok()?.rsplit(',') {
            let address = parse_entry(entry.trim())?;
            if !proxies.contains(address) {
                return Some(address);
            }
            first = Some(address);
        }
    }
    first
}

/// Parses an address, which some proxies write with a port.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse::<IpAddr>();
    let with_port = || entry.parse::<SocketAddr>().map(|address| address.ip());
    Some(address.or_else(|_| with_port()).ok()?.to_canonical())
}

/// Whether the request comes from this machine, and not through a proxy on it.
pub(super) fn is_loopback(request: &HttpRequest) -> bool {
    let is_peer = request
        .peer_addr()
        .is_some_and(|address| address.ip().is_loopback());
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    // The target contains the host too if it is an absolute URL.
    let mut hosts = host.into_iter().chain(request.uri().host());
    let is_host = host.is_some() && hosts.all(is_loopback_host);
    is_peer && is_host && !is_forwarded(request.headers())
}

fn is_loopback_host(host: &str) -> bool {
    let url = url::Url::parse(&format!("http://{host}"));
    url.is_ok_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(values: &[&str]) -> Option<String> {
        let networks = ["10.0.0.0/8", "::1/128"].map(|network| network.parse().expect("a network"));
        let proxies = TrustedProxies::new(networks.into());
        let values = values.iter().map(|value| value.as_bytes());
        forwarded_for(&proxies, values).map(|address| address.to_string())
    }

    #[test]
    fn rightmost_untrusted_address_is_the_client() {
        for (values, client) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["1.1.1.1, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
            (&["1.1.1.1", "203.0.113.7", "::1"], "203.0.113.7"),
            (&["junk, 203.0.113.7"], "203.0.113.7"),
            (&["203.0.113.7:5000"], "203.0.113.7"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["::ffff:203.0.113.7"], "203.0.113.7"),
            (&["10.0.0.5, 10.0.0.6"], "10.0.0.5"),
        ] {
            assert_eq!(forwarded(values).as_deref(), Some(client), "{values:?}");
        }
    }

    #[test]
    fn invalid_header_yields_none() {
        for values in [
            &[][..],
            &[""],
            &["junk"],
            &["1.1.1.1, "],
            &["1.1.1.1, unknown, 10.0.0.1"],
        ] {
            assert_eq!(forwarded(values), None, "{values:?}");
        }
    }
}
