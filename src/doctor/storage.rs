//! The database: whether it answers, and whether it is the one that the program needs.

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::finding::Finding;
use super::{clock, durability, free_pages, server, sqlite};
use crate::app;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::database::diagnostics;
use crate::models::database::diagnostics::Variables;
use crate::models::database::url::DatabaseUrl;

const CHECK: &str = "database";
/// A database that needs longer to let anybody in is as good as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks everything about the database; answers a connection when it can be worked with.
pub(super) fn check(settings: &Settings) -> (Option<DbConn>, Vec<Finding>) {
    let url = match app::meant_database(settings) {
        Ok(url) => url,
        Err(error) => {
            let fault = Finding::fail(
                CHECK,
                cause(error),
                "DATABASE_URL=mysql://user:password@127.0.0.1/teahouse",
            );
            return (None, vec![fault]);
        }
    };
    if let DatabaseUrl::Sqlite(file) = &url
        && !file.exists()
    {
        return (None, vec![missing(file)]);
    }
    // Before a connection is open: see `free_pages::read`.
    let free = match &url {
        DatabaseUrl::Sqlite(file) => Some((file.clone(), free_pages::read(file))),
        DatabaseUrl::Mysql(_) => None,
    };
    let mut conn = match open(&url) {
        Ok(conn) => conn,
        Err(error) => return (None, vec![unreachable(&url, &cause(error))]),
    };
    let mut findings = vec![library(&mut conn)];
    let looked = look(&mut conn, &url, settings, &mut findings);
    if let Err(error) = looked {
        findings.push(Finding::fail(
            CHECK,
            format!("{url} does not answer every question: {}", cause(error)),
            "look into the server's log",
        ));
    }
    if let (Some((file, free)), Ok(count)) = (free, diagnostics::free_pages(&mut conn)) {
        findings.push(free_pages::check(free, count, &file));
    }
    let is_usable = is_migrated(&mut conn, &mut findings);
    (is_usable.then_some(conn), findings)
}

fn look(
    conn: &mut DbConn,
    url: &DatabaseUrl,
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let Some(variables) = diagnostics::variables(conn)? else {
        findings.extend(sqlite::check(conn, url)?);
        return Ok(());
    };
    findings.push(version(url, &variables));
    findings.extend(server::check(conn, &variables, settings)?);
    findings.extend(durability::check(&variables));
    findings.extend(clock::check(conn, &variables)?);
    Ok(())
}

/// Opens a connection, on a thread of its own: a server that is a black hole holds it up for long.
fn open(url: &DatabaseUrl) -> Result<DbConn> {
    let (tell, opened) = channel();
    let url = url.clone();
    thread::spawn(move || {
        let _ = tell.send(DbConn::open(&url));
    });
    let late = |_| Error::Unavailable(format!("no answer within {} seconds", PATIENCE.as_secs()));
    opened.recv_timeout(PATIENCE).map_err(late)?
}

fn missing(file: &Path) -> Finding {
    Finding::warn(
        CHECK,
        format!("{} does not exist yet", file.display()),
        "the program makes it when it starts (or is DATA_DIR another one?)",
    )
}

fn unreachable(url: &DatabaseUrl, cause: &str) -> Finding {
    let mend = match url {
        DatabaseUrl::Sqlite(file) => format!(
            "let whom the program runs as read and write {} and its folder",
            file.display()
        ),
        DatabaseUrl::Mysql(_) if cause.contains("Unknown database") => {
            format!(
                "CREATE DATABASE `{}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                url.mysql_name()
            )
        }
        DatabaseUrl::Mysql(_) if cause.contains("Access denied") => {
            format!(
                "GRANT ALL ON `{}`.* TO the account in DATABASE_URL, and mind its password",
                url.mysql_name()
            )
        }
        DatabaseUrl::Mysql(_) => {
            "start the server, or correct host and port in DATABASE_URL (127.0.0.1, not localhost)"
                .to_owned()
        }
    };
    Finding::fail(CHECK, format!("{url} cannot be used: {cause}"), mend)
}

fn version(url: &DatabaseUrl, variables: &Variables) -> Finding {
    let version = variables.get("version");
    let (name, least) = match variables.is_mariadb() {
        true => ("MariaDB", (10, 6)),
        false => ("MySQL", (8, 0)),
    };
    let mut numbers = version
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    let has = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let what = format!("{url} is {name} {version}");
    match has >= least {
        true => Finding::ok(CHECK, what),
        false => Finding::warn(
            CHECK,
            what,
            format!("{name} {}.{} or newer", least.0, least.1),
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
    match conn.require_sound_library() {
        Ok(()) => Finding::ok(CHECK, format!("texts arrive whole{version}")),
        Err(error) => Finding::fail(
            CHECK,
            format!("{}{version}", cause(error)),
            "apt-get install libmariadb3",
        ),
    }
}

fn is_migrated(conn: &mut DbConn, findings: &mut Vec<Finding>) -> bool {
    const CHECK: &str = "migrations";
    let (is_migrated, finding) = match conn.is_migrated() {
        Ok(true) => (true, Finding::ok(CHECK, "the tables are up to date")),
        Ok(false) => (
            false,
            Finding::warn(
                CHECK,
                "the tables are not up to date",
                "`teahouse migrate`, or start the program, which does the same",
            ),
        ),
        Err(error) => (
            false,
            Finding::fail(
                CHECK,
                cause(error),
                "the account in DATABASE_URL must be allowed to read and make tables",
            ),
        ),
    };
    findings.push(finding);
    is_migrated
}

/// What an error says about its cause, without what kind of error it is.
pub(super) fn cause(error: Error) -> String {
    match error {
        Error::Unavailable(cause) => cause,
        other => other.to_string(),
    }
}
