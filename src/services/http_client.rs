//! HTTP client for requests to other servers.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

const RESPONSE_MAX_BYTES: u64 = 64 * 1024;

/// Builds a client that follows no redirects, uses no proxy, and limits each request to `timeout`.
pub fn build(timeout: Duration) -> Agent {
    // Fails when a provider is already installed; it is always this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots = roots
        .iter()
        .map(|root| Certificate::from_der(root).to_owned());
    let roots = RootCerts::Specific(Arc::new(roots.collect()));
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("teahouse/", env!("CARGO_PKG_VERSION")))
        .proxy(None)
        .timeout_global(Some(timeout))
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build()
        .into()
}

/// Returns the status and body of a response. `server` names the server in errors.
///
/// # Errors
/// A cause for the log without URL, number or secret, when there is no complete response.
pub fn read_response(
    server: &str,
    result: Result<Response<Body>, ureq::Error>,
) -> Result<(StatusCode, String), String> {
    let read = result.and_then(|mut response| {
        let status = response.status();
        let body = response.body_mut().with_config().limit(RESPONSE_MAX_BYTES);
        Ok((status, body.read_to_string()?))
    });
    read.map_err(|error| match error {
        ureq::Error::Timeout(_) => format!("{server} timed out"),
        _ => format!("{server} could not be reached"),
    })
}
