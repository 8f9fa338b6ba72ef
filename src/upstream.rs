//! Other servers that the program asks something, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::error::{Error, Result};

/// The most that is read of an answer, in bytes.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;

/// Asks other servers: no redirects, no proxy, and never for longer than `timeout`.
pub fn agent(timeout: Duration) -> Agent {
    // Whoever was first decides, and it is the same one.
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

/// The status and the text of an answer.
///
/// # Errors
/// `Unavailable` when there is none; what is said about it names no address, no number and no secret.
pub fn answer(who: &str, sent: Result<Response<Body>, ureq::Error>) -> Result<(u16, String)> {
    let silent = |error: ureq::Error| {
        let what = match error {
            ureq::Error::Timeout(_) => "did not answer in time",
            _ => "could not be reached",
        };
        Error::Unavailable(format!("{who} {what}"))
    };
    let mut response = sent.map_err(silent)?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_MAX_BYTES);
    let text = body.read_to_string().map_err(silent)?;
    Ok((status, text))
}
