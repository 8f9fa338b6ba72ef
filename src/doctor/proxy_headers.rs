//! Checks that the server sees clients' real addresses behind a proxy, and that clients cannot forge them.

use std::net::IpAddr;

use serde_json::Value;
use url::Url;

use super::finding::Finding;
use super::http::Http;
use super::probe_session::ProbeSession;
use crate::config::Settings;
use crate::error::Result;
use crate::models::auth::session::{self, KeyHash};
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;

const CHECK: &str = "visitors";
/// A documentation address (RFC 5737).
const FORGED: &str = "203.0.113.77";
const SET_HEADER: &str = "in nginx: proxy_set_header X-Forwarded-For $remote_addr;";

/// Requests a token with forged forwarding headers, and checks the address that the server recorded for it.
pub(super) fn check(
    http: &Http,
    probe: &ProbeSession,
    settings: &Settings,
    conn: &mut DbConn,
) -> Finding {
    let forged_headers = [
        ("x-forwarded-for", FORGED),
        ("forwarded", "for=203.0.113.77"),
        ("x-real-ip", FORGED),
    ];
    let mut response = match http.post("/api/refresh_token", &probe.token, &forged_headers) {
        Ok(response) => response,
        Err(error) => {
            let fix = "in nginx: no limit_except, and `location /api/` must lead to the server";
            return Finding::fail(CHECK, format!("a POST fails: {error}"), fix);
        }
    };
    let status = response.status().as_u16();
    let body: Option<Value> = response.body_mut().read_json().ok();
    let Some(token) = body.as_ref().and_then(|body| body["token"].as_str()) else {
        let what = format!("a POST returns status {status}");
        let fix = "use the same DATABASE_URL for this command and the server";
        return Finding::fail(CHECK, what, fix);
    };
    match recorded_address(conn, token) {
        Ok(recorded) => evaluate(recorded, http, settings),
        Err(error) => {
            let fix = "allow this command to read and write the database";
            Finding::fail(CHECK, error.into_cause(), fix)
        }
    }
}

/// Returns the client address that the server recorded for this token, and ends the token's session.
fn recorded_address(conn: &mut DbConn, token: &str) -> Result<Option<String>> {
    let key_hash = KeyHash::of(token);
    let address = diagnostics::session_ip(conn, &key_hash)?;
    conn.write(|conn| session::end(conn, &key_hash))?;
    Ok(address)
}

fn evaluate(recorded: Option<String>, http: &Http, settings: &Settings) -> Finding {
    let Some(recorded) = recorded else {
        let what = "the server uses another database than this command";
        let fix = "use the same DATABASE_URL and DATA_DIR for both";
        return Finding::fail(CHECK, what, fix);
    };
    if recorded == FORGED {
        let what = "the server accepts client addresses forged in request headers";
        return Finding::fail(CHECK, what, SET_HEADER);
    }
    let own = http.local_address();
    let address: Option<IpAddr> = recorded.parse().ok();
    if address.is_some() && address == own {
        let what = format!("the server sees this command's address, {recorded}");
        return Finding::ok(CHECK, what);
    }
    let trusted = &settings.server.trusted_proxies;
    let is_proxy =
        address.is_some_and(|address| trusted.iter().any(|network| network.contains(&address)));
    if is_proxy {
        let what = format!("all clients appear to have the proxy's address, {recorded}");
        return Finding::fail(CHECK, what, SET_HEADER);
    }
    if trusted.is_empty() && is_behind_proxy(settings) {
        let what = format!("all clients appear to have the address {recorded}");
        let fix = format!("TEAHOUSE__SERVER__TRUSTED_PROXIES={recorded}");
        return Finding::warn(CHECK, what, fix);
    }
    let own = own.map_or("unknown".to_owned(), |own| own.to_string());
    let what = format!("the server sees {recorded}; this machine's own address is {own}");
    Finding::ok(CHECK, what)
}

/// Returns whether the public origin differs from the server's own, which is plain HTTP on `server.port`.
fn is_behind_proxy(settings: &Settings) -> bool {
    let origin = Url::parse(&settings.server.public_origin).ok();
    origin.is_some_and(|origin| {
        origin.scheme() == "https" || origin.port_or_known_default() != Some(settings.server.port)
    })
}
