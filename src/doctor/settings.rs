//! Checks settings that are valid but unsafe or inconsistent.

use url::{Host, Url};

use super::finding::Finding;
use crate::config::{Environment, Settings};

const CHECK: &str = "settings";

/// Checks environment, public origin, trusted proxies and throttling.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let origin = Url::parse(&settings.server.public_origin).ok();
    let is_public = origin.as_ref().is_some_and(|origin| !is_local(origin));
    let is_secure = origin
        .as_ref()
        .is_some_and(|origin| origin.scheme() == "https");
    if is_public && settings.environment != Environment::Production {
        findings.push(Finding::warn(
            CHECK,
            "the server has a public address, but the environment is not production",
            "TEAHOUSE_ENV=production",
        ));
    }
    if is_public && !is_secure {
        findings.push(Finding::warn(
            CHECK,
            "the public address is not https: passwords are sent unencrypted",
            "PUBLIC_ORIGIN=https://…, with a certificate for the proxy (certbot)",
        ));
    }
    if is_secure && settings.server.trusted_proxies.is_empty() {
        findings.push(Finding::warn(
            CHECK,
            "https is terminated by a proxy that is not trusted: all clients appear to have its address",
            "TEAHOUSE__SERVER__TRUSTED_PROXIES=127.0.0.1 (the proxy's address)",
        ));
    }
    if settings.environment == Environment::Production && !settings.throttle.enabled {
        findings.push(Finding::warn(
            CHECK,
            "rate limits are disabled",
            "remove TEAHOUSE__THROTTLE__ENABLED",
        ));
    }
    if findings.is_empty() {
        let origin = match settings.server.public_origin.as_str() {
            "" => "no public address",
            origin => origin,
        };
        findings.push(Finding::ok(
            CHECK,
            format!("{:?}, {origin}", settings.environment),
        ));
    }
    findings
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
