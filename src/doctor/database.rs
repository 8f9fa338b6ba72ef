//! Checks that the database is reachable, suitable and migrated.

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::finding::Finding;
use super::{free_pages, mysql, sqlite};
use crate::app;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics::{self, Variables};
use crate::models::database::url::DatabaseUrl;

const CHECK: &str = "database";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs all database checks. Returns a connection if the tables are up to date.
pub(super) fn check(settings: &Settings) -> (Option<DbConn>, Vec<Finding>) {
    let url = match app::configured_database_url(settings) {
        Ok(url) => url,
        Err(error) => {
            let fix = "DATABASE_URL=mysql://user:password@127.0.0.1/teahouse";
            return (None, vec![Finding::fail(CHECK, error.into_cause(), fix)]);
        }
    };
    if let DatabaseUrl::Sqlite(file) = &url
        && !file.exists()
    {
        return (None, vec![missing(file)]);
    }
    // Must precede the first connection: see `free_pages::read`.
    let free = match &url {
        DatabaseUrl::Sqlite(file) => Some((file.clone(), free_pages::read(file))),
        DatabaseUrl::Mysql(_) => None,
    };
    let mut conn = match open(&url) {
        Ok(conn) => conn,
        Err(error) => return (None, vec![unreachable(&url, &error.into_cause())]),
    };
    let mut findings = vec![library(&mut conn)];
    match check_server(&mut conn, &url, settings) {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(Finding::fail(
            CHECK,
            format!("a query failed on {url}: {}", error.into_cause()),
            "check the database server's log",
        )),
    }
    if let (Some((file, free)), Ok(count)) = (free, diagnostics::free_pages(&mut conn)) {
        findings.push(free_pages::check(free, count, &file));
    }
    let is_migrated = conn.is_migrated();
    let conn = matches!(is_migrated, Ok(true)).then_some(conn);
    findings.push(migrations(is_migrated));
    (conn, findings)
}

fn check_server(conn: &mut DbConn, url: &DatabaseUrl, settings: &Settings) -> Result<Vec<Finding>> {
    let Some(variables) = diagnostics::variables(conn)? else {
        return sqlite::check(conn, url);
    };
    let mut findings = vec![version(url, &variables)];
    findings.extend(mysql::check(conn, &variables, settings)?);
    Ok(findings)
}

/// Connects on a separate thread, because a host that drops packets blocks for much longer than the timeout.
fn open(url: &DatabaseUrl) -> Result<DbConn> {
    let (sender, receiver) = channel();
    let url = url.clone();
    thread::spawn(move || {
        let _ = sender.send(DbConn::open(&url));
    });
    let timed_out = |_| {
        let seconds = CONNECT_TIMEOUT.as_secs();
        Error::Unavailable(format!("no response within {seconds} seconds"))
    };
    receiver.recv_timeout(CONNECT_TIMEOUT).map_err(timed_out)?
}

fn missing(file: &Path) -> Finding {
    Finding::warn(
        CHECK,
        format!("{} does not exist yet", file.display()),
        "the server creates it when it starts; if it exists elsewhere, correct DATA_DIR",
    )
}

fn unreachable(url: &DatabaseUrl, cause: &str) -> Finding {
    let name = url.mysql_name();
    let fix = match url {
        DatabaseUrl::Sqlite(file) => format!(
            "give the server's user read and write access to {} and its folder",
            file.display()
        ),
        DatabaseUrl::Mysql(_) if cause.contains("Unknown database") => {
            format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        }
        DatabaseUrl::Mysql(_) if cause.contains("Access denied") => {
            format!(
                "GRANT ALL ON `{name}`.* TO the account in DATABASE_URL, or correct its password"
            )
        }
        DatabaseUrl::Mysql(_) => {
            "start the server, or correct host and port in DATABASE_URL (127.0.0.1, not localhost)"
                .to_owned()
        }
    };
    Finding::fail(CHECK, format!("cannot use {url}: {cause}"), fix)
}

fn version(url: &DatabaseUrl, variables: &Variables) -> Finding {
    let version = variables.get("version");
    let (name, minimum) = match variables.is_mariadb() {
        true => ("MariaDB", (10, 6)),
        false => ("MySQL", (8, 0)),
    };
    let mut numbers = version
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    let actual = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let what = format!("{url} is {name} {version}");
    match actual >= minimum {
        true => Finding::ok(CHECK, what),
        false => Finding::warn(
            CHECK,
            what,
            format!("upgrade to {name} {}.{} or newer", minimum.0, minimum.1),
        ),
    }
}

fn library(conn: &mut DbConn) -> Finding {
    const CHECK: &str = "client library";
    let version = match conn {
        DbConn::Sqlite(_) => diagnostics::sqlite_version(conn).ok(),
        DbConn::Mysql(_) => diagnostics::client_library(conn),
    };
    let version = version.map_or_else(String::new, |version| format!(" ({version})"));
    match conn.require_working_client_library() {
        Ok(()) => Finding::ok(CHECK, format!("no known data loss{version}")),
        Err(error) => {
            let what = format!("{}{version}", error.into_cause());
            Finding::fail(CHECK, what, "apt-get install libmariadb3")
        }
    }
}

fn migrations(is_migrated: Result<bool>) -> Finding {
    const CHECK: &str = "migrations";
    match is_migrated {
        Ok(true) => Finding::ok(CHECK, "up to date"),
        Ok(false) => Finding::warn(
            CHECK,
            "migrations are pending",
            "run `teahouse migrate`, or start the server, which runs them too",
        ),
        Err(error) => Finding::fail(
            CHECK,
            error.into_cause(),
            "allow the account in DATABASE_URL to read and create tables",
        ),
    }
}
