//! The address where people come in: whether it leads to the program, and leaves it as it is.

use ureq::http::{HeaderMap, Response};
use url::Url;

use super::finding::Finding;
use super::guest::Guest;
use super::http::{Http, proxy};
use super::storage::cause;
use super::{socket, stream, visitors};
use crate::config::Settings;
use crate::controllers::middleware::error_pages;
use crate::models::database::connection::DbConn;

const CHECK: &str = "public address";

/// Goes in by the public address, as far as one gets.
pub(super) fn check(settings: &Settings, conn: Option<&mut DbConn>) -> Vec<Finding> {
    let (is_running, mut findings) = program(settings);
    let Some(origin) = origin(settings) else {
        return findings;
    };
    let http = Http::new(&origin);
    match reach(&http, is_running) {
        Ok(answer) => findings.push(headers(&http.origin, answer.headers())),
        Err(fault) => {
            findings.extend(fault);
            return findings;
        }
    }
    let Some(conn) = conn else {
        findings.push(Finding::warn(
            CHECK,
            "without its database nobody can be signed in to try it",
            "mend that first",
        ));
        return findings;
    };
    findings.extend(visit(&http, settings, conn));
    findings
}

/// The program's own address, where it is told to listen at one.
fn own(settings: &Settings) -> Option<String> {
    let host = match settings.server.host.as_str() {
        "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    (settings.server.port != 0).then(|| format!("http://{host}:{}", settings.server.port))
}

/// The public address; without one, the program's own.
fn origin(settings: &Settings) -> Option<String> {
    match settings.server.public_origin.as_str() {
        "" => own(settings),
        origin => Some(origin.to_owned()),
    }
}

/// Whether the program runs where the settings say.
fn program(settings: &Settings) -> (bool, Vec<Finding>) {
    const CHECK: &str = "program";
    let Some(own) = own(settings) else {
        let what = "with PORT=0 it takes a free port, which is not known here";
        return (false, vec![Finding::warn(CHECK, what, "PORT=8080")]);
    };
    match Http::new(&own).text("/healthz") {
        Ok(answer) if is_ours(&answer) => {
            (true, vec![Finding::ok(CHECK, format!("it runs at {own}"))])
        }
        Ok(answer) => {
            let what = format!(
                "something else answers at {own}, with status {}",
                answer.status().as_u16()
            );
            (
                false,
                vec![Finding::fail(
                    CHECK,
                    what,
                    "another PORT, for one of the two",
                )],
            )
        }
        Err(_) => {
            let what = format!("it does not run: nothing answers at {own}");
            let mend = "start it and run this again: only then the public address can be tried";
            (false, vec![Finding::warn(CHECK, what, mend)])
        }
    }
}

fn is_ours(answer: &Response<String>) -> bool {
    answer.status() == 200
        && answer.body()
            == "alive
"
}

/// Whether the address leads to the program. A program that does not run has been told of already.
fn reach(http: &Http, is_running: bool) -> Result<Response<String>, Option<Finding>> {
    let origin = &http.origin;
    let fault =
        |what: String, mend: &str| Err(is_running.then(|| Finding::fail(CHECK, what, mend)));
    match http.text("/healthz") {
        Err(error) => fault(
            format!("{origin} cannot be reached from here: {error}"),
            "let its name lead to this machine, and the proxy listen there with a certificate for it",
        ),
        Ok(answer) if answer.status().is_redirection() => {
            let to = answer
                .headers()
                .get("location")
                .and_then(|to| to.to_str().ok());
            let to = to
                .and_then(|to| Url::parse(to).ok())
                .map(|to| to.origin().ascii_serialization());
            let to = to.unwrap_or_else(|| "another address".to_owned());
            Err(Some(Finding::fail(
                CHECK,
                format!("{origin} leads to {to}"),
                format!("PUBLIC_ORIGIN={to}"),
            )))
        }
        Ok(answer) if answer.status().is_server_error() => fault(
            format!(
                "{} answers {} at {origin}",
                proxy(&answer),
                answer.status().as_u16()
            ),
            "in nginx: proxy_pass must name the address where the program listens",
        ),
        Ok(answer) if is_ours(&answer) => Ok(answer),
        Ok(answer) => Err(Some(Finding::fail(
            CHECK,
            format!(
                "something else answers at {origin} ({}, status {})",
                proxy(&answer),
                answer.status().as_u16()
            ),
            "in nginx: server_name must be the public address's host, and `location / { proxy_pass …; }` lead to the program",
        ))),
    }
}

/// What protects people in their browsers must arrive, once and unchanged.
fn headers(origin: &str, headers: &HeaderMap) -> Finding {
    let is_secure = origin.starts_with("https:");
    let transport =
        is_secure.then_some(("strict-transport-security", error_pages::STRICT_TRANSPORT));
    let changed: Vec<_> = error_pages::HEADERS
        .into_iter()
        .chain(transport)
        .filter(|(name, value)| !headers.get_all(*name).iter().eq([value]))
        .map(|(name, _)| name)
        .collect();
    match changed.is_empty() {
        true => Finding::ok(
            CHECK,
            format!("{origin} leads to the program, and its headers arrive"),
        ),
        false => Finding::fail(
            CHECK,
            format!(
                "{origin} changes what the program sends: {}",
                changed.join(", ")
            ),
            "in nginx: no add_header and no proxy_hide_header for these; another program's PUBLIC_ORIGIN must be this one",
        ),
    }
}

/// What only somebody who is signed in can try.
fn visit(http: &Http, settings: &Settings, conn: &mut DbConn) -> Vec<Finding> {
    let unwritable = |error| {
        let mend = "let the account or user that this runs as write the database";
        Finding::fail(
            "database",
            format!("it cannot be written: {}", cause(error)),
            mend,
        )
    };
    let guest = match Guest::arrive(conn) {
        Ok(Some(guest)) => guest,
        Ok(None) => return vec![socket::knock(http)],
        Err(error) => return vec![unwritable(error)],
    };
    let mut findings = vec![
        socket::check(http, &guest),
        stream::check(http, &guest),
        visitors::check(http, &guest, settings, conn),
    ];
    if let Err(error) = guest.leave(conn) {
        findings.push(unwritable(error));
    }
    findings
}
