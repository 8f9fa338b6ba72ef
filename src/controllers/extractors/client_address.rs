//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;
use teahouse_transport::TrustedProxies;

use super::forwarding::is_forwarded;
use crate::controllers::App;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of whoever asks. Only from a trusted proxy (`server.trusted_proxies`) it is what `X-Forwarded-For` says:
/// the rightmost address that is no trusted proxy's, because what stands left of it is whatever its sender liked.
/// Otherwise, and when that makes no sense, it is the peer's. Other forwarding headers are never read.
pub fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let app = request.app_data::<Data<App>>()?;
    let proxies = &app.site.trusted_proxies;
    if !proxies.contains(peer) {
        return Some(peer);
    }
    let headers = request.headers().get_all(FORWARDED_FOR);
    Some(forwarded_for(proxies, headers.map(header::HeaderValue::as_bytes)).unwrap_or(peer))
}

/// The same as text; empty when it is not known.
pub fn client_text(request: &HttpRequest) -> String {
    client_address(request).map_or_else(String::new, |address| address.to_string())
}

/// See [`client_address`]. When all are trusted it is the first; `None` when what is needed cannot be read.
fn forwarded_for<'a>(
    proxies: &TrustedProxies,
    values: impl DoubleEndedIterator<Item = &'a [u8]>,
) -> Option<IpAddr> {
    let mut first = None;
    for value in values.rev() {
        for entry in std::str::from_utf8(value).ok()?.rsplit(',') {
            let address = read(entry.trim())?;
            if !proxies.contains(address) {
                return Some(address);
            }
            first = Some(address);
        }
    }
    first
}

/// An address, perhaps with a port, as some proxies write it.
fn read(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse::<IpAddr>();
    let with_port = || entry.parse::<SocketAddr>().map(|address| address.ip());
    Some(address.or_else(|_| with_port()).ok()?.to_canonical())
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
    // A request for a proxy names the host in its target too.
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

    fn through(values: &[&str]) -> Option<String> {
        let networks = ["10.0.0.0/8", "::1/128"].map(|network| network.parse().expect("one"));
        let proxies = TrustedProxies::new(networks.into());
        let values = values.iter().map(|value| value.as_bytes());
        forwarded_for(&proxies, values).map(|address| address.to_string())
    }

    #[test]
    fn what_the_nearest_proxy_that_is_not_ours_said_counts() {
        let found = |address: &str| Some(address.to_owned());
        assert_eq!(through(&["203.0.113.7"]), found("203.0.113.7"));
        assert_eq!(
            through(&["1.1.1.1, 203.0.113.7, 10.1.2.3"]),
            found("203.0.113.7")
        );
        assert_eq!(
            through(&["1.1.1.1", "203.0.113.7", "::1"]),
            found("203.0.113.7")
        );
        assert_eq!(through(&["junk, 203.0.113.7"]), found("203.0.113.7"));
        assert_eq!(through(&["203.0.113.7:5000"]), found("203.0.113.7"));
        assert_eq!(through(&["[2001:db8::1]:443"]), found("2001:db8::1"));
        assert_eq!(through(&["[2001:db8::1]"]), found("2001:db8::1"));
        assert_eq!(through(&["::ffff:203.0.113.7"]), found("203.0.113.7"));
        assert_eq!(through(&["10.0.0.5, 10.0.0.6"]), found("10.0.0.5"));
    }

    #[test]
    fn what_makes_no_sense_is_not_believed() {
        for values in [
            &[][..],
            &[""],
            &["junk"],
            &["1.1.1.1, "],
            &["1.1.1.1, unknown, 10.0.0.1"],
        ] {
            assert_eq!(through(values), None, "{values:?}");
        }
    }
}
