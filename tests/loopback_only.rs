//! Actions limited to the local machine are rejected for forwarded requests.

use crate::support::{Person, Teahouse};
use reqwest::Method;
use serde_json::json;

/// Headers that proxies, tunnels and CDNs add.
const FORWARDING: &str = "forwarded x-forwarded x-forwarded-for X-Forwarded-Port x-forwarded-server \
    x-forwarded-prefix x-forwarded-client-cert via x-real-ip x-client-ip x-cluster-client-ip \
    true-client-ip client-ip x-remote-addr x-proxyuser-ip wl-proxy-client-ip \
    cf-connecting-ip cf-ray cf-visitor CF-IPCountry cdn-loop fastly-client-ip fastly-ff \
    x-original-url x-original-forwarded-for x-envoy-external-address x-envoy-attempt-count \
    x-azure-clientip x-amzn-trace-id x-amz-cf-id x-appengine-user-ip x-cloud-trace-context \
    akamai-origin-hop x-arr-log-id front-end-https x-host x-scheme x-rewrite-url x-varnish \
    fly-client-ip";

/// Headers that clients send themselves.
const OWN: &str = "accept-language dnt sec-ch-ua save-data x-requested-with x-csrf-token \
    x-http-method-override x-prometheus-scrape-timeout-seconds x-request-id traceparent";

/// Returns the statuses of all local-only actions, with this header.
async fn statuses(person: &Person, name: &str, value: &str) -> Vec<u16> {
    let body = json!({"username": "Ming"});
    let requests = [
        person.request(Method::POST, "/api/login").json(&body),
        person
            .request(Method::POST, "/development_session")
            .json(&body),
        person.request(Method::GET, "/metrics"),
    ];
    let mut statuses = Vec::new();
    for request in requests {
        let response = request.header(name, value).send().await;
        statuses.push(response.expect("a response").status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn forwarded_requests_are_not_treated_as_local() {
    let server = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    Person::register(&server, "Ming").await;
    for name in FORWARDING.split(' ') {
        for value in ["127.0.0.1", ""] {
            let visitor = Person::visitor(&server);
            let found = statuses(&visitor, name, value).await;
            assert_eq!(found, [404, 404, 404], "{name}: {value}");
            let page = visitor.request(Method::GET, "/login").header(name, value);
            let page = page.send().await.expect("a response").text().await;
            let page = page.expect("text");
            assert!(!page.contains("/development_session"), "{name}");
        }
    }
    for name in OWN.split(' ') {
        let visitor = Person::visitor(&server);
        let found = statuses(&visitor, name, "1").await;
        assert_eq!(found, [200, 303, 200], "{name}");
    }
}
