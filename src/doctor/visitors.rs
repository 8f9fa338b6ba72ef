//! Whether the program knows where people come from, and cannot be told fairy tales about it.

use std::net::IpAddr;

use serde_json::Value;
use url::Url;

use super::finding::Finding;
use super::guest::Guest;
use super::http::Http;
use super::storage::cause;
use crate::config::Settings;
use crate::error::Result;
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;

const CHECK: &str = "visitors";
/// Nobody's (RFC 5737).
const FORGED: &str = "203.0.113.77";
const SET: &str = "in nginx: proxy_set_header X-Forwarded-For $remote_addr;";

/// Asks for a token while claiming to come from elsewhere, and looks at what the program made of that.
pub(super) fn check(http: &Http, guest: &Guest, settings: &Settings, conn: &mut DbConn) -> Finding {
    let claims = [
        ("x-forwarded-for", FORGED),
        ("forwarded", "for=203.0.113.77"),
        ("x-real-ip", FORGED),
    ];
    let mut answer = match http.post("/api/refresh_token", &guest.token, &claims) {
        Ok(answer) => answer,
        Err(error) => {
            return Finding::fail(
                CHECK,
                format!("a POST is not answered: {error}"),
                "in nginx: no limit_except, and `location /api/` leads to the program",
            );
        }
    };
    let status = answer.status().as_u16();
    let body: Option<Value> = answer.body_mut().read_json().ok();
    let Some(token) = body.as_ref().and_then(|body| body["token"].as_str()) else {
        let mend = "the same DATABASE_URL for this command as for the program";
        return Finding::fail(
            CHECK,
            format!("a POST is answered with status {status}"),
            mend,
        );
    };
    match seen(conn, token) {
        Ok(seen) => judge(seen, http, settings),
        Err(error) => Finding::fail(
            CHECK,
            cause(error),
            "let this command read and write the database",
        ),
    }
}

/// The address that the program wrote down for this token, which ends here.
fn seen(conn: &mut DbConn, token: &str) -> Result<Option<String>> {
    let key_hash = KeyHash::of(token);
    let address = diagnostics::origin_of(conn, &key_hash)?;
    conn.write(|conn| session::end(conn, &key_hash))?;
    Ok(address)
}

fn judge(seen: Option<String>, http: &Http, settings: &Settings) -> Finding {
    let Some(seen) = seen else {
        let what = "the program there works on another database than this command";
        return Finding::fail(CHECK, what, "the same DATABASE_URL and DATA_DIR for both");
    };
    if seen == FORGED {
        let what = "the program believes visitors who claim another address";
        return Finding::fail(CHECK, what, SET);
    }
    let own = http.own_address();
    let address: Option<IpAddr> = seen.parse().ok();
    if address.is_some() && address == own {
        return Finding::ok(
            CHECK,
            format!("the program knows that this command comes from {seen}"),
        );
    }
    let trusted = &settings.server.trusted_proxies;
    let is_proxy =
        address.is_some_and(|address| trusted.iter().any(|network| network.contains(&address)));
    if is_proxy {
        let what = format!("everybody seems to come from the proxy, {seen}");
        return Finding::fail(CHECK, what, SET);
    }
    if trusted.is_empty() && is_behind_proxy(settings) {
        let what = format!("everybody seems to come from {seen}");
        return Finding::warn(
            CHECK,
            what,
            format!("TEAHOUSE__SERVER__TRUSTED_PROXIES={seen}"),
        );
    }
    let own = own.map_or_else(|| "nothing".to_owned(), |own| own.to_string());
    Finding::ok(
        CHECK,
        format!("the program sees {seen}, where this machine calls itself {own}"),
    )
}

/// The program itself speaks plain HTTP on its own port.
fn is_behind_proxy(settings: &Settings) -> bool {
    let origin = Url::parse(&settings.server.public_origin).ok();
    origin.is_some_and(|origin| {
        origin.scheme() == "https" || origin.port_or_known_default() != Some(settings.server.port)
    })
}
