//! Checks that the public address reaches the server and that the proxy passes requests and responses unchanged.

use ureq::http::{HeaderMap, Response};
use url::Url;

use super::finding::Finding;
use super::http::{Http, proxy_name};
use super::probe_session::ProbeSession;
use super::{event_stream, proxy_headers, websocket};
use crate::config::Settings;
use crate::controllers::middleware::security_headers;
use crate::error::Error;
use crate::models::database::connection::DbConn;

const CHECK: &str = "public address";

/// Runs the checks in order until one prevents the next.
pub(super) fn check(settings: &Settings, conn: Option<&mut DbConn>) -> Vec<Finding> {
    let (is_running, finding) = check_process(settings);
    let mut findings = vec![finding];
    let Some(origin) = origin(settings) else {
        return findings;
    };
    let http = Http::new(&origin);
    match reach(&http, is_running) {
        Ok(response) => findings.push(check_headers(&http.origin, response.headers())),
        Err(failure) => {
            findings.extend(failure);
            return findings;
        }
    }
    let Some(conn) = conn else {
        findings.push(Finding::warn(
            CHECK,
            "not tested further: this needs a session, and the database is not usable",
            "fix the database first",
        ));
        return findings;
    };
    findings.extend(check_signed_in(&http, settings, conn));
    findings
}

/// Returns the address the server listens on, unless it takes a free port.
fn listen_address(settings: &Settings) -> Option<String> {
    let host = match settings.server.host.as_str() {
        "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    (settings.server.port != 0).then(|| format!("http://{host}:{}", settings.server.port))
}

/// Returns the public origin, or the listen address if none is set.
fn origin(settings: &Settings) -> Option<String> {
    match settings.server.public_origin.as_str() {
        "" => listen_address(settings),
        origin => Some(origin.to_owned()),
    }
}

/// Returns whether the server runs at the configured address.
fn check_process(settings: &Settings) -> (bool, Finding) {
    const CHECK: &str = "program";
    let Some(address) = listen_address(settings) else {
        let what = "with PORT=0 the server takes a free port, which this command does not know";
        return (false, Finding::warn(CHECK, what, "PORT=8080"));
    };
    match Http::new(&address).text("/healthz") {
        Ok(response) if is_teahouse(&response) => {
            (true, Finding::ok(CHECK, format!("running at {address}")))
        }
        Ok(response) => {
            let status = response.status().as_u16();
            let what = format!("another program listens at {address} (status {status})");
            let fix = "set a different PORT for one of the two";
            (false, Finding::fail(CHECK, what, fix))
        }
        Err(_) => {
            let what = format!("not running: no response from {address}");
            let fix = "start it and run this command again to test the public address";
            (false, Finding::warn(CHECK, what, fix))
        }
    }
}

fn is_teahouse(response: &Response<String>) -> bool {
    response.status() == 200 && response.body() == "alive\n"
}

/// Requests `/healthz` at the public address. Returns no finding when the server does not run, which `check_process` has
/// reported.
fn reach(http: &Http, is_running: bool) -> Result<Response<String>, Option<Finding>> {
    let origin = &http.origin;
    let failure =
        |what: String, fix: &str| Err(is_running.then(|| Finding::fail(CHECK, what, fix)));
    match http.text("/healthz") {
        Err(error) => failure(
            format!("cannot reach {origin} from here: {error}"),
            "point its DNS name to this machine, and let the proxy listen there with a certificate for it",
        ),
        Ok(response) if response.status().is_redirection() => {
            let to = response.headers().get("location");
            let to = to.and_then(|to| Url::parse(to.to_str().ok()?).ok());
            let to = to.map_or("another address".to_owned(), |to| {
                to.origin().ascii_serialization()
            });
            let what = format!("{origin} redirects to {to}");
            let fix = format!("PUBLIC_ORIGIN={to}");
            Err(Some(Finding::fail(CHECK, what, fix)))
        }
        Ok(response) if response.status().is_server_error() => failure(
            format!(
                "{} returns {} at {origin}",
                proxy_name(&response),
                response.status().as_u16()
            ),
            "in nginx: proxy_pass must name the address that the server listens on",
        ),
        Ok(response) if is_teahouse(&response) => Ok(response),
        Ok(response) => Err(Some(Finding::fail(
            CHECK,
            format!(
                "another program responds at {origin} ({}, status {})",
                proxy_name(&response),
                response.status().as_u16()
            ),
            "in nginx: server_name must be the public address's host, and `location / { proxy_pass …; }` must lead to the server",
        ))),
    }
}

/// Checks that each security header arrives once and unchanged.
fn check_headers(origin: &str, headers: &HeaderMap) -> Finding {
    let transport = (
        "strict-transport-security",
        security_headers::STRICT_TRANSPORT,
    );
    let transport = origin.starts_with("https:").then_some(transport);
    let changed: Vec<_> = security_headers::HEADERS
        .into_iter()
        .chain(transport)
        .filter(|(name, value)| !headers.get_all(*name).iter().eq([value]))
        .map(|(name, _)| name)
        .collect();
    if changed.is_empty() {
        let what = format!("{origin} reaches the server, and its security headers arrive");
        return Finding::ok(CHECK, what);
    }
    let changed = changed.join(", ");
    Finding::fail(
        CHECK,
        format!("{origin} changes the server's headers: {changed}"),
        "in nginx: no add_header and no proxy_hide_header for these; the server's PUBLIC_ORIGIN must be this one",
    )
}

fn check_signed_in(http: &Http, settings: &Settings, conn: &mut DbConn) -> Vec<Finding> {
    let unwritable = |error: Error| {
        Finding::fail(
            "database",
            format!("cannot write: {}", error.into_cause()),
            "allow the account or user of this command to write the database",
        )
    };
    let probe = match ProbeSession::create(conn) {
        Ok(Some(probe)) => probe,
        Ok(None) => return vec![websocket::check_signed_out(http)],
        Err(error) => return vec![unwritable(error)],
    };
    let mut findings = vec![
        websocket::check(http, &probe),
        event_stream::check(http, &probe),
        proxy_headers::check(http, &probe, settings, conn),
    ];
    if let Err(error) = probe.end(conn) {
        findings.push(unwritable(error));
    }
    findings
}
