//! Detects forwarded requests by their header names: a proxy, load balancer, tunnel or CDN adds headers of its own. The
//! values are not read; the presence of such a header means that the peer's address is not the client's.
//!
//! No complete list of these headers exists, so names are matched by their words. Standard headers of browsers and other
//! clients contain none of these words.

use std::collections::HashSet;
use std::sync::LazyLock;

use actix_web::http::header::HeaderMap;

/// Words that only intermediaries use, anywhere in a name.
const ROLES: &str = "\
    via proxy proxied proxyuser original upstream edge gateway ingress tunnel tunneled balancer loadbalancer lb \
    cluster envoy remote hops";

/// Words for addresses, which clients do not send about themselves.
const ADDRESSES: &str =
    "ip ips ipaddr ipaddress addr address realip clientip client geoip socketip";

/// Names of proxy products and services.
const PRODUCTS: &str = "\
    akamai ali amz amzn appengine arr azure bunny caddy cdn cf cloud cloudflare cloudfront edgio fastly fd fly gfe \
    haproxy heroku incap iis imperva istio nginx ngrok qcloud railway render squid sucuri tailscale tencent traefik \
    varnish vercel wl";

/// Words for the original request before it was rewritten; they count only after `x-` or `front-end-`.
const REWRITTEN: &str = "\
    host hostname scheme proto protocol port url uri path prefix server ssl tls https cert rewrite origin country";

/// Whether any header shows that the request was forwarded.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| is_forwarding(name.as_str()))
}

/// Whether an intermediary adds a header of this name, which is in lower case.
fn is_forwarding(name: &str) -> bool {
    static INTERMEDIARY: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let all = [ROLES, ADDRESSES, PRODUCTS];
        all.into_iter().flat_map(str::split_whitespace).collect()
    });
    static ORIGINAL: LazyLock<HashSet<&str>> =
        LazyLock::new(|| REWRITTEN.split_whitespace().collect());
    // Sent by clients to their proxy, or by browsers about themselves.
    if matches!(name, "proxy-authorization" | "proxy-connection") || name.starts_with("sec-") {
        return false;
    }
    let is_own_kind = name.starts_with("x-") || name.starts_with("front-end-");
    let mut words = name.split(['-', '_', '.']);
    words.any(|word| {
        // Also `max-forwards` (RFC 9110, section 7.6.2), which counts intermediaries.
        word.starts_with("forward")
            || INTERMEDIARY.contains(word)
            || (is_own_kind && ORIGINAL.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERMEDIARIES: &str = "\
        forwarded x-forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-forwarded-server \
        x-forwarded-prefix x-forwarded-ssl x-forwarded-client-cert x-forwarded-by forwarded-for x-forward-for via \
        x-real-ip x-client-ip x-cluster-client-ip true-client-ip client-ip x-remote-ip x-remote-addr remote-addr \
        x-proxyuser-ip x-host wl-proxy-client-ip proxy-client-ip cf-connecting-ip cf-ray cf-visitor cf-ipcountry \
        cf-worker cdn-loop fastly-client-ip fastly-ff x-original-url x-original-host x-original-forwarded-for \
        x-original-uri x-envoy-external-address x-envoy-original-path x-envoy-expected-rq-timeout-ms x-azure-clientip \
        x-azure-socketip x-azure-ref x-fd-healthprobe x-amzn-trace-id x-amz-cf-id cloudfront-viewer-address \
        x-appengine-user-ip x-cloud-trace-context x-akamai-edgescape akamai-origin-hop x-arr-log-id x-arr-ssl \
        front-end-https x-url-scheme x-scheme x-rewrite-url x-http-host-override x-varnish x-nginx-proxy \
        x-vercel-forwarded-for fly-client-ip fly-forwarded-port incap-client-ip x-sucuri-clientip tailscale-user-login \
        x-proxy-id x_forwarded_for x-gateway-id x-ssl-client-cert ali-cdn-real-ip x-real-port x-client-port x-hops";

    const CLIENTS: &str = "\
        accept accept-charset accept-encoding accept-language authorization access-control-request-headers \
        access-control-request-method cache-control connection content-encoding content-length content-type cookie \
        date device-memory dnt downlink early-data expect from host http2-settings if-match if-modified-since \
        if-none-match if-range keep-alive last-event-id origin pragma priority purpose proxy-authorization \
        proxy-connection range referer rtt save-data sec-ch-ua sec-ch-ua-platform sec-fetch-dest sec-fetch-mode \
        sec-fetch-site sec-fetch-user sec-gpc sec-purpose sec-websocket-extensions te sec-websocket-key \
        sec-websocket-protocol sec-websocket-version trailer traceparent tracestate transfer-encoding upgrade \
        user-agent upgrade-insecure-requests viewport-width turbo-frame idempotency-key x-csrf-token \
        x-http-method-override x-prometheus-scrape-timeout-seconds x-purpose x-request-id x-requested-with \
        x-turbo-request-id x-moz x-do-not-track x-api-key";

    #[test]
    fn proxy_headers_are_detected() {
        for name in INTERMEDIARIES.split_whitespace() {
            assert!(is_forwarding(name), "{name}");
        }
    }

    #[test]
    fn clients_own_headers_are_not_detected() {
        for name in CLIENTS.split_whitespace() {
            assert!(!is_forwarding(name), "{name}");
        }
    }
}
