//! Checks settings that are valid but unsafe or inconsistent.

use url::{Host, Url};

use super::finding::{Finding, problems_or};
use crate::config::{Environment, Settings};

const CHECK: &str = "settings";

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let (server, environment) = (&settings.server, settings.environment);
    let is_production = environment == Environment::Production;
    let origin = Url::parse(&server.public_origin).ok();
    let is_public = origin.as_ref().is_some_and(|origin| !is_local(origin));
    let is_secure = origin.is_some_and(|origin| origin.scheme() == "https");
    let problems = [
        (
            is_public && !is_production,
            "the server has a public address, but the environment is not production",
            "TEAHOUSE_ENV=production",
        ),
        (
            is_public && !is_secure,
            "the public address is not https: passwords are sent unencrypted",
            "PUBLIC_ORIGIN=https://…, with a certificate for the proxy (certbot)",
        ),
        (
            is_secure && server.trusted_proxies.is_empty(),
            "https is terminated by a proxy that is not trusted: all clients appear to have its address",
            "TEAHOUSE__SERVER__TRUSTED_PROXIES=127.0.0.1 (the proxy's address)",
        ),
        (
            is_production && !settings.throttle.enabled,
            "rate limits are disabled",
            "remove TEAHOUSE__THROTTLE__ENABLED",
        ),
    ];
    let origin = match server.public_origin.as_str() {
        "" => "no public address",
        origin => origin,
    };
    problems_or(
        Finding::ok(CHECK, format!("{environment:?}, {origin}")),
        problems.map(|(is_found, what, fix)| (is_found, Finding::warn(CHECK, what, fix))),
    )
}

/// Returns whether the origin is only reachable from this machine.
fn is_local(origin: &Url) -> bool {
    match origin.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
